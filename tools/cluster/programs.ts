import path from "node:path";
import { postgresUrl, type ServerTls, ServiceProcess } from "@uci/services";
import { root } from "../command.ts";
import type { ClusterLinks } from "./links.ts";
import type { ClusterOptions } from "./options.ts";
import type { Passwords } from "./passwords.ts";
import { clusterHost as host, type Places, podName, workerName } from "./places.ts";
import type { Servers } from "./servers.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Left to itself, Node lets the space for what lives shortly grow to 64 MB, and each clean-up of it stops a pod at work for
 * some 18 ms; so for 6, with 50 MB less in use. docs/decisions/2026-11-29-less-kept.md; deploy/Dockerfile says the same.
 */
export const nodeFlags = ["--max-semi-space-size=16"] as const;

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
    // Whoever stops it at a terminal waits for it.
    GRACE_SECONDS: process.env.GRACE_SECONDS ?? "2",
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

/** Pods and workers, not started yet. */
export async function makePrograms(
  options: ClusterOptions,
  places: Places,
  passwords: Passwords,
  shared: Environment,
  links: ClusterLinks,
): Promise<{ readonly pods: readonly ServiceProcess[]; readonly workers: readonly ServiceProcess[] }> {
  const { folder } = options;
  const pods: ServiceProcess[] = [];
  for (const [index, port] of places.pods.entries()) {
    const name = podName(index);
    const own = { POD_NAME: name, NATS_USER: "pod", NATS_PASSWORD: passwords.nats.pod };
    const environment = { ...shared, ...(await addressesFor(name, shared, links)), ...own };
    pods.push(program(name, "apps/backend/src/run.ts", port, folder, environment));
  }
  const workers: ServiceProcess[] = [];
  for (const [index, port] of places.workers.entries()) {
    const name = workerName(index);
    const own = { WORKER_NAME: name, NATS_USER: "worker", NATS_PASSWORD: passwords.nats.worker };
    const environment = { ...shared, ...(await addressesFor(name, shared, links)), ...own };
    workers.push(program(name, options.workerFile, port, folder, environment));
  }
  return { pods, workers };
}

/** Where one program reaches the servers. */
async function addressesFor(name: string, shared: Environment, links: ClusterLinks): Promise<Environment> {
  const { NATS_URL = "", REDIS_URL = "", DATABASE_URL = "" } = shared;
  const reached = async (address: string, server: string) => {
    const url = new URL(address);
    url.port = String(await links.reach(name, server, Number(url.port)));
    return url.href;
  };
  const nats = await Promise.all(NATS_URL.split(",").map((address, index) => reached(address, `nats-${index + 1}`)));
  return {
    NATS_URL: nats.join(","),
    REDIS_URL: await reached(REDIS_URL, "redis"),
    DATABASE_URL: await reached(DATABASE_URL, "postgres"),
  };
}

function program(name: string, file: string, port: number, folder: string, environment: Environment): ServiceProcess {
  return new ServiceProcess(
    {
      name,
      file: process.execPath,
      arguments: [...nodeFlags, path.join(root, file)],
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
