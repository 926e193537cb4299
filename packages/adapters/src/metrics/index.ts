import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { type MetricDefinition, type MetricName, type MetricService, metricDefinitions } from "./definitions.ts";

export { type MetricDefinition, type MetricName, type MetricService, metricDefinitions } from "./definitions.ts";

export type Labels = Readonly<Record<string, string>>;

/** The metrics of one process, in Prometheus' text format; Node's own (event loop lag, memory, garbage) come along. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #readings: (() => void | Promise<void>)[] = [];

  constructor(...services: readonly MetricService[]) {
    collectDefaultMetrics({ register: this.#registry });
    for (const [name, given] of Object.entries(metricDefinitions)) {
      const definition: MetricDefinition = given;
      if (definition.services.some((service) => services.includes(service))) this.#define(name, definition);
    }
  }

  /** Adds to a counter. */
  count(name: MetricName, by = 1, labels: Labels = {}): void {
    this.#of(this.#counters, name).inc(labels, by);
  }

  /** Adds a value to a histogram, in its unit. */
  observe(name: MetricName, value: number, labels: Labels = {}): void {
    this.#of(this.#histograms, name).observe(labels, value);
  }

  /** Sets a gauge. */
  set(name: MetricName, value: number, labels: Labels = {}): void {
    this.#of(this.#gauges, name).set(labels, value);
  }

  /** `reading` sets gauges whenever somebody reads the metrics. One that throws leaves the last values. */
  beforeReading(reading: () => void | Promise<void>): void {
    this.#readings.push(reading);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    await Promise.allSettled(this.#readings.map(async (reading) => reading()));
    return this.#registry.metrics();
  }

  #define(name: string, { kind, meaning, labels, buckets }: MetricDefinition): void {
    const options = { name, help: meaning, labelNames: [...(labels ?? [])], registers: [this.#registry] };
    if (kind === "counter") this.#counters.set(name, new Counter(options));
    else if (kind === "gauge") this.#gauges.set(name, new Gauge(options));
    else this.#histograms.set(name, new Histogram({ ...options, buckets: [...(buckets ?? [])] }));
  }

  #of<Kind>(metrics: Map<string, Kind>, name: MetricName): Kind {
    const metric = metrics.get(name);
    if (metric === undefined) throw new RangeError(`${name} is not a metric of this process and kind`);
    return metric;
  }
}
