import type { AppendOutcome } from "../src/ports.ts";

const duplicateWindowMs = 2 * 60_000;
/** Two appends with the same predecessor may both be accepted while the first is this fresh. */
const raceWindowMs = 60;

export type LogItem<Value> = { readonly sequence: number; readonly atMs: number; readonly value: Value };

export type LogWorld = {
  nowMs(): number;
  /** Whether this append wins a race that it should lose: an old server with replicas lets both through. */
  racesThrough(): boolean;
  /** How far a follower lags at this moment. */
  lagMs(): number;
};

/** Reads are served by the leader. A follower would lag; the mutants read from one. */
const readsFromLeader: boolean = true;

/** Many logs under one growing sequence, with compare-and-set appends as strong, and as weak, as the real ones. */
export class SequencedLog<Value> {
  readonly #world: LogWorld;
  readonly #logs = new Map<string, LogItem<Value>[]>();
  readonly #identities = new Map<string, { sequence: number; atMs: number }>();
  readonly #stored: (key: string, item: LogItem<Value>) => void;
  #lastSequence = 0;

  /** `stored` is told of every item at the moment it is there for good. */
  constructor(world: LogWorld, stored: (key: string, item: LogItem<Value>) => void) {
    this.#world = world;
    this.#stored = stored;
  }

  append(key: string, identity: string, value: Value, afterSequence: number): AppendOutcome {
    const atMs = this.#world.nowMs();
    const repeated = this.#identities.get(identity);
    if (repeated !== undefined && atMs - repeated.atMs < duplicateWindowMs) {
      return { kind: "duplicate", sequence: repeated.sequence };
    }
    const log = this.#logs.get(key) ?? [];
    const last = log.at(-1);
    if ((last?.sequence ?? 0) !== afterSequence && !this.#racesThrough(log, afterSequence, atMs)) {
      return { kind: "moved" };
    }
    const sequence = ++this.#lastSequence;
    const item = { sequence, atMs, value };
    log.push(item);
    this.#logs.set(key, log);
    this.#identities.set(identity, { sequence, atMs });
    this.#stored(key, item);
    return { kind: "committed", sequence };
  }

  /** Items from a sequence on. */
  read(key: string, fromSequence: number, most: number): readonly LogItem<Value>[] {
    const seen = this.#seen(key);
    const start = seen.findIndex((item) => item.sequence >= fromSequence);
    return start === -1 ? [] : seen.slice(start, start + most);
  }

  at(key: string, sequence: number): LogItem<Value> | null {
    return this.#seen(key).find((item) => item.sequence === sequence) ?? null;
  }

  last(key: string): LogItem<Value> | null {
    return this.#seen(key).at(-1) ?? null;
  }

  trim(key: string, beforeSequence: number): void {
    const log = this.#logs.get(key) ?? [];
    const kept = log.filter((item, index) => item.sequence >= beforeSequence || index === log.length - 1);
    if (log.length > 0) this.#logs.set(key, kept);
  }

  remove(key: string): void {
    this.#logs.delete(key);
  }

  keys(): string[] {
    return [...this.#logs.keys()];
  }

  #seen(key: string): readonly LogItem<Value>[] {
    const log = this.#logs.get(key) ?? [];
    if (readsFromLeader) return log;
    const untilMs = this.#world.nowMs() - this.#world.lagMs();
    return log.filter((item) => item.atMs <= untilMs);
  }

  #racesThrough(log: readonly LogItem<Value>[], afterSequence: number, atMs: number): boolean {
    const last = log.at(-1);
    const predecessor = log.at(-2)?.sequence ?? 0;
    if (last === undefined || predecessor !== afterSequence || atMs - last.atMs > raceWindowMs) return false;
    return this.#world.racesThrough();
  }
}
