import type { Clock } from "../src/index.ts";

/** Time that moves only when told, in the order of the timers set. */
export class VirtualClock implements Clock {
  #nowMs = Date.UTC(2026, 0, 1);
  #timers: { atMs: number; order: number; task: () => void }[] = [];
  #order = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, order: this.#order++, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets everything happen that is due within `durationMs`, promises settled between the timers. */
  async run(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    await settled();
    for (;;) {
      const next = this.#timers
        .filter((timer) => timer.atMs <= untilMs)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#timers = this.#timers.filter((timer) => timer !== next);
      next.task();
      await settled();
    }
    this.#nowMs = untilMs;
  }

  /** Runs until `condition` holds; throws when it does not within `limitMs` of virtual time. */
  async until(condition: () => boolean, limitMs = 120_000): Promise<void> {
    for (let passedMs = 0; passedMs <= limitMs; passedMs += 10) {
      await this.run(10);
      if (condition()) return;
    }
    throw new Error(`the condition did not hold within ${limitMs} ms`);
  }
}

/** All promise callbacks that can run have run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
