import type { Message, Rating, Session } from "@uci/protocol";

export type BranchOutcome =
  | { readonly kind: "branched"; readonly session: Session }
  /** The session or the message in it does not exist or is another user's. */
  | { readonly kind: "not_found" }
  | { readonly kind: "unfinished" }
  | { readonly kind: "not_an_answer" }
  /** A temporary session keeps no texts that could be copied. */
  | { readonly kind: "temporary_session" };

export type RatingOutcome =
  | { readonly kind: "rated"; readonly message: Message }
  | { readonly kind: "not_found" }
  | { readonly kind: "unfinished" }
  | { readonly kind: "not_an_answer" };

export type EditOutcome =
  | { readonly kind: "edited"; readonly message: Message }
  | { readonly kind: "not_found" }
  | { readonly kind: "unfinished" }
  | { readonly kind: "not_an_answer" }
  /** A temporary session keeps no texts. */
  | { readonly kind: "temporary_session" };

export type Instruction = {
  readonly content: string;
  /** Undefined: the newest message. Null: none, the instruction begins a conversation of its own. */
  readonly parent_message_id: string | null | undefined;
};

export type InstructOutcome =
  | { readonly kind: "instructed"; readonly message: Message }
  /** The session or the parent in it does not exist or is another user's. */
  | { readonly kind: "not_found" }
  /** The parent is an answer that is being written. */
  | { readonly kind: "unfinished" }
  /** The parent is a question. */
  | { readonly kind: "not_an_answer" }
  /** A temporary session keeps no texts. */
  | { readonly kind: "temporary_session" };

/** Messages that are gone, the first of them and all that followed it. */
export type RemovedMessages = {
  readonly session_id: string;
  /** Answers among them that were not final. */
  readonly unfinished: readonly string[];
};

/** What a reader does to the tree of a session. Each verb is one transaction; another user's id is the same as none. */
export interface TreeStore {
  /** Keeps what the reader thinks of a finished answer, null: nothing. */
  rate(userId: string, messageId: string, rating: Rating | null): Promise<RatingOutcome>;
  /** Keeps another text for a finished answer as a sibling of it, complete and marked `edited`. */
  edit(userId: string, messageId: string, content: string): Promise<EditOutcome>;
  /** Keeps a message of role `system`, which every answer after it is given. */
  instruct(userId: string, sessionId: string, instruction: Instruction): Promise<InstructOutcome>;
  /** Removes a message and everything that follows it; null: no such message. */
  remove(userId: string, messageId: string): Promise<RemovedMessages | null>;
  /** A new session with a copy of the way from the root to an answer, under the same title and settings. */
  branch(userId: string, sessionId: string, messageId: string): Promise<BranchOutcome>;
}
