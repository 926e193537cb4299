import type { ApiError, ConnectionState } from "@uci/client";
import type { AnswerStatus, AttachmentReference, ChatRequest, Message, Session } from "@uci/protocol";
import type { ToolPart } from "@uci/stream";

/** What is known of an answer while it is being written. */
export type LiveAnswer = {
  /** What the reader sees of the text: whole words of what has arrived. */
  readonly text: string;
  readonly reasoning: string;
  /** What it asked tools for and what they gave. */
  readonly tools: readonly ToolPart[];
  /** When the first of it arrived here, milliseconds since the epoch; null before. */
  readonly startedMs: number | null;
  /** How long it thought before the first word of text; null while it still does. */
  readonly thoughtMs: number | null;
  /** Number of the worker writing it; above 1, somebody took over. */
  readonly attempt: number;
  /** Where in the text others took over. */
  readonly joins: readonly number[];
  /** The server is looking for the rest of it. */
  readonly recovering: boolean;
};

/** The loaded part of one session's tree, and which branch its reader chose where it forks. */
export type Thread = {
  readonly messages: Readonly<Record<string, Message>>;
  /** Chosen child by parent id ("" for the roots). */
  readonly selected: Readonly<Record<string, string>>;
};

/**
 * `queued`: its turn has not come. `sending`. `waiting`: the server could not be reached, it is tried again by itself.
 * `failed`: the server will not have it.
 */
export type UnsentState = "queued" | "sending" | "waiting" | "failed";

/** Which model is to answer; empty: the server's default. */
export type ModelChoice = Pick<ChatRequest, "ai_provider" | "model">;

/** A message that was written but not accepted yet. */
export type UnsentMessage = {
  /** Also the idempotency key, so that it is stored once however often it is sent. */
  readonly key: string;
  readonly sessionId: string;
  readonly text: string;
  /** Files that go along. */
  readonly attachments?: readonly AttachmentReference[];
  /** The message it answers, null for a new root; undefined: whatever is last when its turn comes. */
  readonly parentMessageId: string | null | undefined;
  readonly model: ModelChoice;
  /** What was sent, once it was: a repeat must be the same to the letter. */
  readonly request: ChatRequest | null;
  readonly state: UnsentState;
  /** Why the server will not have it; an empty code where this page itself failed. */
  readonly problem: { readonly code: string; readonly message: string; readonly correlationId?: string | null } | null;
};

export type Connection = {
  readonly state: ConnectionState;
  readonly sinceMs: number;
  readonly error: ApiError | null;
};

/** All that the page shows, as a fold over events and query results. */
export type ChatState = {
  readonly connection: Connection;
  readonly sessions: Readonly<Record<string, Session>>;
  /** Sessions that were removed, or are about to be and can still be taken back. */
  readonly removed: Readonly<Record<string, true>>;
  readonly threads: Readonly<Record<string, Thread>>;
  readonly live: Readonly<Record<string, LiveAnswer>>;
  readonly unsent: Readonly<Record<string, readonly UnsentMessage[]>>;
  /** Sessions with an answer that ended while another one was shown. */
  readonly unseen: Readonly<Record<string, true>>;
  readonly currentSessionId: string | null;
};

export const emptyThread: Thread = { messages: {}, selected: {} };

export const initialState: ChatState = {
  connection: { state: "connecting", sinceMs: 0, error: null },
  sessions: {},
  removed: {},
  threads: {},
  live: {},
  unsent: {},
  unseen: {},
  currentSessionId: null,
};

export const newLiveAnswer: LiveAnswer = {
  text: "",
  reasoning: "",
  tools: [],
  startedMs: null,
  thoughtMs: null,
  attempt: 0,
  joins: [],
  recovering: false,
};

/** Whether an answer is still being written. */
export function isUnfinished(status: AnswerStatus): boolean {
  return status === "queued" || status === "streaming";
}
