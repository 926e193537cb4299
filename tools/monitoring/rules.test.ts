import fs from "node:fs";
import path from "node:path";
import { type MetricDefinition, type MetricName, Metrics, metricDefinitions } from "@uci/adapters/metrics";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { root } from "../command.ts";
import { composeWith, readEnvironmentFile } from "../deploy/compose.ts";
import { filledEnvironment } from "../deploy/secrets.ts";
import { alertRules, fires } from "./rules.ts";
import { RecordedSeries } from "./series.ts";

/** Every alert looks back at most this long, and is held at most so long before it fires. */
const recordedSeconds = 20 * 60;
const intervalSeconds = 60;

type Processes = { readonly pod: Metrics; readonly worker: Metrics };

/** A system under load that is well. */
function isWell({ pod, worker }: Processes): void {
  for (const metrics of [pod, worker]) {
    for (const name of [
      "uci_ready",
      "uci_database_writable",
      "uci_broker_connected",
      "uci_registry_connected",
    ] as const)
      metrics.set(name, 1);
    metrics.set("uci_database_connections_in_use", 12);
    metrics.set("uci_database_connections_most", 20);
    metrics.observe("uci_broker_message_bytes", 800, { direction: "out", subject: "pod.response" });
  }
  pod.set("uci_connections", 5_000);
  pod.count("uci_slow_readers_closed_total", 2);
  pod.count("uci_bodies_refused_total", 3, { code: "payload_too_large" });
  pod.count("uci_gaps_repaired_total", 5);
  worker.set("uci_live_answers", 300);
  worker.set("uci_queue_taken_jobs", 300);
  worker.set("uci_queue_oldest_seconds", 0.4);
  worker.set("uci_accepted_answers", 310);
  // One answer takes two hours; that is no fault.
  worker.set("uci_accepted_oldest_seconds", 7_200);
  worker.set("uci_unstored_oldest_seconds", 0.2);
  worker.set("uci_journal_fill_ratio", 0.3, { partition: "0" });
  worker.set("uci_journal_fill_ratio", 0.25, { partition: "1" });
}

/** Texts of `/metrics` over twenty minutes, a look a minute; `each` adds what happens in that minute. */
async function recorded(each: (processes: Processes) => void): Promise<RecordedSeries> {
  const processes = { pod: new Metrics("pod"), worker: new Metrics("worker") };
  const series = new RecordedSeries();
  for (let atSeconds = 0; atSeconds <= recordedSeconds; atSeconds += intervalSeconds) {
    isWell(processes);
    each(processes);
    // How this machine does just now is not what is tried here.
    const texts = await Promise.all([processes.pod.text(), processes.worker.text()]);
    const [pod, worker] = texts.map((text) =>
      text.replace(/^nodejs_eventloop_lag_p99_seconds .*$/m, "nodejs_eventloop_lag_p99_seconds 0.02"),
    );
    series.record(atSeconds, { job: "pods", instance: "pod-1:8080" }, pod!);
    series.record(atSeconds, { job: "workers", instance: "worker-1:8080" }, worker!);
  }
  return series;
}

const firing = (series: RecordedSeries) =>
  alertRules()
    .filter((rule) => fires(rule, series, recordedSeconds, intervalSeconds))
    .map(({ alert }) => alert);

