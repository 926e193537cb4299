import path from "node:path";
import { postgresUrl, type ServerTls, ServiceProcess } from "@uci/services";
import { root } from "../command.ts";
import type { ClusterOptions } from "./options.ts";
import type { Passwords } from "./passwords.ts";
import { clusterHost as host, type Places } from "./places.ts";
import type { Servers } from "./servers.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Draining takes the pod's DRAIN_SECONDS or the worker's GRACE_SECONDS, and what is left to write. */
const stopLimitMs = 40_000;
const readyTimeoutMs = 2_000;

/** What pods and workers alike are told: where the servers are, and how to be known there. */
export function sharedEnvironment(
  options: ClusterOptions,
  passwords: Passwords,
  places: Places,
  servers: Servers,
  tls: ServerTls | null,
): Environment {
  const { environment } = options;
  const nats = servers.nats.map(({ command }) => `${tls === null ? "nats" : "tls"}://${host}:${command.port}`);
  const authority = tls?.authorityFile;
  return {
    LOG_LEVEL: process.env.LOG_LEVEL ?? "info",
    // A handful of readers on one machine needs no longer to move.
    DRAIN_SECONDS: process.env.DRAIN_SECONDS ?? "2",
    AUTH_SECRET: process.env.AUTH_SECRET ?? passwords.authSecret,
    // Cookies are Secure only where the page is known to be behind TLS.
    ...(tls === null ? {} : { PUBLIC_URL: process.env.PUBLIC_URL ?? `https://${host}:${places.gateway}` }),
    ...environment,
    TRUST_FORWARDED_FROM: host,
    NATS_URL: nats.join(","),
    NATS_TLS_CA: authority,
    NATS_REPLICAS: String(servers.nats.length),
    REDIS_URL: `${tls === null ? "redis" : "rediss"}://default:${passwords.redis}@${host}:${places.redis}`,
    REDIS_TLS_CA: authority,
    DATABASE_URL: postgresUrl(servers.postgres, passwords.postgres),
    DATABASE_TLS_CA: authority,
  };
}

/** Where somebody's own workflow service finds the broker, with its user and password. */
export function workflowUrl({ NATS_URL }: Environment, { nats }: Passwords): string {
  const [first = ""] = (NATS_URL ?? "").split(",");
  return first.replace("://", `://workflow:${nats.workflow}@`);
}

export function makePods(options: ClusterOptions, places: Places, passwords: Passwords, shared: Environment) {
  return places.pods.map((port, index) => {
    const name = `pod-${index + 1}`;
    const own = { POD_NAME: name, NATS_USER: "pod", NATS_PASSWORD: passwords.nats.pod };
    return program(name, "apps/backend/src/run.ts", port, options.folder, { ...shared, ...own });
  });
}

export function makeWorkers(options: ClusterOptions, places: Places, passwords: Passwords, shared: Environment) {
  return places.workers.map((port, index) => {
    const name = `worker-${index + 1}`;
    const own = { WORKER_NAME: name, NATS_USER: "worker", NATS_PASSWORD: passwords.nats.worker };
    return program(name, "apps/workflow/src/run.ts", port, options.folder, { ...shared, ...own });
  });
}

function program(name: string, file: string, port: number, folder: string, environment: Environment): ServiceProcess {
  return new ServiceProcess(
    {
      name,
      file: process.execPath,
      arguments: [path.join(root, file)],
      folder: root,
      logFile: path.join(folder, "logs", `${name}.log`),
      environment: { ...environment, HOST: host, PORT: String(port) },
      stopLimitMs,
      host,
      port,
    },
    () => isReady(port),
  );
}

async function isReady(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://${host}:${port}/ready`, { signal: AbortSignal.timeout(readyTimeoutMs) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
