export type Labels = Readonly<Record<string, string>>;
type Point = { readonly atSeconds: number; readonly value: number };
export type Series = { readonly name: string; readonly labels: Labels; readonly points: Point[] };

/** A value older than this is not current any more, in seconds; as Prometheus has it. */
const currentForSeconds = 300;

/** What Prometheus would have after it has read some `/metrics` now and then. */
export class RecordedSeries {
  readonly #series = new Map<string, Series>();

  /** Takes the text of one `/metrics` at a time; `target` are the labels Prometheus adds. Times must grow. */
  record(atSeconds: number, target: Labels, text: string): void {
    for (const line of text.split("\n")) {
      const match = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/i.exec(line);
      if (match === null) continue;
      const labels = { ...labelsIn(match[2] ?? ""), ...target };
      const key = `${match[1]}${JSON.stringify(Object.entries(labels).sort())}`;
      const series = this.#series.get(key) ?? { name: match[1]!, labels, points: [] };
      series.points.push({ atSeconds, value: Number(match[3]) });
      this.#series.set(key, series);
    }
  }

  /** Series of a name with these labels, each with its points in a span that ends at a time, that time included. */
  select(name: string, labels: Labels, atSeconds: number, spanSeconds: number): readonly Series[] {
    const wanted = Object.entries(labels);
    return [...this.#series.values()]
      .filter((series) => series.name === name && wanted.every(([label, value]) => series.labels[label] === value))
      .map((series) => ({
        ...series,
        points: series.points.filter(
          (point) => point.atSeconds <= atSeconds && point.atSeconds > atSeconds - spanSeconds,
        ),
      }))
      .filter(({ points }) => points.length > 0);
  }

  current(name: string, labels: Labels, atSeconds: number): readonly Series[] {
    return this.select(name, labels, atSeconds, currentForSeconds);
  }
}

export function labelsIn(text: string): Labels {
  return Object.fromEntries([...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((match) => [match[1]!, match[2]!]));
}