const faults: readonly [what: string, alerts: readonly string[], fault: (processes: Processes) => void][] = [
  ["no pod is ready, the workers are", ["NoPodReady"], ({ pod }) => pod.set("uci_ready", 0)],
  ["a job waits", ["QueueWaits"], ({ worker }) => worker.set("uci_queue_oldest_seconds", 31)],
  [
    "one journal fills",
    ["JournalFills"],
    ({ worker }) => worker.set("uci_journal_fill_ratio", 0.61, { partition: "1" }),
  ],
  ["a journal is full", ["JournalFull"], ({ worker }) => worker.set("uci_journal_full", 1)],
  [
    "an answer that is over is not stored",
    ["AnswersNotStored"],
    ({ worker }) => worker.set("uci_unstored_oldest_seconds", 61),
  ],
  ["an accepted message is left lying", ["AnswersLeft"], ({ worker }) => worker.set("uci_live_answers", 0)],
  ["a text contradicts itself", ["StreamContradicts"], ({ pod }) => pod.count("uci_contradictions_total")],
  ["a text is not that of its row", ["StreamContradicts"], ({ pod }) => pod.count("uci_hash_mismatches_total")],
  ["the database refuses writes", ["DatabaseRefusesWrites"], ({ worker }) => worker.set("uci_database_writable", 0)],
  [
    "the pool is exhausted",
    ["PoolExhausted"],
    ({ pod }) => {
      pod.set("uci_database_connections_in_use", 20);
      pod.set("uci_database_connections_waited_for", 7);
    },
  ],
  ["many readers are slow", ["SlowReaders"], ({ pod }) => pod.count("uci_slow_readers_closed_total", 30)],
  [
    "a worker is cut off from the broker",
    ["BrokerDisconnected"],
    ({ worker }) => worker.set("uci_broker_connected", 0),
  ],
  ["the registry fails", ["RegistryFails"], ({ pod }) => pod.count("uci_registry_failures_total", 7)],
  [
    "bodies are refused",
    ["BodiesRefused"],
    ({ pod }) => pod.count("uci_bodies_refused_total", 40, { code: "overloaded" }),
  ],
  ["workers are taken for dead", ["WorkersFenced"], ({ worker }) => worker.count("uci_fenced_total")],
];

describe("alerts", () => {
  it("are silent while all is well under load", async () => {
    expect(firing(await recorded(() => undefined))).toEqual([]);
  });

  it.each(faults)("tell it alone when %s", async (_what, alerts, fault) => {
    expect(firing(await recorded(fault))).toEqual(alerts);
  });

  it("tell of an event loop that lags", () => {
    const series = new RecordedSeries();
    for (let atSeconds = 0; atSeconds <= recordedSeconds; atSeconds += intervalSeconds) {
      series.record(
        atSeconds,
        { job: "pods", instance: "pod-1:8080" },
        "uci_ready 1\nnodejs_eventloop_lag_p99_seconds 0.15",
      );
    }
    expect(firing(series)).toEqual(["EventLoopLags"]);
  });

  it("tell that no pod is ready where none answers at all", async () => {
    const series = new RecordedSeries();
    series.record(recordedSeconds, { job: "workers", instance: "worker-1:8080" }, "uci_ready 1");
    expect(firing(series)).toEqual(["NoPodReady"]);
  });

  it("are each tried with a fault, look at metrics there are, and by the labels those have", () => {
    const tried = new Set(faults.flatMap(([, alerts]) => alerts));
    for (const { alert, expr } of alertRules()) {
      if (alert !== "EventLoopLags") expect(tried, alert).toContain(alert);
      for (const [name] of expr.matchAll(/uci_\w+/g)) expect(metricDefinitions, alert).toHaveProperty(name);
      for (const [, labels] of expr.matchAll(/by \(([^)]*)\)/g)) {
        const known = [...expr.matchAll(/uci_\w+/g)].flatMap(([name]) => labelsOf(name as MetricName));
        for (const label of labels!.split(/, ?/)) expect(["instance", "job", ...known], alert).toContain(label);
      }
    }
  });

  it("are loaded by the Prometheus that compose starts, which calls its targets as they expect", () => {
    const { services } = composeWith(readEnvironmentFile(filledEnvironment("hex")));
    const mounted = services.prometheus!.volumes!.map((volume) => volume.split(":").slice(0, 2));
    const configuration = parse(fs.readFileSync(path.join(root, "deploy/prometheus.yml"), "utf8"));
    expect(configuration.rule_files).toEqual(["/etc/prometheus/prometheus-rules.yml"]);
    expect(mounted).toContainEqual(["./prometheus-rules.yml", "/etc/prometheus/prometheus-rules.yml"]);
    const jobs = configuration.scrape_configs.map(({ job_name }: { job_name: string }) => job_name);
    expect(jobs).toEqual(["pods", "workers"]);
  });
});

function labelsOf(name: MetricName): readonly string[] {
  const definition: MetricDefinition = metricDefinitions[name];
  return definition.labels ?? [];
}
