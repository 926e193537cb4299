import { natsLimits as limits } from "./limits.ts";

export type StreamSize = { readonly bytes: number /** 0 or less: no limit. */; readonly mostBytes: number };

/**
 * How full a stream is, without a question per append: what the server said last, at most two seconds old while
 * something is appended, and what was appended here since.
 */
export class FillLevel {
  readonly #ask: () => Promise<StreamSize>;
  #known: StreamSize = { bytes: 0, mostBytes: 0 };
  #addedBytes = 0;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #asking = false;

  constructor(ask: () => Promise<StreamSize>) {
    this.#ask = ask;
  }

  /** Counts what was appended here. */
  add(bytes: number): void {
    this.#addedBytes += bytes;
  }

  /** Whether chunks have to wait. Looks anew in the background when what is known is old. */
  isPastChunkShare(nowMs: number): boolean {
    if (!this.#asking && nowMs - this.#askedAtMs >= limits.fillLevelIntervalMs) void this.#look(nowMs);
    const { bytes, mostBytes } = this.#known;
    return mostBytes > 0 && bytes + this.#addedBytes >= mostBytes * limits.chunkShare;
  }

  async #look(nowMs: number): Promise<void> {
    this.#asking = true;
    this.#askedAtMs = nowMs;
    const addedBefore = this.#addedBytes;
    try {
      this.#known = await this.#ask();
      this.#addedBytes -= addedBefore;
    } catch {
      // What was known has to do; the server itself refuses what it has no room for.
    } finally {
      this.#asking = false;
    }
  }
}
