import { AnswerAdmission, type AnswerLedger, BackedSessionRegistry, type SessionRegistry } from "@uci/stream";
import type { Logger } from "pino";
import { measureDatabase } from "./database-metrics.ts";
import { makeId } from "./ids/index.ts";
import type { Metrics } from "./metrics/index.ts";
import { BrokerSetupError, connectNats, type NatsBroker, natsSettingsFrom, subjectKind } from "./nats/index.ts";
import {
  connectionOf,
  DatabaseStartError,
  isDatabaseUnavailable,
  MigrationError,
  openPostgresStore,
  type PostgresStore,
  shownAddress,
  troubleSentence,
} from "./postgres/index.ts";
import { connectRedis, type RedisConnection } from "./redis/index.ts";
import type { SharedServerSettings } from "./server-settings.ts";
import { SettingError, storageLimits } from "./settings/index.ts";

/** Connections to all servers, and what is made of more than one of them. */
export type SharedServers = {
  readonly broker: NatsBroker;
  readonly redis: RedisConnection;
  readonly store: PostgresStore;
  /** The store's, by which the end of an answer lets the next of the same person begin. */
  readonly ledger: AnswerLedger;
  /** Lets answers begin that still wait although there is room for them. */
  readonly admitWaiting: () => Promise<void>;
  /** Redis with the table behind it. */
  readonly registry: SessionRegistry;
  /** For what else fails at the registry or its cache: counted, and otherwise of no consequence. */
  readonly registryFailed: (error: unknown) => void;
  /** Calls the listener whenever Redis can be reached again. */
  onRegistryConnected(listener: () => void): void;
  close(): Promise<void>;
};

/**
 * Connects a service to PostgreSQL, Redis and NATS. The streams of the broker are made by workers and looked at by
 * pods. Throws what `serverSentence` explains; Redis alone may be away.
 */
export async function connectServers(
  settings: SharedServerSettings,
  service: "pod" | "worker",
  name: string,
  log: Logger,
  metrics: Metrics,
): Promise<SharedServers> {
  if (settings.DATABASE_URL === undefined) throw new SettingError("The setting DATABASE_URL is missing.");
  const registryFailed = (error: unknown) => {
    metrics.count("uci_registry_failures_total");
    log.debug({ err: error }, "registry failed");
  };
  const place = shownAddress(connectionOf(settings));
  const store = await openPostgresStore(
    {
      connection: connectionOf(settings),
      connections: settings.DATABASE_POOL_SIZE,
      connectionLost: (error) => log.warn({ err: error }, "a connection to the database was lost"),
      tableFailed: registryFailed,
      storage: storageLimits(settings),
      troubleChanged: (trouble) => log.warn(troubleSentence(trouble, place)),
    },
    makeId,
  );
  const closing: (() => Promise<unknown>)[] = [() => store.close()];
  const close = async () => {
    for (const end of closing.toReversed()) await end().catch(() => undefined);
  };
  try {
    const listeners: (() => void)[] = [];
    const events = serverEvents("registry", log);
    const connected = () => {
      events.connected();
      for (const listener of listeners) listener();
    };
    const redis = await connectRedis({ ...redisSettings(settings), events: { ...events, connected } });
    closing.push(() => redis.close());
    const broker = await connectBroker(settings, service, name, log, metrics);
    closing.push(() => broker.close());
    await (service === "worker" ? broker.provision() : broker.check());
    metrics.beforeReading(() => {
      metrics.set("uci_broker_subscriptions", broker.subscriptions);
      metrics.set("uci_broker_connected", broker.connected ? 1 : 0);
      metrics.set("uci_registry_connected", redis.connected ? 1 : 0);
    });
    measureDatabase(metrics, store);
    const registry = new BackedSessionRegistry(redis.registry, store.connections, registryFailed);
    const onRegistryConnected = (listener: () => void) => void listeners.push(listener);
    const admission = admissionOver(settings, store, broker, log);
    const ledger = admission.over(store.ledger);
    const admitWaiting = () => admission.admit(null);
    return { broker, redis, store, ledger, admitWaiting, registry, registryFailed, onRegistryConnected, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function admissionOver(settings: SharedServerSettings, store: PostgresStore, broker: NatsBroker, log: Logger) {
  const { admission, outbox } = store;
  const { queue, live } = broker;
  return new AnswerAdmission({ admission, outbox, queue, live }, settings.RUNNING_ANSWERS_PER_PERSON, (error) =>
    log.warn({ err: error }, "an answer that waited could not begin yet; the sweeper will try again"),
  );
}

function connectBroker(
  settings: SharedServerSettings,
  service: "pod" | "worker",
  name: string,
  log: Logger,
  metrics: Metrics,
): Promise<NatsBroker> {
  const events = serverEvents("broker", log);
  return connectNats(natsSettingsFrom(settings, service, name), {
    ...events,
    carried: (direction, subject, bytes) =>
      metrics.observe("uci_broker_message_bytes", bytes, { direction, subject: subjectKind(subject) }),
    error(error) {
      metrics.count("uci_broker_errors_total");
      events.error(error);
    },
  });
}

function redisSettings({ REDIS_URL, REDIS_PASSWORD = "", REDIS_TLS_CA: tlsCaFile }: SharedServerSettings) {
  if (REDIS_URL === undefined) throw new SettingError("The setting REDIS_URL is missing.");
  const address = new URL(REDIS_URL);
  if (address.password === "") address.password = encodeURIComponent(REDIS_PASSWORD);
  return { url: address.href, ...(tlsCaFile === undefined ? {} : { tlsCaFile }) };
}

function serverEvents(server: string, log: Logger) {
  return {
    connected: () => log.info(`${server} connected`),
    disconnected: () => log.warn(`${server} disconnected`),
    error: (error: unknown) => log.warn({ err: error }, `${server} error`),
  };
}

/** One sentence for what an operator can mend; null for what is a fault of the program. */
export function serverSentence(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const known = [SettingError, BrokerSetupError, MigrationError, DatabaseStartError];
  if (known.some((kind) => error instanceof kind)) return error.message;
  // A name that is not found is that of the address to listen on: one of the database's has been told of above.
  const isDatabase = isDatabaseUnavailable(error) && !("syscall" in error && error.syscall === "getaddrinfo");
  return isDatabase ? `The database cannot be used: ${error.message.replace(/\.$/, "")}.` : null;
}
