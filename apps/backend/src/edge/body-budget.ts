import { RegisteredError } from "@uci/protocol";

const retryAfterMs = 2_000;

/** One body that is being read. */
export type HeldBody = {
  /** So many bytes more of it are here. Throws `overloaded` where all callers together hold too much. */
  add(bytes: number): void;
  /** Its request has ended, however. */
  end(): void;
};

/**
 * Bytes of request bodies a pod holds at one time, until their requests are answered. Of a caller alone what is announced
 * counts, so that the refusal comes before anything is sent; of all together what has arrived: whoever announces much and
 * sends nothing takes nobody else's room.
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

  /** A body of so many bytes begins. Throws `too_many_requests` where its caller sends too much already. */
  hold(caller: string, announcedBytes: number): HeldBody {
    const own = this.#byCaller.get(caller) ?? 0;
    if (own > 0 && own + announcedBytes > this.#mostBytesOfOne) {
      throw new RegisteredError("too_many_requests", "You are sending too much at once; wait a little.", retryAfterMs);
    }
    this.#byCaller.set(caller, own + announcedBytes);
    let held = 0;
    let isOver = false;
    return {
      add: (bytes) => {
        if (isOver) return;
        if (this.#bytes + bytes > this.#mostBytes) throw new RegisteredError("overloaded", undefined, retryAfterMs);
        held += bytes;
        this.#bytes += bytes;
      },
      end: () => {
        if (isOver) return;
        isOver = true;
        this.#bytes -= held;
        const left = (this.#byCaller.get(caller) ?? 0) - announcedBytes;
        if (left <= 0) this.#byCaller.delete(caller);
        else this.#byCaller.set(caller, left);
      },
    };
  }
}
