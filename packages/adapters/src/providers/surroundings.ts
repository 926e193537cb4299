import type { Clock } from "@uci/stream";
import type { ProviderLimits } from "./limits.ts";

/** What the adapters use of the world; every field has a default, tests replace what they need. */
export type ProviderSurroundings = {
  readonly clock?: Clock;
  /** A number from 0 up to, but not including, 1: spreads retries. */
  readonly random?: () => number;
  readonly fetch?: typeof fetch;
  /** Told, in one sentence without secrets, of something the operator should know. */
  readonly warn?: (sentence: string) => void;
};

/** The same with everything filled in. */
export type Surroundings = Required<ProviderSurroundings> & { readonly limits: ProviderLimits };

const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

export function completeSurroundings(given: ProviderSurroundings, limits: ProviderLimits): Surroundings {
  return {
    clock: given.clock ?? systemClock,
    random: given.random ?? Math.random,
    fetch: given.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    warn: given.warn ?? (() => undefined),
    limits,
  };
}
