import type { Metrics } from "@uci/adapters/metrics";
import type { PodEvent, PodReader } from "@uci/stream";
import type { FastifyBaseLogger } from "fastify";

/** Counts what happens in a pod and logs what somebody should look at. */
export function podObserver(metrics: Metrics, log: FastifyBaseLogger): (event: PodEvent) => void {
  const warnSeldom = seldom(log);
  return (event) => {
    count(metrics, event);
    if (event.kind === "contradiction" || event.kind === "hash_mismatch") log.error(event, "stream contradicts itself");
    else if (event.kind === "store_retry") log.warn({ message_id: event.message_id, err: event.error }, "store again");
    else if (event.kind === "plain_stored") {
      const { kind: _kind, ...fields } = event;
      if (event.error_code === null) log.info(fields, "answer ended");
      else log.warn(fields, "answer failed");
    } else if (event.kind === "plain_unserved")
      log.warn({ message_id: event.message_id, err: event.error }, event.kind);
    else if (warned.has(event.kind)) log.warn(event, event.kind);
    else if (warnedSeldom.has(event.kind)) warnSeldom(event);
    else if (event.kind !== "chunks_in" && event.kind !== "chunks_out") log.debug(event, event.kind);
  };
}

const warned: ReadonlySet<PodEvent["kind"]> = new Set([
  "too_many_answers",
  "slow_reader_closed",
  "plain_given_up",
  "plain_evicted",
]);
/** What a third party does wrong comes with every chunk. */
const warnedSeldom: ReadonlySet<PodEvent["kind"]> = new Set(["out_of_order", "altered_repeat", "chunk_refused"]);

/** A warning of one kind is written this often at most; `unwritten` says how many were not. */
const sameWarningMs = 10_000;

function seldom(log: FastifyBaseLogger): (event: PodEvent) => void {
  const last = new Map<string, { atMs: number; unwritten: number }>();
  return (event) => {
    const nowMs = Date.now();
    const before = last.get(event.kind);
    if (before !== undefined && nowMs - before.atMs < sameWarningMs) {
      before.unwritten++;
      return;
    }
    last.set(event.kind, { atMs: nowMs, unwritten: 0 });
    log.warn({ ...event, unwritten: before?.unwritten ?? 0 }, event.kind);
  };
}

function count(metrics: Metrics, event: PodEvent): void {
  if (event.kind === "chunks_in") metrics.count("uci_chunks_in_total", event.count);
  else if (event.kind === "chunks_out") metrics.count("uci_chunks_out_total", event.count);
  else if (event.kind === "out_of_order") metrics.count("uci_chunks_out_of_order_total");
  else if (event.kind === "gap_repaired") metrics.count("uci_gaps_repaired_total");
  else if (event.kind === "tail_guard") metrics.count("uci_tail_guard_hits_total");
  else if (event.kind === "asked") metrics.count("uci_owner_reads_total", 1, { outcome: event.outcome });
  else if (event.kind === "overflow") metrics.count("uci_buffer_overflows_total");
  else if (event.kind === "contradiction") metrics.count("uci_contradictions_total");
  else if (event.kind === "hash_mismatch") metrics.count("uci_hash_mismatches_total");
  else if (event.kind === "slow_reader_closed") metrics.count("uci_slow_readers_closed_total");
  else if (event.kind === "plain_stored") metrics.count("uci_plain_answers_total", 1, { status: event.status });
  else if (event.kind === "plain_given_up") metrics.count("uci_buffer_timeouts_total", 1, { code: event.code });
  else if (event.kind === "plain_evicted") metrics.count("uci_buffer_evictions_total");
  else if (event.kind === "chunk_refused") metrics.count("uci_chunks_refused_total");
  else if (event.kind === "altered_repeat") metrics.count("uci_chunks_altered_total");
  else if (event.kind === "malformed") metrics.count("uci_broker_errors_total");
  else if (event.kind === "registry_failed") metrics.count("uci_registry_failures_total");
}

/** What a pod holds is looked at when somebody reads the metrics. */
export function measurePod(metrics: Metrics, reader: PodReader): void {
  metrics.beforeReading(() => {
    const { textBytes, heldChunks, unsentBytes, averageChunks, oldestMs } = reader.buffered;
    metrics.set("uci_connections", reader.activeConnections);
    metrics.set("uci_sessions", reader.activeSessions);
    metrics.set("uci_live_answers", reader.activeAnswers);
    metrics.set("uci_live_text_bytes", textBytes);
    metrics.set("uci_held_chunks", heldChunks);
    metrics.set("uci_unsent_bytes", unsentBytes);
    metrics.set("uci_buffer_average_chunks", averageChunks);
    metrics.set("uci_buffer_oldest_seconds", oldestMs / 1000);
  });
}
