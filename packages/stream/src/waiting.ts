import type { Clock } from "./ports.ts";

/** Resolves after `delayMs`. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}

/** Doubling pauses from `firstMs` up to `lastMs`. */
export class Backoff {
  readonly #firstMs: number;
  readonly #lastMs: number;
  #nextMs: number;

  constructor(firstMs: number, lastMs: number) {
    this.#firstMs = firstMs;
    this.#lastMs = lastMs;
    this.#nextMs = firstMs;
  }

  nextMs(): number {
    const pauseMs = this.#nextMs;
    this.#nextMs = Math.min(pauseMs * 2, this.#lastMs);
    return pauseMs;
  }

  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}

/** Runs `task` until it returns, pausing after each failure, as long as `wanted` says so; null when it no longer is. */
export async function untilDone<Result>(
  clock: Clock,
  backoff: Backoff,
  wanted: () => boolean,
  task: () => Promise<Result>,
  gaveUpOn: (error: unknown) => boolean = () => false,
): Promise<Result | null> {
  while (wanted()) {
    try {
      return await task();
    } catch (error) {
      if (gaveUpOn(error)) throw error;
      await sleep(clock, backoff.nextMs());
    }
  }
  return null;
}

/** Calls `task` every `intervalMs` until the returned function is called. The next interval starts when the last call began. */
export function every(clock: Clock, intervalMs: number, task: () => void): () => void {
  let cancel = clock.after(intervalMs, tick);
  let stopped = false;
  function tick(): void {
    if (stopped) return;
    cancel = clock.after(intervalMs, tick);
    task();
  }
  return () => {
    stopped = true;
    cancel();
  };
}
