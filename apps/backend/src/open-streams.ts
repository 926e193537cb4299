import { RegisteredError } from "@uci/protocol";
import type { SignIn } from "./identity.ts";
import type { SseConnection } from "./sse.ts";

/** Who opened a stream, by which sign-in. */
export type StreamOwner = {
  readonly userId: string;
  /** Null in trusted mode, where the gateway ends what it has to. */
  readonly signIn: SignIn | null;
};

type OpenStream = StreamOwner & { readonly endsAtMs: number };

const retryAfterMs = 5_000;
/** Streams of one age do not end in one moment. */
const spread = 0.1;

/** Connections of this pod that are open on the wire: counted by user, kept alive, ended when their sign-in is. */
export class OpenStreams {
  readonly #mostOfUser: number;
  readonly #greatestAgeMs: number;
  readonly #streams = new Map<SseConnection, OpenStream>();
  readonly #perUser = new Map<string, number>();

  constructor(mostOfUser: number, greatestAgeMs: number) {
    this.#mostOfUser = mostOfUser;
    this.#greatestAgeMs = greatestAgeMs;
  }

  /**
   * A place for one more stream of a user, taken before anything is waited for: what is only looked at then would let in
   * all who come at once. Throws `too_many_connections`. The returned function gives the place back, once.
   */
  take(userId: string): () => void {
    const open = this.#perUser.get(userId) ?? 0;
    if (open >= this.#mostOfUser) throw new RegisteredError("too_many_connections", undefined, retryAfterMs);
    this.#perUser.set(userId, open + 1);
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      const left = (this.#perUser.get(userId) ?? 1) - 1;
      if (left === 0) this.#perUser.delete(userId);
      else this.#perUser.set(userId, left);
    };
  }

  add(connection: SseConnection, { userId, signIn }: StreamOwner, nowMs: number): void {
    const ageMs = this.#greatestAgeMs * (1 - spread * Math.random());
    this.#streams.set(connection, { userId, signIn, endsAtMs: nowMs + ageMs });
  }

  remove(connection: SseConnection): void {
    this.#streams.delete(connection);
  }

  get all(): readonly SseConnection[] {
    return [...this.#streams.keys()];
  }

  /** Ends the streams of sign-ins that have ended. */
  endSignIns(signInIds: ReadonlySet<string>): void {
    if (signInIds.size === 0) return;
    for (const [connection, { signIn }] of this.#streams) {
      if (signIn !== null && signInIds.has(signIn.id)) connection.close("signed_out");
    }
  }

  /** Ends what is too old, or whose sign-in has run out; writes a comment to the others where it is time for one. */
  keepAlive(nowMs: number): void {
    for (const [connection, { signIn, endsAtMs }] of this.#streams) {
      if (signIn !== null && signIn.expiresAtMs <= nowMs) connection.close("signed_out");
      else if (endsAtMs <= nowMs) connection.close("too_old");
      else connection.keepAlive(nowMs);
    }
  }
}
