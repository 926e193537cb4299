import { type FaultKind, type Plan, planOf } from "./plan.ts";
import type { Random } from "./random.ts";

/** What a workflow does with an answer. */
export type PlainManner = {
  readonly words: number;
  readonly wordIntervalMs: number;
  /** Ids of chunks that are never sent; `words` is that of the close. */
  readonly lost: ReadonlySet<number>;
  /** Chunks are sent in groups of this many, turned round, as single messages or as one. */
  readonly group: number;
  readonly form: "single" | "list" | "object";
  /** Where they go: to everybody, or to one pod alone. */
  readonly to: "broadcast" | "pod";
  readonly sendsTwice: boolean;
  /** All of them are of a form nobody takes, and say at least which answer they are of, or not even that. */
  readonly isRefused: false | "placed" | "nameless";
  readonly acknowledges: "at once" | "at the end" | "never";
  /** What it does with a stop: carries it out, listens and does nothing, does not listen. */
  readonly stop: "obeys" | "hangs" | "deaf";
  /** A job that comes a second time: dropped, or answered again from the start. */
  readonly repeats: boolean;
};

export type PlainPlan = Plan & {
  readonly manners: readonly PlainManner[];
  readonly workflows: number;
  /** When the first workflow begins to take jobs. */
  readonly beginAtMs: number;
  /** When one is killed, and how much later another takes its place. */
  readonly kills: readonly { readonly atMs: number; readonly replacedAfterMs: number }[];
  /** An answer that is stopped when everything works again; null: none. */
  readonly lateStop: number | null;
};

const kinds: readonly FaultKind[] = [
  ...([
    "kill pod",
    "kill pod",
    "drain pod",
    "drain pod",
    "freeze pod",
    "cut pod",
    "cut reader",
    "slow reader",
  ] as const),
  ...(["messages lost", "broker stalls", "database away", "database slow", "registry away"] as const),
  ...(["redelivery", "stop", "stop", "send again", "kill worker"] as const),
];

/** What a seed makes of a world of plain workflows. */
export function plainPlanOf(random: Random): PlainPlan {
  const isLong = random.chance(0.25);
  const spanMs = isLong ? random.between(10_000, 40_000) : random.between(1_000, 6_000);
  const faults = Array.from({ length: random.between(0, 5) }, () => {
    const forMs = random.chance(0.6) ? random.between(50, 2_000) : random.between(1_000, 9_000);
    return { kind: random.pick(kinds), atMs: random.between(0, spanMs), forMs };
  });
  const manners = Array.from({ length: random.between(1, 3) }, () => mannerOf(random, isLong));
  const isDead = random.chance(0.15);
  return {
    ...planOf(random),
    ...{ workers: 1, pods: random.between(2, 3), slots: 0, trimDelayMs: 0, renewalEntries: 10_000, failing: 0 },
    answers: manners.map(({ words }) => ({ atMs: random.between(0, Math.floor(spanMs / 2)), words })),
    faults: faults.sort((one, other) => one.atMs - other.atMs),
    healAtMs: Math.max(spanMs, ...faults.map(({ atMs, forMs }) => atMs + forMs)) + 10,
    manners,
    workflows: random.between(1, 2),
    beginAtMs: random.chance(0.1) ? random.between(60_000, 250_000) : random.between(0, 500),
    kills: isDead ? [{ atMs: random.between(100, spanMs), replacedAfterMs: random.between(500, 40_000) }] : [],
    lateStop: random.chance(0.3) ? random.between(0, manners.length - 1) : null,
  };
}

function mannerOf(random: Random, isLong: boolean): PlainManner {
  const words = random.between(1, isLong ? 40 : 15);
  const lost = new Set<number>();
  if (random.chance(0.25)) lost.add(random.pick([0, Math.floor(words / 2), words]));
  const rare = random.next();
  const isRefused = random.chance(0.1) && (random.chance(0.5) ? "placed" : "nameless");
  return {
    ...{ words, lost },
    wordIntervalMs: isLong ? random.between(500, 1_500) : random.between(10, 400),
    group: random.chance(0.3) ? random.between(2, 5) : 1,
    form: random.pick(["single", "list", "object"] as const),
    to: random.chance(0.25) ? "pod" : "broadcast",
    sendsTwice: random.chance(0.2),
    isRefused,
    acknowledges:
      isRefused === "nameless" ? "at the end" : rare < 0.1 ? "at once" : rare < 0.15 ? "never" : "at the end",
    stop: random.pick(["obeys", "hangs", "deaf"] as const),
    repeats: random.chance(0.3),
  };
}
