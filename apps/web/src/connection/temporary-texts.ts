import { ApiError, type Client } from "@uci/client";

/** Waits before the server is asked once more: an answer that has just ended may not be stored yet. */
const retryMs = 500;
const retryCeilingMs = 30_000;

/**
 * Sees to it that the server does not keep the texts of a temporary chat: asks until they are gone. Does not hang on
 * the news that an answer was stored, which may fall between two connections. What a closed page could not ask for,
 * the server takes by itself after a while.
 */
export class TemporaryTexts {
  readonly #client: Client;
  readonly #asked = new Set<string>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** The answer is whole on this page. */
  forget(messageId: string): void {
    if (this.#asked.has(messageId)) return;
    this.#asked.add(messageId);
    void this.#ask(messageId, retryMs);
  }

  /** Nobody waits for the answer any more: it is ended, then forgotten. */
  abandon(messageId: string): void {
    void this.#client.messages
      .stop(messageId)
      .catch(() => undefined)
      .then(() => this.forget(messageId));
  }

  async #ask(messageId: string, waitMs: number): Promise<void> {
    try {
      await this.#client.messages.forget(messageId);
    } catch (error) {
      // Refused for good: there is nothing of it that is still this person's.
      if (error instanceof ApiError && !error.retryable) return;
      setTimeout(() => void this.#ask(messageId, Math.min(waitMs * 2, retryCeilingMs)), waitMs);
    }
  }
}
