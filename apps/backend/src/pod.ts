import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { randomNonce, systemClock } from "@uci/adapters/clock";
import { makeId } from "@uci/adapters/ids";
import { createLog } from "@uci/adapters/logging";
import { Metrics } from "@uci/adapters/metrics";
import { isBrokerUnavailable } from "@uci/adapters/nats";
import { isDatabaseUnavailable } from "@uci/adapters/postgres";
import { CatalogueView } from "@uci/adapters/providers";
import { plainTimesOf } from "@uci/adapters/server-settings";
import { connectServers, type SharedServers } from "@uci/adapters/servers";
import { commaList, SettingError } from "@uci/adapters/settings";
import { cachedConversations } from "@uci/chat";
import { type ErrorCode, reducedHostName } from "@uci/protocol";
import { Accounts } from "./accounts.ts";
import {
  type BackendConfig,
  defaultRequestTimeoutMs,
  edgeOf,
  hourMs,
  openPasswordsWarning,
  type PodSettings,
  refuseOpenTrust,
} from "./config.ts";
import { type RunningPod, startBackend } from "./main.ts";

const catalogueIntervalMs = 5_000;

/** Starts a pod over real servers; `stop` drains it and leaves them. Throws what `serverSentence` explains. */
export async function startPod(settings: PodSettings, pageFolder: string) {
  refuseOpenTrust(settings);
  const podId = `${reducedHostName(settings.POD_NAME ?? os.hostname())}-${randomNonce()}`;
  const config = podConfig(settings, podId, pageFolder);
  const log = createLog(settings.LOG_LEVEL, { service: "pod", pod_id: podId });
  const metrics = new Metrics("pod");
  const servers = await connectServers(settings, "pod", podId, log, metrics);
  const catalogue = new CatalogueView(() => servers.store.catalogue.current());
  const lookAtCatalogue = () =>
    catalogue.refresh().catch((error: unknown) => log.warn({ err: error }, "the list of models could not be read"));
  const timer = setInterval(lookAtCatalogue, catalogueIntervalMs);
  const stop = async (pod: RunningPod | null) => {
    clearInterval(timer);
    log.info("pod: draining");
    await pod?.drain();
    log.info("pod: drained");
    await servers.close();
  };
  try {
    await lookAtCatalogue();
    const models = { models: () => catalogue.list(), model: catalogue };
    const pod = await startBackend(config, { ...portsOver(settings, servers), ...models, metrics, log });
    servers.onRegistryConnected(() => void pod.registryIsBack());
    const warning = openPasswordsWarning(settings);
    if (warning !== null) log.warn(warning);
    process.stdout.write(`Pod ${podId} listens on http://${pod.host}:${pod.port}\n`);
    const failed = (error: unknown) => log.error({ err: error }, "stopping did not end cleanly");
    return { pod, stop: () => stop(pod), failed };
  } catch (error) {
    await stop(null);
    throw error;
  }
}

function podConfig(settings: PodSettings, podId: string, pageFolder: string): BackendConfig {
  return {
    podId,
    host: settings.HOST,
    port: settings.PORT,
    authMode: settings.AUTH_MODE,
    allowSignUp: settings.ALLOW_SIGN_UP,
    allowGuests: settings.ALLOW_GUESTS,
    signUpsPerHour: settings.SIGN_UPS_PER_HOUR,
    authSecret: authSecret(settings),
    publicUrl: settings.PUBLIC_URL,
    trustForwardedFrom: commaList(settings.TRUST_FORWARDED_FROM),
    edge: edgeOf(settings),
    requestTimeoutMs: defaultRequestTimeoutMs,
    streamsPerUser: settings.SSE_CONNECTIONS_PER_USER,
    streamAgeMs: settings.STREAM_HOURS * hourMs,
    runningAnswers: settings.RUNNING_ANSWERS_PER_PERSON,
    waitingAnswers: settings.WAITING_ANSWERS_PER_PERSON,
    pageFolder: fs.existsSync(path.join(pageFolder, "index.html")) ? pageFolder : null,
    // The gateway does not pass it on; whoever reaches a pod past it is one of ours.
    metricsOpen: true,
    drainMs: settings.DRAIN_SECONDS * 1000,
  };
}

/** All pods must sign alike, so nobody makes up a secret of its own here. */
function authSecret({ AUTH_MODE, AUTH_SECRET }: PodSettings): string {
  if (AUTH_SECRET !== undefined) return AUTH_SECRET;
  if (AUTH_MODE === "trusted") return "";
  throw new SettingError("The setting AUTH_SECRET is missing: 32 characters or more, the same for every pod.");
}

function portsOver(
  settings: PodSettings,
  { broker, redis, store, ledger, admitWaiting, registry, registryFailed }: SharedServers,
) {
  const conversations = cachedConversations(store.conversations, redis.sessionMeta, registryFailed);
  return {
    store: conversations,
    attempts: store.attempts,
    ledger,
    admitWaiting,
    outbox: store.outbox,
    queue: broker.queue,
    live: broker.live,
    plainTimes: plainTimesOf(settings),
    registry,
    clock: systemClock,
    brokerConnected: () => broker.connected,
    databaseTrouble: store.trouble,
    accounts: accountsOver(settings, store, conversations.users),
    unavailable,
    makeId,
  };
}

function accountsOver(
  { AUTH_MODE, AUTH_SECRET: secret, PUBLIC_URL: publicUrl, ALLOW_SIGN_UP: allowSignUp }: PodSettings,
  store: SharedServers["store"],
  users: SharedServers["store"]["conversations"]["users"],
): Accounts | null {
  if (AUTH_MODE === "trusted" || secret === undefined) return null;
  const database = { db: store.database, type: "postgres" as const };
  const { revocations } = store;
  const makeUserId = () => makeId("user");
  return new Accounts({ secret, publicUrl, allowSignUp, database, users, revocations, makeUserId });
}

function unavailable(error: unknown): ErrorCode | null {
  if (isDatabaseUnavailable(error)) return "database_unavailable";
  return isBrokerUnavailable(error) ? "broker_unavailable" : null;
}
