export type MetricService = "pod" | "worker";

export type MetricDefinition = {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly unit:
    | "seconds"
    | "bytes"
    | "chunks"
    | "answers"
    | "connections"
    | "sessions"
    | "jobs"
    | "events"
    | "1 or 0"
    | "0 to 1";
  readonly services: readonly MetricService[];
  readonly meaning: string;
  readonly labels?: readonly string[];
  readonly buckets?: readonly number[];
};

const both = ["pod", "worker"] as const;
const pod = ["pod"] as const;
const worker = ["worker"] as const;
const delays = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const waits = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const sizes = [512, 2_048, 8_192, 32_768, 131_072, 262_144, 524_288];

/** Every metric of our own, by its name on `/metrics`. The docs are generated from this table. */
export const metricDefinitions = {
  uci_connections: { kind: "gauge", unit: "connections", services: pod, meaning: "Open event streams." },
  uci_sessions: { kind: "gauge", unit: "sessions", services: pod, meaning: "Sessions shown by at least one stream." },
  uci_live_answers: {
    kind: "gauge",
    unit: "answers",
    services: both,
    meaning: "Answers followed by this pod, or being worked on by this worker.",
  },
  uci_live_text_bytes: {
    kind: "gauge",
    unit: "bytes",
    services: pod,
    meaning: "Text of the answers followed, kept for readers that join.",
  },
  uci_held_chunks: {
    kind: "gauge",
    unit: "chunks",
    services: pod,
    meaning: "Chunks that came out of order and wait for what precedes them.",
  },
  uci_unsent_bytes: {
    kind: "gauge",
    unit: "bytes",
    services: pod,
    meaning: "Written to streams and not taken by their readers yet.",
  },
  uci_body_bytes_in_flight: {
    kind: "gauge",
    unit: "bytes",
    services: pod,
    meaning: "Request bodies this pod holds; a body over the limit of all together is refused with 503.",
  },
  uci_chunks_in_total: { kind: "counter", unit: "chunks", services: pod, meaning: "Chunks received from workers." },
  uci_chunks_out_total: { kind: "counter", unit: "chunks", services: pod, meaning: "Chunks written to streams." },
  uci_chunks_out_of_order_total: {
    kind: "counter",
    unit: "chunks",
    services: pod,
    meaning: "Chunks that came before one that precedes them.",
  },
  uci_buffer_average_chunks: {
    kind: "gauge",
    unit: "chunks",
    services: pod,
    meaning: "Chunks kept of an answer, on average over those followed.",
  },
  uci_buffer_oldest_seconds: {
    kind: "gauge",
    unit: "seconds",
    services: pod,
    meaning: "How long the oldest answer that is not over has been followed; 0 where there is none.",
  },
  uci_buffer_timeouts_total: {
    kind: "counter",
    unit: "answers",
    services: pod,
    meaning:
      "Answers of plain workflows ended because a chunk stayed missing or nothing more came, by the code they got.",
    labels: ["code"],
  },
  uci_buffer_evictions_total: {
    kind: "counter",
    unit: "answers",
    services: pod,
    meaning: "Answers of plain workflows ended to make room: too many waited for a chunk.",
  },
  uci_chunks_refused_total: {
    kind: "counter",
    unit: "chunks",
    services: pod,
    meaning: "Chunks of plain workflows that could not be read or were too large.",
  },
  uci_chunks_altered_total: {
    kind: "counter",
    unit: "chunks",
    services: pod,
    meaning: "Chunks of plain workflows that came again with another text, which was dropped.",
  },
  uci_gaps_repaired_total: {
    kind: "counter",
    unit: "events",
    services: pod,
    meaning: "Holes filled by asking the owner of the answer.",
  },
  uci_tail_guard_hits_total: {
    kind: "counter",
    unit: "events",
    services: pod,
    meaning: "Positions that were ahead of everything received: a lost tail, noticed.",
  },
  uci_owner_reads_total: {
    kind: "counter",
    unit: "events",
    services: pod,
    meaning: "Questions for an answer's text, by who had it: page (the owner), row (the database), nothing.",
    labels: ["outcome"],
  },
  uci_buffer_overflows_total: {
    kind: "counter",
    unit: "events",
    services: pod,
    meaning: "Times too many chunks were held, so that all were dropped and read again.",
  },
  uci_contradictions_total: {
    kind: "counter",
    unit: "events",
    services: pod,
    meaning: "Chunks that contradicted the text before them. Anything but 0 is a defect.",
  },
  uci_hash_mismatches_total: {
    kind: "counter",
    unit: "events",
    services: pod,
    meaning: "Answers whose text differed from their row and was sent again. Anything but 0 is a defect.",
  },
  uci_slow_readers_closed_total: {
    kind: "counter",
    unit: "connections",
    services: pod,
    meaning: "Streams closed because their reader took nothing for too long.",
  },
  uci_plain_answers_total: {
    kind: "counter",
    unit: "answers",
    services: pod,
    meaning: "Answers of plain workflows stored by this pod, by how they ended.",
    labels: ["status"],
  },
  uci_http_request_seconds: {
    kind: "histogram",
    unit: "seconds",
    services: pod,
    meaning: "Requests other than streams, by route and status.",
    labels: ["method", "route", "status"],
    buckets: delays,
  },
  uci_registry_failures_total: {
    kind: "counter",
    unit: "events",
    services: both,
    meaning: "Calls to the session registry or its cache that failed.",
  },
  uci_chunks_committed_total: { kind: "counter", unit: "chunks", services: worker, meaning: "Chunks in the journal." },
  uci_answers_opened_total: { kind: "counter", unit: "answers", services: worker, meaning: "Attempts begun." },
  uci_takeovers_total: {
    kind: "counter",
    unit: "answers",
    services: worker,
    meaning: "Attempts that went on from what another worker had committed.",
  },
  uci_answers_closed_total: {
    kind: "counter",
    unit: "answers",
    services: worker,
    meaning: "Answers closed, by how they ended.",
    labels: ["finish_reason"],
  },
  uci_seals_total: { kind: "counter", unit: "events", services: worker, meaning: "Journals of dead workers sealed." },
  uci_fenced_total: {
    kind: "counter",
    unit: "events",
    services: worker,
    meaning: "Times this worker found its own journal sealed and went on under a new id.",
  },
  uci_journal_entry_bytes: {
    kind: "histogram",
    unit: "bytes",
    services: worker,
    meaning: "Size of committed journal entries, estimated before encoding.",
    buckets: sizes,
  },
  uci_journal_append_seconds: {
    kind: "histogram",
    unit: "seconds",
    services: worker,
    meaning: "From sending an entry to its acknowledgement.",
    buckets: delays,
  },
  uci_journal_full: {
    kind: "gauge",
    unit: "1 or 0",
    services: worker,
    meaning: "1 while the journal takes no chunks for want of room.",
  },
  uci_uncommitted_bytes: {
    kind: "gauge",
    unit: "bytes",
    services: worker,
    meaning: "Waiting to be written to the journal.",
  },
  uci_first_text_seconds: {
    kind: "histogram",
    unit: "seconds",
    services: worker,
    meaning: "From accepting a message to the first text of its answer.",
    buckets: waits,
  },
  uci_provider_first_part_seconds: {
    kind: "histogram",
    unit: "seconds",
    services: worker,
    meaning: "From calling a provider to the first part of its stream.",
    labels: ["provider"],
    buckets: waits,
  },
  uci_provider_errors_total: {
    kind: "counter",
    unit: "events",
    services: worker,
    meaning: "Provider calls that failed, by code of the error registry.",
    labels: ["code"],
  },
  uci_store_retries_total: {
    kind: "counter",
    unit: "events",
    services: worker,
    meaning: "Tries to write an answer's row that failed and are repeated.",
  },
  uci_queue_pending_jobs: {
    kind: "gauge",
    unit: "jobs",
    services: worker,
    meaning: "Jobs nobody has taken yet: the lag of the queue's consumer.",
  },
  uci_queue_taken_jobs: { kind: "gauge", unit: "jobs", services: worker, meaning: "Jobs taken and not done yet." },
  uci_queue_oldest_seconds: {
    kind: "gauge",
    unit: "seconds",
    services: worker,
    meaning: "Age of the oldest job nobody has taken yet; 0 when there is none. Jobs being worked on do not count.",
  },
  uci_journal_fill_ratio: {
    kind: "gauge",
    unit: "0 to 1",
    services: worker,
    meaning: "How full a journal stream is; from three quarters on, chunks wait.",
    labels: ["partition"],
  },
  uci_accepted_answers: {
    kind: "gauge",
    unit: "answers",
    services: worker,
    meaning: "Answers accepted and not stored yet, of all pods and workers, as the database has them.",
  },
  uci_accepted_oldest_seconds: {
    kind: "gauge",
    unit: "seconds",
    services: worker,
    meaning: "How long ago the oldest of these was accepted; 0 where there is none. A long answer takes its time.",
  },
  uci_unstored_answers: {
    kind: "gauge",
    unit: "answers",
    services: worker,
    meaning: "Answers of this worker that are over and whose row is not written yet.",
  },
  uci_unstored_oldest_seconds: {
    kind: "gauge",
    unit: "seconds",
    services: worker,
    meaning: "How long ago the oldest of these was over; 0 where there is none.",
  },
  uci_ready: {
    kind: "gauge",
    unit: "1 or 0",
    services: both,
    meaning: "1 while `GET /ready` says so: it can take turns, or work on them.",
  },
  uci_database_writable: {
    kind: "gauge",
    unit: "1 or 0",
    services: both,
    meaning: "1 while the database takes writes; 0 when it is away, read-only or full.",
  },
  uci_database_connections_in_use: {
    kind: "gauge",
    unit: "connections",
    services: both,
    meaning: "Connections of this process's pool that are at work.",
  },
  uci_database_connections_waited_for: {
    kind: "gauge",
    unit: "connections",
    services: both,
    meaning: "Callers that wait for a connection of the pool, for two seconds at most.",
  },
  uci_database_connections_most: {
    kind: "gauge",
    unit: "connections",
    services: both,
    meaning: "Connections the pool may have: `DATABASE_POOL_SIZE`.",
  },
  uci_bodies_refused_total: {
    kind: "counter",
    unit: "events",
    services: pod,
    meaning: "Request bodies that were refused for their size, or because too much is held already, by error code.",
    labels: ["code"],
  },
  uci_broker_message_bytes: {
    kind: "histogram",
    unit: "bytes",
    services: both,
    meaning: "Messages sent to NATS (out) and received (in), by what their subject is for; `_count` is their number.",
    labels: ["direction", "subject"],
    buckets: sizes,
  },
  uci_broker_subscriptions: {
    kind: "gauge",
    unit: "events",
    services: both,
    meaning: "Subscriptions of this process at NATS.",
  },
  uci_broker_connected: { kind: "gauge", unit: "1 or 0", services: both, meaning: "1 while NATS is connected." },
  uci_broker_errors_total: {
    kind: "counter",
    unit: "events",
    services: both,
    meaning: "Errors NATS reported, and messages that could not be understood.",
  },
  uci_registry_connected: { kind: "gauge", unit: "1 or 0", services: both, meaning: "1 while Redis is connected." },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof metricDefinitions;
