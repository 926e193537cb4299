import path from "node:path";
import { natsAuthorization } from "@uci/adapters/nats";
import { renderNginxConfiguration, workerAccount } from "@uci/gateway";
import {
  natsCluster,
  natsServer,
  nginxServer,
  nginxVersion,
  postgresServer,
  redisServer,
  type ServerTls,
  type ServiceProcess,
} from "@uci/services";
import type { ClusterLinks } from "./links.ts";
import type { ClusterOptions } from "./options.ts";
import type { Passwords } from "./passwords.ts";
import { clusterHost as host, type Places, podName } from "./places.ts";

export type Servers = {
  readonly nats: readonly ServiceProcess[];
  readonly redis: ServiceProcess;
  readonly postgres: ServiceProcess;
  /** Whether all NATS servers that run agree with each other. */
  isNatsHealthy(): Promise<boolean>;
};

/** What every pod and worker may hold, twice: the old one's are not gone at once when it is started again. */
const databaseConnectionsEach = 40;

/** All servers but the gateway, not started yet. */
export async function makeServers(
  options: ClusterOptions,
  passwords: Passwords,
  places: Places,
  tls: ServerTls | null,
  links: ClusterLinks,
): Promise<Servers> {
  const { folder, durable, linked } = options;
  const connections = (options.pods + options.workers) * databaseConnectionsEach + 20;
  return {
    ...(await makeNats(folder, passwords, places, tls, linked ? links : null)),
    redis: await redisServer({
      folder: path.join(folder, "redis"),
      host,
      port: places.redis,
      password: passwords.redis,
      tls,
    }),
    postgres: await postgresServer({
      folder: path.join(folder, "postgres"),
      host,
      port: places.postgres,
      password: passwords.postgres,
      connections,
      durable,
      tls,
    }),
  };
}

async function makeNats(
  folder: string,
  passwords: Passwords,
  { nats }: Places,
  tls: ServerTls | null,
  links: ClusterLinks | null,
) {
  const configuration = natsAuthorization(passwords.nats);
  const [only, ...others] = nats;
  if (only !== undefined && others.length === 0) {
    const name = "nats-1";
    const port = only.client;
    const server = await natsServer({ name, folder: path.join(folder, name), host, port, configuration, tls });
    return { nats: [server], isNatsHealthy: async () => server.isRunning };
  }
  const routePassword = passwords.natsRoutes;
  const cluster = await natsCluster({
    size: nats.length,
    ports: nats,
    folder,
    host,
    routePassword,
    configuration,
    tls,
    ...(links === null ? {} : { reach: (from: string, to: string, port: number) => links.reach(from, to, port) }),
  });
  return { nats: cluster.servers, isNatsHealthy: () => cluster.isHealthy() };
}

/** nginx before the pods, not started yet. */
export async function makeGateway(
  options: ClusterOptions,
  places: Places,
  tls: ServerTls | null,
  links: ClusterLinks,
): Promise<ServiceProcess> {
  const pods: { host: string; port: number }[] = [];
  for (const [index, port] of places.pods.entries()) {
    pods.push({ host, port: await links.reach("gateway", podName(index), port) });
  }
  const folder = path.join(options.folder, "gateway");
  return nginxServer({
    name: "gateway",
    folder,
    host,
    port: places.gateway,
    configuration: (listen) =>
      renderNginxConfiguration({
        folder,
        listen,
        pods,
        tls,
        trustsUserHeader: authMode(options) === "trusted",
        account: workerAccount(),
        nginxVersion: nginxVersion(),
        ...options.gateway,
      }),
  });
}

/** How pods know who is calling, as they will read it themselves. */
export function authMode({ environment }: ClusterOptions): string {
  const all = { ...process.env, ...environment };
  return all.AUTH_MODE ?? "accounts";
}
