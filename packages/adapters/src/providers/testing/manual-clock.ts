import type { Clock } from "@uci/stream";

type Alarm = { readonly dueMs: number; readonly task: () => void };

/** A clock that stands still until told to go on. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #alarms = new Set<Alarm>();

  constructor(nowMs = 1_780_000_000_000) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const alarm = { dueMs: this.#nowMs + delayMs, task };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Alarms that have not gone off, by the time they still have. */
  get pendingMs(): number[] {
    return Array.from(this.#alarms, ({ dueMs }) => dueMs - this.#nowMs).sort((one, other) => one - other);
  }

  /** Lets time pass; alarms go off in order, each at its own time. */
  advance(durationMs: number): void {
    const untilMs = this.#nowMs + durationMs;
    for (;;) {
      const next = Array.from(this.#alarms).sort((one, other) => one.dueMs - other.dueMs)[0];
      if (next === undefined || next.dueMs > untilMs) break;
      this.#alarms.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.task();
    }
    this.#nowMs = untilMs;
  }
}
