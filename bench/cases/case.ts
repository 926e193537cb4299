/** Figures of one round, by name; the unit is in the name. */
export type Figures = Readonly<Record<string, number>>;

/** One of the things that are compared. */
export type Side = { readonly name: string; measure(): Promise<Figures> };

/** What is measured side by side, ours first, the yardsticks after it. */
export type BenchCase = {
  readonly name: string;
  /** One sentence for the table. */
  readonly what: string;
  /** Times every side is measured; the rounds alternate. Not set: as often as asked for. */
  readonly rounds?: number;
  open(): Promise<{ readonly sides: readonly Side[]; close(): Promise<void> }>;
};

/** The value in the middle; of an even number, the lower of the two. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
}

/** The value below which the share of the values lies; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
