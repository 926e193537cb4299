import { LRUCache } from "lru-cache";
import type { Accounts } from "./accounts.ts";
import type { OpenStreams } from "./open-streams.ts";
import type { Attempts } from "./rate-limit.ts";

const intervalMs = 2_000;
const tidyEveryRounds = 300;
/** What ended so long before the last look is asked for again: longer than a transaction that ends it may take to commit. */
const overlapSeconds = 60;
/** The database keeps what ended for longer than this; after a longer gap nobody can say what was missed. */
const longestGapMs = 3_600_000;
/** Longer than the longest gap. */
const rememberedMs = 2 * longestGapMs;

/**
 * Ends at this pod what a sign-in that ended elsewhere has open here. Looks into the database rather than listening to
 * the broker: one small question a pod every two seconds, whatever the number of streams, and no message can be lost.
 */
export class RevocationWatch {
  readonly #accounts: Accounts;
  readonly #attempts: Attempts;
  readonly #streams: OpenStreams;
  /** What has been carried out here already; several pods of one process share the accounts. */
  readonly #told = new LRUCache<string, true>({ max: 100_000, ttl: rememberedMs });
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | null = null;
  #lookedAtMs = performance.now();
  #rounds = 0;

  constructor(accounts: Accounts, attempts: Attempts, streams: OpenStreams) {
    this.#accounts = accounts;
    this.#attempts = attempts;
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
      const startedMs = performance.now();
      const gapMs = startedMs - this.#lookedAtMs;
      const recent = await this.#accounts.recentRevocations(Math.ceil(gapMs / 1000) + overlapSeconds);
      if (gapMs > longestGapMs) for (const stream of this.#streams.all) stream.close("too_old");
      this.#lookedAtMs = startedMs;
      const ended = new Set(recent.filter((id) => !this.#told.has(id)));
      for (const id of ended) this.#told.set(id, true);
      this.#streams.endSignIns(ended);
      if (this.#rounds++ % tidyEveryRounds !== 0) return;
      await this.#accounts.forgetOldRevocations();
      await this.#attempts.forgetOld();
    } catch {
      // The database is away, perhaps from this pod alone: the next look that succeeds asks for all since the last one.
    }
  }
}
