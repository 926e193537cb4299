import type { SearchResult, Session, Share, SharedBranch } from "@uci/protocol";
import type { Page, PageRequest } from "./page.ts";

/** Full text of a user's sessions. */
export interface SearchStore {
  /**
   * Messages and titles in which all words of the query are, newest first. What was written just before is found, too;
   * of very much that was never looked through, a part may be missing until the next time. Temporary sessions are not in it.
   */
  find(userId: string, query: string, page: PageRequest): Promise<Page<SearchResult>>;
}

/** `too_large`: the branch's texts are more than a share holds. `full`: the session has as many shares as it may have. */
export type ShareRefusal = "too_large" | "full";

/** Frozen branches that anybody with the address may read. */
export interface ShareStore {
  /** Copies the texts of the branch that ends at a message, or at the newest; null: no such session or message of the user's. */
  create(userId: string, sessionId: string, messageId: string | undefined): Promise<Share | ShareRefusal | null>;
  /** Newest first; null: no such session. */
  list(userId: string, sessionId: string, page: PageRequest): Promise<Page<Share> | null>;
  /** False: there was no such share of the user's. */
  remove(userId: string, shareId: string): Promise<boolean>;
  /** For anybody; null: there is none, or no more. */
  read(shareId: string): Promise<SharedBranch | null>;
}

/** A first turn whose session may get a better title than its first line. */
export type UntitledTurn = {
  readonly session_id: string;
  readonly question: string;
  readonly answer: string;
  readonly model: string | null;
};

/** Titles that a model gives. */
export interface TitleStore {
  /** The turn of an answer, if it is complete, the first of its session, and nobody but its own first line has given a title yet. */
  untitledTurn(messageId: string): Promise<UntitledTurn | null>;
  /** Null: a person has named the session in the meantime, or it is gone. */
  titleByModel(sessionId: string, title: string): Promise<{ session: Session; user_id: string } | null>;
}
