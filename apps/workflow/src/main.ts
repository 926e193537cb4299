import type { Metrics } from "@uci/adapters/metrics";
import { type AttachmentStore, attachmentsOf, continuationAfter, modelMessages, type TitleStore } from "@uci/chat";
import {
  type PlainTimes,
  type PodFinder,
  PodRouter,
  type SessionRegistry,
  Sweeper,
  Worker,
  type WorkerPorts,
} from "@uci/stream";
import { loadAttachments } from "./attached-files.ts";
import type { WorkflowConfig } from "./config.ts";
import { measureWorker, timedModel, type WorkerLog, workerObserver } from "./observing.ts";
import { TitleWriter } from "./title-writer.ts";

export type WorkflowPorts = Omit<WorkerPorts, "policy" | "router"> & {
  readonly registry: SessionRegistry;
  /** Where pods are looked up while the registry cannot say; null: nowhere. */
  readonly connectionTable: PodFinder | null;
  readonly metrics: Metrics;
  /** Context window of a model in tokens; undefined: not known, then nothing is left out. */
  readonly contextWindowTokens: (provider: string, model: string) => number | undefined;
  /** Whether a model can see images. */
  readonly seesImages: (provider: string, model: string) => boolean;
  /** Files that go with messages. */
  readonly attachments: Pick<AttachmentStore, "get">;
  /** Makes the queue anew where it is beyond repair; absent where it cannot break. */
  readonly rebuildQueue?: () => Promise<boolean>;
  /** How long plain answers are waited for; absent: as usual. */
  readonly plainTimes?: PlainTimes;
  /** Lets answers begin that still wait although there is room for them. */
  readonly admitWaiting: () => Promise<void>;
  /** Where models' titles go; null: sessions keep the title that their first line gave. */
  readonly titles: TitleStore | null;
  readonly log: WorkerLog;
};

export type RunningWorkflow = {
  readonly workerId: () => string;
  readonly activeAnswers: () => number;
  /** Takes no more jobs, lets running answers finish for the grace time, hands the rest over. */
  drain(): Promise<void>;
};

/** Starts a worker and its sweeper over the given ports; resolves when it takes jobs. */
export async function startWorkflow(config: WorkflowConfig, ports: WorkflowPorts): Promise<RunningWorkflow> {
  const { registry, connectionTable, contextWindowTokens, seesImages, attachments, metrics, titles, log, ...given } =
    ports;
  const workerPorts: WorkerPorts = {
    ...given,
    model: timedModel(ports.model, metrics, () => ports.clock.nowMs()),
    router: new PodRouter((sessionIds) => registry.find(sessionIds), connectionTable, ports.clock),
    policy: {
      messages(job, unfinished) {
        const { ai_provider, model } = job.context;
        const chosen = ports.model.resolve(ai_provider, model);
        const known = chosen === null ? undefined : contextWindowTokens(chosen.provider, chosen.model);
        const options = { contextWindowTokens: known, unfinished };
        if (attachmentsOf(job).length === 0) return modelMessages(job, options);
        const sees = chosen !== null && seesImages(chosen.provider, chosen.model);
        return loadAttachments(job, attachments, sees).then((loaded) => modelMessages(job, { ...options, loaded }));
      },
      continuation: (state, abilities) => continuationAfter(state, abilities, config.takeover),
    },
  };
  const { name, slots, trimDelayMs } = config;
  const { model, live, clock } = workerPorts;
  const titleWriter = titles === null ? null : new TitleWriter({ titles, model, live, clock, log });
  const observe = workerObserver(metrics, log);
  const worker = new Worker(workerPorts, { name, slots, trimDelayMs }, (event) => {
    observe(event);
    titleWriter?.heard(event);
  });
  measureWorker(metrics, worker);
  const sweeper = sweeperOf(ports);
  await worker.start();
  sweeper.start();
  return {
    workerId: () => worker.workerId,
    activeAnswers: () => worker.activeAnswers,
    async drain() {
      await Promise.all([sweeper.stop(), worker.drain(config.graceMs)]);
      await titleWriter?.stop();
    },
  };
}

/** The sweeper of these ports; also used once at start where journals and queue began empty. */
export function sweeperOf(
  ports: Omit<
    WorkflowPorts,
    "contextWindowTokens" | "seesImages" | "attachments" | "connectionTable" | "metrics" | "titles"
  >,
): Sweeper {
  const { outbox, ledger, queue, owners, live, clock, registry, rebuildQueue, admitWaiting, plainTimes, log } = ports;
  const sweepConnections = () => registry.sweep();
  const mending = { sweepConnections, rebuildQueue, admitWaiting, plainTimes };
  return new Sweeper(
    { outbox, ledger, queue, owners, live, clock, ...mending },
    (error) => log.warn({ err: error }, "a part of a sweep failed; the next one tries again"),
    ({ kind: _kind, ...swept }) => log.warn(swept, "sweeper: ended an answer that nobody else would have"),
  );
}
