import { continuationAfter, modelMessages } from "@uci/chat";
import { PodRouter, type SessionRegistry, Sweeper, Worker, type WorkerEvent, type WorkerPorts } from "@uci/stream";
import type { Logger } from "pino";
import type { WorkflowConfig } from "./config.ts";

export type WorkflowPorts = Omit<WorkerPorts, "policy" | "router"> & {
  readonly registry: SessionRegistry;
  /** Context window of a model in tokens; undefined: not known, then nothing is left out. */
  readonly contextWindowTokens: (provider: string, model: string) => number | undefined;
  readonly log: Pick<Logger, "info" | "warn" | "error" | "debug">;
};

export type RunningWorkflow = {
  readonly workerId: () => string;
  readonly activeAnswers: () => number;
  /** Takes no more jobs, lets running answers finish for the grace time, hands the rest over. */
  drain(): Promise<void>;
};

/** Starts a worker and its sweeper over the given ports; resolves when it takes jobs. */
export async function startWorkflow(config: WorkflowConfig, ports: WorkflowPorts): Promise<RunningWorkflow> {
  const { registry, contextWindowTokens, log, ...given } = ports;
  const workerPorts: WorkerPorts = {
    ...given,
    router: new PodRouter((sessionIds) => registry.find(sessionIds), null, ports.clock),
    policy: {
      messages(job) {
        const chosen = ports.model.resolve(job.context.ai_provider, job.context.model);
        return modelMessages(job, chosen === null ? undefined : contextWindowTokens(chosen.provider, chosen.model));
      },
      continuation: (state, abilities) => continuationAfter(state, abilities, config.takeover),
    },
  };
  const { name, slots, trimDelayMs } = config;
  const worker = new Worker(workerPorts, { name, slots, trimDelayMs }, (event) => logEvent(log, event));
  const sweeper = sweeperOf(ports);
  await worker.start();
  sweeper.start();
  return {
    workerId: () => worker.workerId,
    activeAnswers: () => worker.activeAnswers,
    async drain() {
      await sweeper.stop();
      await worker.drain(config.graceMs);
    },
  };
}

/** The sweeper of these ports; also used once at start where journals and queue began empty. */
export function sweeperOf(ports: Omit<WorkflowPorts, "contextWindowTokens">): Sweeper {
  const { outbox, queue, owners, live, clock, registry, log } = ports;
  const sweepConnections = () => registry.sweep();
  return new Sweeper({ outbox, queue, owners, live, clock, sweepConnections }, (error) => {
    log.warn({ err: error }, "sweep failed; the next one tries again");
  });
}

function logEvent(log: WorkflowPorts["log"], event: WorkerEvent): void {
  const { kind, ...fields } = event;
  if (kind === "failed") log.error({ ...fields, err: event.error }, "worker: failed");
  else if (kind === "store_retry") log.warn({ message_id: event.message_id, err: event.error }, "worker: store again");
  else if (kind === "fenced" || kind === "sealed" || kind === "congested") log.warn(fields, `worker: ${kind}`);
  else if (kind === "provider_failed") log.info(fields, "worker: provider failed");
  else log.debug(fields, `worker: ${kind}`);
}
