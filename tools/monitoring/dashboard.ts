import type { MetricName } from "@uci/adapters/metrics";

type Panel = {
  readonly title: string;
  readonly unit: "short" | "s" | "bytes" | "percentunit";
  /** Expression and legend. */
  readonly lines: readonly (readonly [expression: string, legend: string])[];
};

const perMinute = (metric: MetricName, by = "") => `sum${by} (rate(${metric}[5m])) * 60`;
const quantile = (share: number, metric: MetricName, by = "le") =>
  `histogram_quantile(${share}, sum by (${by}) (rate(${metric}_bucket[5m])))`;
const halfAndMost = (metric: MetricName): Panel["lines"] => [
  [quantile(0.5, metric), "half"],
  [quantile(0.99, metric), "99 %"],
];

/** Three beside each other; what people feel comes first. */
const panels: readonly Panel[] = [
  { title: "Ready", unit: "short", lines: [["uci_ready", "{{instance}}"]] },
  {
    title: "Open streams",
    unit: "short",
    lines: [
      ["uci_connections", "{{instance}}"],
      ["sum(uci_sessions)", "sessions shown"],
    ],
  },
  {
    title: "Answers being written",
    unit: "short",
    lines: [
      ['uci_live_answers{job="workers"}', "{{instance}}"],
      ["max(uci_accepted_answers)", "accepted, not stored"],
      ["sum(uci_unstored_answers)", "over, not stored"],
    ],
  },
  { title: "Message to first text", unit: "s", lines: halfAndMost("uci_first_text_seconds") },
  {
    title: "Provider: call to first part, 99th percentile",
    unit: "s",
    lines: [[quantile(0.99, "uci_provider_first_part_seconds", "le, provider"), "{{provider}}"]],
  },
  {
    title: "Requests, 99th percentile",
    unit: "s",
    lines: [[quantile(0.99, "uci_http_request_seconds", "le, route"), "{{route}}"]],
  },
  {
    title: "Answers ended a minute",
    unit: "short",
    lines: [
      [perMinute("uci_answers_closed_total", " by (finish_reason)"), "{{finish_reason}}"],
      [perMinute("uci_plain_answers_total", " by (status)"), "plain: {{status}}"],
      [perMinute("uci_answers_opened_total"), "attempts"],
    ],
  },
  {
    title: "Provider errors a minute",
    unit: "short",
    lines: [[perMinute("uci_provider_errors_total", " by (code)"), "{{code}}"]],
  },
  {
    title: "Queue",
    unit: "short",
    lines: [
      ["max(uci_queue_pending_jobs)", "waiting"],
      ["max(uci_queue_taken_jobs)", "taken"],
    ],
  },
  {
    title: "Oldest",
    unit: "s",
    lines: [
      ["max(uci_queue_oldest_seconds)", "job that waits"],
      ["max(uci_accepted_oldest_seconds)", "answer not stored"],
      ["max(uci_unstored_oldest_seconds)", "answer over, not stored"],
      ["max(uci_buffer_oldest_seconds)", "answer followed"],
    ],
  },
  {
    title: "Chunks a second",
    unit: "short",
    lines: [
      ["sum(rate(uci_chunks_committed_total[1m]))", "committed"],
      ["sum(rate(uci_chunks_in_total[1m]))", "into pods"],
      ["sum(rate(uci_chunks_out_total[1m]))", "to readers"],
    ],
  },
  {
    title: "Must stay 0",
    unit: "short",
    lines: [
      ["sum(uci_contradictions_total)", "contradictions"],
      ["sum(uci_hash_mismatches_total)", "hash mismatches"],
    ],
  },
  {
    title: "Repairs a minute",
    unit: "short",
    lines: [
      [perMinute("uci_gaps_repaired_total"), "gaps"],
      [perMinute("uci_tail_guard_hits_total"), "lost tails"],
      [perMinute("uci_chunks_out_of_order_total"), "out of order"],
      [perMinute("uci_buffer_overflows_total"), "overflows"],
      [perMinute("uci_owner_reads_total", " by (outcome)"), "read from: {{outcome}}"],
    ],
  },
  {
    title: "Take-overs a minute",
    unit: "short",
    lines: [
      [perMinute("uci_takeovers_total"), "take-overs"],
      [perMinute("uci_seals_total"), "seals"],
      [perMinute("uci_fenced_total"), "fenced"],
    ],
  },
  {
    title: "Plain workflows: faults a minute",
    unit: "short",
    lines: [
      [perMinute("uci_buffer_timeouts_total", " by (code)"), "given up: {{code}}"],
      [perMinute("uci_buffer_evictions_total"), "evicted"],
      [perMinute("uci_chunks_refused_total"), "chunks refused"],
      [perMinute("uci_chunks_altered_total"), "chunks altered"],
    ],
  },
  {
    title: "Journal append",
    unit: "s",
    lines: halfAndMost("uci_journal_append_seconds"),
  },
  {
    title: "Journal fill",
    unit: "percentunit",
    lines: [
      ["max by (partition) (uci_journal_fill_ratio)", "{{partition}}"],
      ["max(uci_journal_full)", "takes no chunks"],
    ],
  },
  {
    title: "Sizes at the broker, 99th percentile",
    unit: "bytes",
    lines: [
      [quantile(0.99, "uci_broker_message_bytes", "le, subject"), "{{subject}}"],
      [quantile(0.99, "uci_journal_entry_bytes"), "journal entry, estimated"],
    ],
  },
  {
    title: "Messages a second by subject",
    unit: "short",
    lines: [["sum by (direction, subject) (rate(uci_broker_message_bytes_count[1m]))", "{{direction}} {{subject}}"]],
  },
  { title: "Subscriptions", unit: "short", lines: [["uci_broker_subscriptions", "{{instance}}"]] },
  {
    title: "Broker and registry",
    unit: "short",
    lines: [
      ["min(uci_broker_connected)", "broker connected"],
      ["min(uci_registry_connected)", "registry connected"],
      [perMinute("uci_broker_errors_total"), "broker errors a minute"],
      [perMinute("uci_registry_failures_total"), "registry failures a minute"],
    ],
  },
  {
    title: "Database",
    unit: "short",
    lines: [
      ["uci_database_connections_in_use", "{{instance}}"],
      ["sum(uci_database_connections_waited_for)", "waited for"],
      ["max(uci_database_connections_most)", "pool size"],
      ["min(uci_database_writable)", "writable"],
      [perMinute("uci_store_retries_total"), "rows written again a minute"],
    ],
  },
  {
    title: "Kept in memory",
    unit: "bytes",
    lines: [
      ["sum(uci_live_text_bytes)", "texts of answers"],
      ["sum(uci_unsent_bytes)", "not taken by readers"],
      ["sum(uci_uncommitted_bytes)", "not in the journal yet"],
      ["sum(uci_body_bytes_in_flight)", "request bodies"],
    ],
  },
  {
    title: "Chunks kept",
    unit: "short",
    lines: [
      ["sum(uci_held_chunks)", "out of order"],
      ["avg(uci_buffer_average_chunks)", "of an answer, on average"],
    ],
  },
  {
    title: "Refused a minute",
    unit: "short",
    lines: [
      [perMinute("uci_slow_readers_closed_total"), "slow readers"],
      [perMinute("uci_bodies_refused_total", " by (code)"), "bodies: {{code}}"],
    ],
  },
  {
    title: "Event loop lag, 99th percentile",
    unit: "s",
    lines: [["nodejs_eventloop_lag_p99_seconds", "{{instance}}"]],
  },
  { title: "Memory", unit: "bytes", lines: [["process_resident_memory_bytes", "{{instance}}"]] },
];

/** Metrics that no panel shows, each with why. */
export const unshownMetrics: Readonly<Partial<Record<MetricName, string>>> = {};

const columns = 3;
const size = { h: 8, w: 24 / columns };

/** The dashboard as Grafana takes it. */
export function dashboardJson(): string {
  const dashboard = {
    ...{ uid: "universal-chat", title: "Universal Chat Interface", schemaVersion: 41, timezone: "browser" },
    ...{ refresh: "10s", time: { from: "now-1h", to: "now" } },
    panels: panels.map(({ title, unit, lines }, index) => ({
      ...{ id: index + 1, type: "timeseries", title, datasource: { type: "prometheus", uid: "prometheus" } },
      gridPos: { ...size, x: (index % columns) * size.w, y: Math.floor(index / columns) * size.h },
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      options: { legend: { displayMode: "list", placement: "bottom" } },
      targets: lines.map(([expr, legendFormat], line) => ({
        ...{ refId: String.fromCharCode(65 + line), expr, legendFormat },
      })),
    })),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

export function shownExpressions(): readonly string[] {
  return panels.flatMap(({ lines }) => lines.map(([expression]) => expression));
}
