import type { Clock } from "@uci/stream";

/**
 * Tells when a wait has lasted too long. One timer serves any number of waits: starting and ending one costs two
 * assignments, which matters because there is one for each token.
 */
export class SilenceWatch {
  readonly #clock: Clock;
  readonly #onSilence: (limitMs: number) => void;
  #sinceMs: number | null = null;
  #limitMs = 0;
  #timerDueMs = 0;
  #cancelTimer: (() => void) | null = null;

  constructor(clock: Clock, onSilence: (limitMs: number) => void) {
    this.#clock = clock;
    this.#onSilence = onSilence;
  }

  /** A wait that began at `sinceMs` may last `limitMs`. */
  wait(sinceMs: number, limitMs: number): void {
    this.#sinceMs = sinceMs;
    this.#limitMs = limitMs;
    const dueMs = sinceMs + limitMs;
    if (this.#cancelTimer === null || dueMs < this.#timerDueMs) this.#arm(dueMs);
  }

  /** Nobody waits just now: however slow the reader is, the provider is not to blame. */
  rest(): void {
    this.#sinceMs = null;
  }

  stop(): void {
    this.#sinceMs = null;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #arm(dueMs: number): void {
    this.#cancelTimer?.();
    this.#timerDueMs = dueMs;
    this.#cancelTimer = this.#clock.after(Math.max(0, dueMs - this.#clock.nowMs()), () => this.#check());
  }

  #check(): void {
    this.#cancelTimer = null;
    if (this.#sinceMs === null) return;
    const dueMs = this.#sinceMs + this.#limitMs;
    // Timers may fire a millisecond early; one that did is set again.
    if (this.#clock.nowMs() >= dueMs) this.#onSilence(this.#limitMs);
    else this.#arm(dueMs);
  }
}
