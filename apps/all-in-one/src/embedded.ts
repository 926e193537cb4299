import { randomNonce, systemClock } from "@uci/adapters/clock";
import { measureDatabase, measureOpenJobs } from "@uci/adapters/database-metrics";
import { makeId } from "@uci/adapters/ids";
import { Metrics } from "@uci/adapters/metrics";
import {
  isDatabaseUnavailable,
  openPostgresStore,
  type PostgresStore,
  type StorageLimits,
  troubleSentence,
} from "@uci/adapters/postgres";
import { modelList, type Providers } from "@uci/adapters/providers";
import {
  Accounts,
  type BackendConfig,
  type BackendPorts,
  defaultRequestTimeoutMs,
  type EdgeConfig,
  hourMs,
  type RunningPod,
  startBackend,
} from "@uci/backend";
import { AnswerAdmission } from "@uci/stream";
import {
  MemoryJournal,
  MemoryLiveChannel,
  MemoryOwnerRegister,
  MemorySessionRegistry,
  MemoryWorkQueue,
} from "@uci/stream/memory";
import { type RunningWorkflow, startWorkflow, sweeperOf, type WorkflowPorts } from "@uci/workflow";
import type { PoolConfig } from "pg";
import type { Logger } from "pino";

export type EmbeddedOptions = {
  readonly database: PoolConfig;
  /** Where it is, for a person. */
  readonly databasePlace?: string | undefined;
  /** Connections to it at most; 20 unless given. */
  readonly databaseConnections?: number | undefined;
  readonly providers: Providers;
  readonly host: string;
  /** Port of the first pod, the others take those after it; 0: any free ones. */
  readonly port: number;
  readonly pods: number;
  readonly workers: number;
  readonly authMode: "accounts" | "trusted";
  readonly signUpsPerHour: number;
  readonly authSecret: string;
  readonly allowSignUp: boolean;
  readonly allowGuests: boolean | undefined;
  readonly publicUrl: string | undefined;
  readonly trustForwardedFrom: readonly string[];
  readonly edge?: EdgeConfig;
  /** Milliseconds a request may take to arrive. */
  readonly requestTimeoutMs?: number;
  /** Milliseconds over which a pod that is told to stop says good-bye; 0 unless given. */
  readonly drainMs?: number;
  readonly streamsPerUser: number;
  /** Milliseconds after which a stream is closed, so that its reader opens another. */
  readonly streamAgeMs?: number;
  /** Answers of one person that may run, and wait on top of them. */
  readonly runningAnswers: number;
  readonly waitingAnswers: number;
  /** What a person, and all together, may keep. */
  readonly storage: StorageLimits;
  readonly pageFolder: string | null;
  readonly takeover: "continue" | "interrupt";
  readonly slots: number;
  /** Who gives a new session its title. */
  readonly titles: "model" | "message";
  /** How long running answers may finish when the program is told to stop, in milliseconds. */
  readonly graceMs: number;
  readonly log: Logger;
};

export type Embedded = {
  readonly pods: readonly RunningPod[];
  readonly workers: readonly RunningWorkflow[];
  readonly store: PostgresStore;
  /** Answers that were cut off by the last stop and begin anew. */
  readonly restarted: number;
  drain(): Promise<void>;
};

/** What a pod is at the edge where nothing was said: it answers to its own names and believes no other site. */
const closedEdge: EdgeConfig = {
  ...{ allowedHosts: [], corsOrigins: [], headerOnly: false, gatewaySecret: undefined, maxConnections: 50_000 },
};

/** The in-memory journals last as long as the process, so nothing is gained by keeping entries for long. */
const trimDelayMs = 60_000;

