import { LRUCache } from "lru-cache";
import type { Accounts } from "./accounts.ts";
import type { OpenStreams } from "./open-streams.ts";

const intervalMs = 2_000;
const tidyEveryRounds = 300;
/** Longer than the database tells what has ended. */
const rememberedMs = 5 * 60_000;

/**
 * Ends at this pod what a sign-in that ended elsewhere has open here. Looks into the database rather than listening to
 * the broker: one small question a pod every two seconds, whatever the number of streams, and no message can be lost.
 */
export class RevocationWatch {
  readonly #accounts: Accounts;
  readonly #streams: OpenStreams;
  /** What has been carried out here already; several pods of one process share the accounts. */
  readonly #told = new LRUCache<string, true>({ max: 100_000, ttl: rememberedMs });
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | null = null;
  #rounds = 0;

  constructor(accounts: Accounts, streams: OpenStreams) {
    this.#accounts = accounts;
    this.#streams = streams;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Looks once more after a look that is under way, which may have missed what its caller has just ended. */
  async look(): Promise<void> {
    await this.#looking;
    this.#looking ??= this.#round().finally(() => {
      this.#looking = null;
    });
    await this.#looking;
  }

  async #round(): Promise<void> {
    try {
      const recent = await this.#accounts.recentRevocations();
      const ended = new Set(recent.filter((id) => !this.#told.has(id)));
      for (const id of ended) this.#told.set(id, true);
      this.#streams.endSignIns(ended);
      if (this.#rounds++ % tidyEveryRounds === 0) await this.#accounts.forgetOldRevocations();
    } catch {
      // While the database is away nothing can be revoked either; the next look makes up for this one.
    }
  }
}
