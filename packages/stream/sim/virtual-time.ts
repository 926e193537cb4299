import type { Clock } from "../src/ports.ts";

type Timer = { readonly atMs: number; readonly order: number; task: (() => void) | null };

const epochMs = Date.UTC(2026, 0, 1);

/** Time that moves from timer to timer, in the order of their times and then of their setting. */
export class VirtualTime implements Clock {
  #nowMs = epochMs;
  #order = 0;
  /** Binary heap; cancelled timers stay in it without a task. */
  readonly #heap: Timer[] = [];
  /** Timers that have run. */
  steps = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  /** Milliseconds since the beginning of the schedule. */
  get elapsedMs(): number {
    return this.#nowMs - epochMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, task };
    this.#push(timer);
    return () => {
      timer.task = null;
    };
  }

  /**
   * Runs timers until `done` says so after one of them, or `limitMs` since the beginning is passed; returns whether it
   * was done. Between two timers every promise callback that can run has run: a callback of `nextTick` is called when
   * the queue of microtasks is empty, so one set from a microtask runs behind all of them.
   */
  run(limitMs: number, done: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const untilMs = epochMs + limitMs;
      const settled = Promise.resolve();
      const later = () => process.nextTick(step);
      // Node's own queueMicrotask does more than is needed, and this runs a thousand times a schedule.
      const settle = () => void settled.then(later);
      const step = () => {
        try {
          if (done()) return resolve(true);
          const next = this.#pop();
          if (next === null || next.atMs > untilMs) {
            if (next !== null) this.#push(next);
            this.#nowMs = Math.max(this.#nowMs, untilMs);
            return resolve(false);
          }
          this.#nowMs = next.atMs;
          this.steps++;
          next.task?.();
        } catch (error) {
          return reject(error);
        }
        settle();
      };
      settle();
    });
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(timer);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex]!;
      if (isBefore(parent, timer)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = timer;
  }

  /** The next timer that has not been cancelled. */
  #pop(): Timer | null {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined) return null;
      const last = this.#heap.pop()!;
      if (last !== first) this.#sink(last);
      if (first.task !== null) return first;
    }
  }

  #sink(timer: Timer): void {
    const heap = this.#heap;
    const { length } = heap;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (isBefore(timer, heap[child]!)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = timer;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
