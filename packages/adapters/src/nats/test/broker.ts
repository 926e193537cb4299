import path from "node:path";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import {
  type NatsCluster,
  type NatsServerOptions,
  natsCluster,
  type ServiceProcess,
  startNatsServer,
  temporaryFolder,
} from "@uci/services";
import { afterAll, afterEach, vi } from "vitest";
import { connectNats, type NatsBroker, type NatsSettings, natsAuthorization } from "../index.ts";

export const passwords = { pod: "of-pod", worker: "of-worker", workflow: "of-workflow", monitor: "of-monitor" };
/** The users of the services, and one for the tests that may do everything. */
export const configuration = natsAuthorization(passwords).replace(
  "users: [",
  'users: [\n    { user: admin, password: "all" }',
);

const servers: ServiceProcess[] = [];
const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});
afterAll(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

/** A nats-server of the test file's own, stopped after its tests. */
export async function startServer(options: Partial<NatsServerOptions> = {}): Promise<ServiceProcess> {
  const folder = path.join(temporaryFolder("nats"), "data");
  const server = await startNatsServer({ folder, configuration, ...options });
  servers.push(server);
  return server;
}

/** Three servers that keep three copies. */
export async function startCluster(): Promise<NatsCluster> {
  const cluster = await natsCluster({
    folder: temporaryFolder("nats"),
    size: 3,
    routePassword: "between",
    configuration,
  });
  servers.push(...cluster.servers);
  await Promise.all(cluster.servers.map((server) => server.start()));
  await vi.waitFor(async () => assertHealthy(await cluster.isHealthy()), { timeout: 40_000, interval: 100 });
  return cluster;
}

function assertHealthy(isHealthy: boolean): void {
  if (!isHealthy) throw new Error("the cluster is not healthy");
}

export function addressesOf(...of: readonly ServiceProcess[]): string[] {
  return of.map(({ command }) => `${command.host}:${command.port}`);
}

export function settingsOf(of: readonly ServiceProcess[], settings: Partial<NatsSettings> = {}): NatsSettings {
  const service = settings.service ?? "worker";
  return {
    servers: addressesOf(...of),
    user: service,
    password: passwords[service],
    name: "test",
    service,
    partitions: 1,
    replicas: 1,
    journalBytes: 64 * 1024 * 1024,
    reachWithinMs: 2_000,
    ...settings,
  };
}

export type News = { readonly errors: unknown[]; readonly changes: ("connected" | "disconnected")[] };

/** A connection of a service that is closed after the test, and what it told. */
export async function openBroker(settings: NatsSettings): Promise<{ broker: NatsBroker; news: News }> {
  const news: News = { errors: [], changes: [] };
  const broker = await connectNats(settings, {
    connected: () => news.changes.push("connected"),
    disconnected: () => news.changes.push("disconnected"),
    error: (error) => news.errors.push(error),
  });
  open.push(() => broker.close());
  return { broker, news };
}

/** A plain connection under any user, with the inbox prefix of `service`, closed after the test. */
export async function openClient(
  of: readonly ServiceProcess[],
  user: keyof typeof passwords | "admin" = "admin",
): Promise<NatsConnection> {
  const client = await connect({
    servers: addressesOf(...of),
    user,
    pass: user === "admin" ? "all" : passwords[user],
    inboxPrefix: `_INBOX_${user}`,
    reconnectTimeWait: 100,
    maxReconnectAttempts: -1,
  });
  open.push(() => client.close());
  return client;
}

/** Somebody who may change streams as no service of ours does. */
export async function openAdministration(of: readonly ServiceProcess[]): Promise<JetStreamManager> {
  return jetstreamManager(await openClient(of));
}

/** Removes all streams, so that the next `provision` makes them anew. */
export async function removeStreams(of: readonly ServiceProcess[]): Promise<void> {
  const administration = await openAdministration(of);
  for await (const { config } of administration.streams.list()) await administration.streams.delete(config.name);
}
