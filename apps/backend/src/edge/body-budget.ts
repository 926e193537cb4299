import { RegisteredError, wireLimits } from "@uci/protocol";

const retryAfterMs = 2_000;

/**
 * Bytes of request bodies a pod holds at one time. A body costs memory from its first byte until its request is answered,
 * so its whole length is counted before any of it is read.
 */
export class BodyBudget {
  readonly #mostBytes: number;
  readonly #mostBytesOfOne: number;
  readonly #byCaller = new Map<string, number>();
  #bytes = 0;

  constructor(mostBytes: number = wireLimits.bodiesInFlightBytes, mostBytesOfOne = wireLimits.importBytes) {
    this.#mostBytes = mostBytes;
    this.#mostBytesOfOne = mostBytesOfOne;
  }

  get bytesInFlight(): number {
    return this.#bytes;
  }

  /**
   * Counts a body of so many bytes for a caller; the returned function gives them back, once. Throws `too_many_requests` where
   * the caller itself holds too much, `overloaded` where all callers together do.
   */
  take(bytes: number, caller: string, refused: (code: string) => void = () => undefined): () => void {
    const own = this.#byCaller.get(caller) ?? 0;
    if (own > 0 && own + bytes > this.#mostBytesOfOne) {
      refused("too_many_requests");
      throw new RegisteredError("too_many_requests", "You are sending too much at once; wait a little.", retryAfterMs);
    }
    if (this.#bytes + bytes > this.#mostBytes) {
      refused("overloaded");
      throw new RegisteredError("overloaded", undefined, retryAfterMs);
    }
    this.#bytes += bytes;
    this.#byCaller.set(caller, own + bytes);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#bytes -= bytes;
      const left = (this.#byCaller.get(caller) ?? 0) - bytes;
      if (left <= 0) this.#byCaller.delete(caller);
      else this.#byCaller.set(caller, left);
    };
  }
}
