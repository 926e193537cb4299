import type { TakeoverWay } from "./language-model.ts";
import type { Random } from "./random.ts";

export const faultKinds = [
  "kill worker",
  "freeze worker",
  "cut worker",
  "deafen worker",
  "drain worker",
  "kill pod",
  "freeze pod",
  "cut pod",
  "drain pod",
  "cut reader",
  "slow reader",
  "messages lost",
  "appends lost",
  "journals full",
  "broker stalls",
  "database away",
  "database slow",
  "registry away",
  "registry lies",
  "registry wiped",
  "redelivery",
  "stop",
  "send again",
  "journals wiped",
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** How often each kind is drawn, relative to the others. */
const weights: Record<FaultKind, number> = {
  ...{ "kill worker": 12, "freeze worker": 14, "cut worker": 8, "deafen worker": 7, "drain worker": 4 },
  ...{ "kill pod": 4, "freeze pod": 4, "cut pod": 5, "drain pod": 2, "cut reader": 12, "slow reader": 4 },
  ...{ "messages lost": 8, "appends lost": 10, "journals full": 2, "broker stalls": 5 },
  ...{ "database away": 7, "database slow": 5, "registry away": 4, "registry lies": 5, "registry wiped": 2 },
  ...{ redelivery: 5, stop: 12, "send again": 5, "journals wiped": 3 },
};

export type PlannedFault = {
  readonly kind: FaultKind;
  readonly atMs: number;
  /** How long it lasts, where it lasts. */
  readonly forMs: number;
};

export type Plan = {
  readonly workers: number;
  readonly pods: number;
  readonly clients: number;
  readonly sessions: number;
  readonly answers: readonly { readonly atMs: number; readonly words: number }[];
  readonly slots: number;
  readonly trimDelayMs: number;
  readonly renewalEntries: number;
  readonly way: TakeoverWay;
  readonly firstWordMs: number;
  readonly wordIntervalMs: number;
  readonly failing: number;
  readonly races: boolean;
  /** Characters that every word is made longer by. */
  readonly paddingCharacters: number;
  readonly faults: readonly PlannedFault[];
  /** From when on everything works again. */
  readonly healAtMs: number;
};

const totalWeight = Object.values(weights).reduce((sum, weight) => sum + weight, 0);

/** What a seed makes of a schedule: how large it is, and what goes wrong when. */
export function planOf(random: Random): Plan {
  // Few schedules last long enough for trimming, forgetting and the end of what is kept.
  const isLong = random.chance(0.03);
  const wordIntervalMs = isLong ? random.between(1_500, 4_000) : random.between(30, 280);
  const spanMs = isLong ? 45_000 : random.between(1_500, 5_500);
  const faults = Array.from({ length: random.between(3, 10) }, () => plannedFault(random, spanMs));
  return {
    workers: random.between(2, 3),
    pods: 2,
    clients: random.between(2, 4),
    sessions: random.between(1, 2),
    answers: Array.from({ length: random.between(1, 4) }, () => ({
      atMs: random.between(0, Math.floor(spanMs / 2)),
      words: isLong ? random.between(10, 25) : random.between(1, 20),
    })),
    slots: random.chance(0.2) ? random.between(1, 2) : 100,
    trimDelayMs: random.chance(0.5) ? 0 : 20_000,
    // Not drawn, so that kept seeds go on drawing what they drew.
    renewalEntries: spanMs % 5 < 2 ? 2 + (spanMs % 19) : 10_000,
    way: random.chance(0.6) ? "continue" : random.chance(0.7) ? "reset" : "interrupt",
    firstWordMs: random.between(10, 400),
    wordIntervalMs,
    failing: random.chance(0.1) ? 0.3 : 0,
    races: random.chance(0.5),
    // A text that takes several entries to open.
    paddingCharacters: random.chance(0.004) ? 9_000 : 0,
    faults: faults.sort((one, other) => one.atMs - other.atMs),
    healAtMs: Math.max(...faults.map(({ atMs, forMs }) => atMs + forMs)) + 10,
  };
}

function plannedFault(random: Random, spanMs: number): PlannedFault {
  let drawn = random.next() * totalWeight;
  let kind: FaultKind = "stop";
  for (const candidate of faultKinds) {
    drawn -= weights[candidate];
    if (drawn < 0) {
      kind = candidate;
      break;
    }
  }
  // Short ones slip between the time-outs, long ones reach past them.
  const forMs = random.chance(0.5) ? random.between(50, 1_500) : random.between(1_000, 5_500);
  return { kind, atMs: random.between(0, spanMs), forMs };
}
