import type { AppendOutcome, Clock } from "../ports.ts";

/** How long two appends with the same identity count as one. */
const duplicateWindowMs = 2 * 60_000;

export type LogItem<Value> = { readonly sequence: number; readonly value: Value };

/** Many small logs under one growing sequence, with compare-and-set appends and recognition of repeated ones. */
export class SequencedLog<Value> {
  readonly #clock: Clock;
  readonly #logs = new Map<string, LogItem<Value>[]>();
  readonly #identities = new Map<string, { sequence: number; atMs: number }>();
  #lastSequence = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  append(key: string, identity: string, value: Value, afterSequence: number): AppendOutcome {
    this.#forgetIdentities();
    const repeated = this.#identities.get(identity);
    if (repeated !== undefined) return { kind: "duplicate", sequence: repeated.sequence };
    const log = this.#logs.get(key) ?? [];
    if ((log.at(-1)?.sequence ?? 0) !== afterSequence) return { kind: "moved" };
    const sequence = ++this.#lastSequence;
    log.push({ sequence, value });
    this.#logs.set(key, log);
    this.#identities.set(identity, { sequence, atMs: this.#clock.nowMs() });
    return { kind: "committed", sequence };
  }

  items(key: string): readonly LogItem<Value>[] {
    return this.#logs.get(key) ?? [];
  }

  last(key: string): LogItem<Value> | null {
    return this.#logs.get(key)?.at(-1) ?? null;
  }

  /** Removes items before a sequence, always keeping the last. */
  trim(key: string, beforeSequence: number): void {
    const log = this.#logs.get(key);
    if (log === undefined) return;
    const firstKept = log.findIndex((item, index) => item.sequence >= beforeSequence || index === log.length - 1);
    log.splice(0, firstKept);
  }

  remove(key: string): void {
    this.#logs.delete(key);
  }

  #forgetIdentities(): void {
    const beforeMs = this.#clock.nowMs() - duplicateWindowMs;
    for (const [identity, { atMs }] of this.#identities) {
      if (atMs >= beforeMs) return;
      this.#identities.delete(identity);
    }
  }
}
