import { RegisteredError } from "@uci/protocol";

const retryAfterMs = 2_000;

/** One body that is being read. */
export type HeldBody = {
  /** So many bytes more of it are here. Throws `too_many_requests` where its caller holds too much, `overloaded` where all do. */
  add(bytes: number): void;
  /** Its request has ended, however. */
  end(): void;
};

/**
 * Bytes of request bodies a pod holds at one time, until their requests are answered. What has arrived counts and not what
 * was announced: whoever announces much and sends nothing takes nobody's room.
 */
export class BodyBudget {
  readonly #mostBytes: number;
  readonly #mostBytesOfOne: number;
  readonly #byCaller = new Map<string, number>();
  #bytes = 0;

  constructor(mostBytes: number, mostBytesOfOne: number) {
    this.#mostBytes = mostBytes;
    this.#mostBytesOfOne = mostBytesOfOne;
  }

  get bytesInFlight(): number {
    return this.#bytes;
  }

  hold(caller: string): HeldBody {
    let held = 0;
    let isOver = false;
    return {
      add: (bytes) => {
        if (isOver) return;
        if (this.#of(caller) + bytes > this.#mostBytesOfOne) {
          throw new RegisteredError(
            "too_many_requests",
            "You are sending too much at once; wait a little.",
            retryAfterMs,
          );
        }
        if (this.#bytes + bytes > this.#mostBytes) throw new RegisteredError("overloaded", undefined, retryAfterMs);
        held += bytes;
        this.#move(caller, bytes);
      },
      end: () => {
        if (isOver) return;
        isOver = true;
        this.#move(caller, -held);
      },
    };
  }

  #of(caller: string): number {
    return this.#byCaller.get(caller) ?? 0;
  }

  #move(caller: string, bytes: number): void {
    this.#bytes += bytes;
    const left = this.#of(caller) + bytes;
    if (left <= 0) this.#byCaller.delete(caller);
    else this.#byCaller.set(caller, left);
  }
}
