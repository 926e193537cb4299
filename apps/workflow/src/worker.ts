import os from "node:os";
import { randomNonce, systemClock } from "@uci/adapters/clock";
import { measureOpenJobs } from "@uci/adapters/database-metrics";
import { createLog } from "@uci/adapters/logging";
import { Metrics } from "@uci/adapters/metrics";
import type { PostgresStore } from "@uci/adapters/postgres";
import { ProviderSettingsError, type Providers } from "@uci/adapters/providers";
import { plainTimesOf } from "@uci/adapters/server-settings";
import { connectServers, type SharedServers, serverSentence } from "@uci/adapters/servers";
import { cachedTitles } from "@uci/chat";
import { reducedHostName } from "@uci/protocol";
import type { Logger } from "pino";
import type { WorkerSettings } from "./config.ts";
import { type RunningWorkflow, startWorkflow, type WorkflowPorts } from "./main.ts";
import { configuredProviders } from "./providers.ts";
import { startServiceServer } from "./service-server.ts";

const catalogueIntervalMs = 60_000;

/**
 * Starts a worker over real servers; `stop` drains it and leaves them. `given`: providers other than those the settings
 * name. Throws what `operatorSentence` explains.
 */
export async function startWorker(
  settings: WorkerSettings,
  environment: Readonly<Record<string, string | undefined>>,
  given?: Providers,
) {
  const name = reducedHostName(settings.WORKER_NAME ?? os.hostname());
  const log = createLog(settings.LOG_LEVEL, { service: "worker", worker: name });
  const metrics = new Metrics("worker");
  const providers = given ?? (await configuredProviders(settings, environment, (message) => log.warn(message)));
  const [servers] = await Promise.all([connectServers(settings, "worker", name, log, metrics), providers.ready()]);
  const { broker, store } = servers;
  const state = { workflow: null as RunningWorkflow | null, draining: false };
  const selfNotReady = () => (state.draining ? "draining" : broker.connected ? null : "broker away");
  const notReady = () => selfNotReady() ?? (store.trouble() === null ? null : `database ${store.trouble()}`);
  metrics.beforeReading(() => metrics.set("uci_ready", notReady() === null ? 1 : 0));
  const server = await startServiceServer(settings.HOST, settings.PORT, {
    notReady,
    selfNotReady,
    health: () => ({
      status: state.draining ? "draining" : broker.connected && store.trouble() === null ? "ok" : "degraded",
      worker_id: state.workflow?.workerId() ?? null,
      active_answers: state.workflow?.activeAnswers() ?? 0,
      nats_connected: broker.connected,
      timestamp: new Date().toISOString(),
    }),
    metrics,
  });
  const stopPublishing = settings.WORKER_SLOTS === 0 ? () => undefined : publishCatalogue(name, providers, store, log);
  state.workflow = await startWorkflow(
    {
      name,
      slots: settings.WORKER_SLOTS,
      takeover: settings.TAKEOVER,
      trimDelayMs: settings.JOURNAL_TRIM_DELAY_SECONDS * 1000,
      graceMs: settings.GRACE_SECONDS * 1000,
    },
    { ...portsOver(servers, providers, settings.TITLES, metrics, log), plainTimes: plainTimesOf(settings) },
  );
  process.stdout.write(
    `Worker ${state.workflow.workerId()} serves its health on http://${server.host}:${server.port}\n`,
  );
  return {
    async stop() {
      state.draining = true;
      log.info({ active_answers: state.workflow?.activeAnswers() }, "worker: draining");
      stopPublishing();
      await state.workflow?.drain();
      log.info("worker: drained");
      await server.close();
      await servers.close();
    },
    failed: (error: unknown) => log.error({ err: error }, "stopping did not end cleanly"),
  };
}

function portsOver(
  { broker, store, ledger, admitWaiting, registry, redis, registryFailed }: SharedServers,
  providers: Providers,
  titles: WorkerSettings["TITLES"],
  metrics: Metrics,
  log: Logger,
): WorkflowPorts {
  metrics.beforeReading(async () => {
    const { pending, unacknowledged, oldestWaitingMs } = await broker.queueState();
    metrics.set("uci_queue_pending_jobs", pending);
    metrics.set("uci_queue_taken_jobs", unacknowledged);
    metrics.set("uci_queue_oldest_seconds", (oldestWaitingMs ?? 0) / 1000);
  });
  metrics.beforeReading(async () => {
    for (const [partition, fill] of (await broker.journalFill()).entries()) {
      metrics.set("uci_journal_fill_ratio", fill, { partition: String(partition) });
    }
  });
  measureOpenJobs(metrics, store);
  return {
    clock: systemClock,
    nonce: randomNonce,
    journal: broker.journal,
    owners: broker.owners,
    queue: broker.queue,
    rebuildQueue: () => broker.rebuildQueue(),
    live: broker.live,
    registry,
    connectionTable: (sessionIds) => store.connections.find(sessionIds),
    ledger,
    admitWaiting,
    outbox: store.outbox,
    model: providers.model,
    contextWindowTokens: (provider, model) => providers.contextWindowTokens(provider, model),
    seesImages: (provider, model) => providers.seesImages(provider, model),
    attachments: store.conversations.attachments,
    metrics,
    titles: titles === "message" ? null : cachedTitles(store.titles, redis.sessionMeta, registryFailed),
    log,
  };
}

/** Tells the pods, through the database, what can be called: they hold no provider's key. Returns what ends that. */
function publishCatalogue(name: string, providers: Providers, store: PostgresStore, log: Logger): () => void {
  const publish = () =>
    store.catalogue.publish(name, providers.catalogue()).catch((error: unknown) => {
      log.warn({ err: error }, "the list of models could not be published");
    });
  void publish();
  const timer = setInterval(publish, catalogueIntervalMs);
  return () => clearInterval(timer);
}

/** One sentence for what an operator can mend; null for what is a fault of the program. */
export function operatorSentence(error: unknown): string | null {
  return error instanceof ProviderSettingsError ? error.message : serverSentence(error);
}
