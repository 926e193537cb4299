import { keyTimes } from "@uci/protocol";
import type { Clock } from "@uci/stream";
import type { SessionMeta, SessionMetaCache } from "../ports.ts";
import { sessionMetaTimes } from "../session-meta-times.ts";

/** Sessions remembered at most; those kept longest ago go first. */
const mostSessions = 10_000;

type Entry = { readonly meta: SessionMeta | null; readonly untilMs: number };

/** The cache of sessions of one process. */
export class MemorySessionMetaCache implements SessionMetaCache {
  readonly #clock: Clock;
  /** Null meta: dropped just now. */
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async find(sessionId: string): Promise<SessionMeta | null> {
    return this.#entry(sessionId)?.meta ?? null;
  }

  async keep(sessionId: string, meta: SessionMeta): Promise<void> {
    if (this.#entry(sessionId)?.meta === null) return;
    this.#set(sessionId, meta, keyTimes.sessionMetaTtlSeconds * 1000);
  }

  async drop(sessionIds: readonly string[]): Promise<void> {
    for (const sessionId of sessionIds) this.#set(sessionId, null, sessionMetaTimes.droppedMs);
  }

  #entry(sessionId: string): Entry | undefined {
    const entry = this.#entries.get(sessionId);
    return entry !== undefined && entry.untilMs > this.#clock.nowMs() ? entry : undefined;
  }

  #set(sessionId: string, meta: SessionMeta | null, forMs: number): void {
    this.#entries.delete(sessionId);
    this.#entries.set(sessionId, { meta, untilMs: this.#clock.nowMs() + forMs });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= mostSessions) break;
      this.#entries.delete(oldest);
    }
  }
}
