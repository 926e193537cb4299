import type { AnswerPosition, LinkHandlers, OpenLink, StreamLink } from "../stream-link.ts";

/** One connection of the hub to the server: what it was asked for, and what it has told of. */
export class Upstream {
  readonly sessionIds: readonly string[];
  /** Answers it was asked for by name or has told of itself: of these nothing is missed. */
  readonly named: Set<string>;
  recovered = true;
  readonly #link: StreamLink;
  #closed = false;

  constructor(
    openLink: OpenLink,
    sessionIds: readonly string[],
    positions: readonly AnswerPosition[],
    handlers: LinkHandlers,
  ) {
    this.sessionIds = sessionIds;
    this.named = new Set(positions.map(({ messageId }) => messageId));
    this.#link = openLink({ sessionIds, positions }, handlers);
  }

  /** Milliseconds since the server was heard. */
  get silentMs(): number {
    return this.#link.silentMs;
  }

  /** Whether it follows all these sessions and was asked for all these answers. */
  serves(sessionIds: readonly string[], messageIds: readonly string[]): boolean {
    if (this.#closed) return false;
    return sessionIds.every((id) => this.sessionIds.includes(id)) && messageIds.every((id) => this.named.has(id));
  }

  close(): void {
    this.#closed = true;
    this.#link.close();
  }
}
