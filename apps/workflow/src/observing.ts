import type { Metrics } from "@uci/adapters/metrics";
import type { LanguageModel, ModelPart, ModelRequest, Worker, WorkerEvent } from "@uci/stream";
import type { Logger } from "pino";

export type WorkerLog = Pick<Logger, "info" | "warn" | "error" | "debug">;

/** Counts what happens in a worker and logs it. */
export function workerObserver(metrics: Metrics, log: WorkerLog): (event: WorkerEvent) => void {
  return (event) => {
    count(metrics, event);
    write(log, event);
  };
}

function count(metrics: Metrics, event: WorkerEvent): void {
  if (event.kind === "appended") {
    metrics.observe("uci_journal_entry_bytes", event.bytes);
    metrics.observe("uci_journal_append_seconds", event.durationMs / 1000);
  } else if (event.kind === "committed") metrics.count("uci_chunks_committed_total", event.chunks);
  else if (event.kind === "opened") {
    metrics.count("uci_answers_opened_total");
    if (event.attempt > 1) metrics.count("uci_takeovers_total");
  } else if (event.kind === "first_text") metrics.observe("uci_first_text_seconds", event.sinceJobMs / 1000);
  else if (event.kind === "closed") {
    metrics.count("uci_answers_closed_total", 1, { finish_reason: event.finish_reason });
  } else if (event.kind === "sealed") metrics.count("uci_seals_total");
  else if (event.kind === "fenced") metrics.count("uci_fenced_total");
  else if (event.kind === "provider_failed") metrics.count("uci_provider_errors_total", 1, { code: event.code });
  else if (event.kind === "store_retry") metrics.count("uci_store_retries_total");
  else if (event.kind === "congested") metrics.set("uci_journal_full", event.full ? 1 : 0);
}

function write(log: WorkerLog, event: WorkerEvent): void {
  const { kind, ...fields } = event;
  if (kind === "appended" || kind === "committed") return;
  if (kind === "failed") {
    const { error: err, ...about } = fields as { error: unknown };
    log.error({ ...about, err }, "worker: failed");
  } else if (kind === "closed") {
    if (event.error_code === null) log.info(fields, "worker: answer ended");
    else log.warn(fields, "worker: answer failed");
  } else if (kind === "unstorable") log.warn({ ...fields, error_code: "answer_unstorable" }, "worker: answer failed");
  else if (kind === "store_retry") log.warn({ message_id: event.message_id, err: event.error }, "worker: store again");
  else if (kind === "fenced" || kind === "sealed" || kind === "congested") log.warn(fields, `worker: ${kind}`);
  else if (kind === "handed_over") log.info(fields, "worker: handed over");
  else log.debug(fields, `worker: ${kind}`);
}

/** What a worker holds is looked at when somebody reads the metrics. */
export function measureWorker(metrics: Metrics, worker: Worker): void {
  metrics.beforeReading(() => {
    metrics.set("uci_live_answers", worker.activeAnswers);
    metrics.set("uci_uncommitted_bytes", worker.uncommittedBytes);
    const { count, oldestMs } = worker.unstored;
    metrics.set("uci_unstored_answers", count);
    metrics.set("uci_unstored_oldest_seconds", oldestMs / 1000);
  });
}

/** A model whose first parts are timed. */
export function timedModel(model: LanguageModel, metrics: Metrics, nowMs: () => number): LanguageModel {
  return {
    abilities: (provider, name) => model.abilities(provider, name),
    resolve: (provider, name) => model.resolve(provider, name),
    generate(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelPart> {
      const calledAtMs = nowMs();
      return withFirstTold(model.generate(request, signal), () => {
        const seconds = (nowMs() - calledAtMs) / 1000;
        metrics.observe("uci_provider_first_part_seconds", seconds, { provider: request.provider });
      });
    },
  };
}

/** Tells when the first item comes. Those after it, one a token, come straight from where they are made. */
function withFirstTold<Item>(items: AsyncIterable<Item>, told: () => void): AsyncIterable<Item> {
  return {
    [Symbol.asyncIterator](): AsyncIterator<Item> {
      const iterator = items[Symbol.asyncIterator]();
      let hasBegun = false;
      const first = async () => {
        const result = await iterator.next();
        if (result.done !== true) told();
        return result;
      };
      return {
        next() {
          if (hasBegun) return iterator.next();
          hasBegun = true;
          return first();
        },
        async return(value) {
          return (await iterator.return?.(value)) ?? { done: true, value };
        },
      };
    },
  };
}