/**
 * Pods and workers in one process, over in-memory ports and a PostgreSQL. What earlier runs left unfinished begins
 * anew under the next generation before any job is taken.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { log } = options;
  const life = { isOver: false };
  const store = await openPostgresStore(
    {
      connection: options.database,
      connections: options.databaseConnections ?? 20,
      storage: options.storage,
      connectionLost(error) {
        // The server may end connections that this process has just left; nobody needs to hear of that.
        if (!life.isOver) log.warn({ err: error }, "a connection to the database was lost");
      },
      troubleChanged: (trouble) => log.warn(troubleSentence(trouble, options.databasePlace)),
    },
    makeId,
  );
  try {
    return await startOver(store, options, life);
  } catch (error) {
    life.isOver = true;
    await store.close();
    throw error;
  }
}

async function startOver(store: PostgresStore, options: EmbeddedOptions, life: { isOver: boolean }): Promise<Embedded> {
  const { log, providers } = options;
  const queue = new MemoryWorkQueue(systemClock);
  const live = new MemoryLiveChannel(systemClock);
  const { outbox } = store;
  const admission = new AnswerAdmission(
    { admission: store.admission, outbox, queue, live },
    options.runningAnswers,
    (error) => log.warn({ err: error }, "an answer that waited could not begin yet; the sweeper will try again"),
  );
  const ports: WorkflowPorts & { readonly queue: MemoryWorkQueue } = {
    clock: systemClock,
    nonce: randomNonce,
    journal: new MemoryJournal(systemClock),
    owners: new MemoryOwnerRegister(systemClock),
    queue,
    live,
    registry: new MemorySessionRegistry(systemClock),
    connectionTable: null,
    metrics: new Metrics("pod", "worker"),
    ledger: admission.over(store.ledger),
    outbox,
    admitWaiting: () => admission.admit(null),
    model: providers.model,
    contextWindowTokens: (provider, model) => providers.contextWindowTokens(provider, model),
    seesImages: (provider, model) => providers.seesImages(provider, model),
    attachments: store.conversations.attachments,
    titles: options.titles === "model" ? store.titles : null,
    log,
  };
  measureDatabase(ports.metrics, store);
  measureOpenJobs(ports.metrics, store);
  const restarted = await sweeperOf(ports).restartAll();
  const accounts = accountsOf(store, options);
  const pods: RunningPod[] = [];
  const workers: RunningWorkflow[] = [];
  const drain = async () => {
    await Promise.all(workers.map((worker) => worker.drain()));
    await Promise.all(pods.map((pod) => pod.drain()));
    life.isOver = true;
    await store.close();
  };
  try {
    for (let index = 0; index < options.pods; index++) {
      const port = options.port === 0 ? 0 : options.port + index;
      pods.push(await startBackend(podConfig(options, index, port), podPorts(store, ports, options, accounts)));
    }
    for (let index = 0; index < options.workers; index++) {
      const { takeover, slots, graceMs } = options;
      workers.push(await startWorkflow({ name: `worker-${index + 1}`, slots, takeover, trimDelayMs, graceMs }, ports));
    }
  } catch (error) {
    await Promise.all(pods.map((pod) => pod.stop()));
    throw error;
  }
  return { pods, workers, store, restarted, drain };
}

function podConfig(options: EmbeddedOptions, index: number, port: number): BackendConfig {
  const { host, authMode, allowSignUp, allowGuests, signUpsPerHour, authSecret, publicUrl } = options;
  const { trustForwardedFrom, streamsPerUser, runningAnswers, waitingAnswers, pageFolder } = options;
  const { edge = closedEdge, requestTimeoutMs = defaultRequestTimeoutMs, streamAgeMs = 12 * hourMs } = options;
  return {
    ...{ host, port, authMode, allowSignUp, allowGuests, signUpsPerHour, authSecret, publicUrl },
    ...{ trustForwardedFrom, streamsPerUser, runningAnswers, waitingAnswers, pageFolder },
    ...{ edge, requestTimeoutMs, streamAgeMs },
    podId: `pod-${index + 1}-${randomNonce()}`,
    metricsOpen: false,
    drainMs: options.drainMs ?? 0,
  };
}

/** One for all pods of the process: who has signed out of one is signed out of all at once. */
function accountsOf(store: PostgresStore, options: EmbeddedOptions): Accounts | null {
  const { authMode, authSecret: secret, publicUrl, allowSignUp } = options;
  if (authMode === "trusted") return null;
  return new Accounts({
    ...{ secret, publicUrl, allowSignUp },
    database: { db: store.database, type: "postgres" as const },
    users: store.conversations.users,
    revocations: store.revocations,
    makeUserId: () => makeId("user"),
  });
}

function podPorts(
  store: PostgresStore,
  ports: WorkflowPorts & { readonly queue: MemoryWorkQueue },
  options: EmbeddedOptions,
  accounts: Accounts | null,
): BackendPorts {
  const { live, ledger, outbox, admitWaiting, queue, registry, clock, model, metrics } = ports;
  const { providers, log } = options;
  return {
    ...{ live, ledger, outbox, admitWaiting, queue, registry, clock, model, metrics, accounts, makeId },
    store: store.conversations,
    attempts: store.attempts,
    models: () => modelList(providers.catalogue()),
    brokerConnected: () => true,
    databaseTrouble: store.trouble,
    unavailable: (error) => (isDatabaseUnavailable(error) ? "database_unavailable" : null),
    log,
  };
}
