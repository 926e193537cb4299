import type { AnswerStatus, ChunkError, FinishReason, MessageCreatedEvent, StreamEvents } from "@uci/protocol";
import type { AnswerFold } from "@uci/stream";
import type { ApiError } from "./errors.ts";

/**
 * `connecting`: the first attempt is under way. `open`: the server's events arrive. `reconnecting`: it broke off and is
 * tried again by itself. `offline`: the same, on a machine that says it has no network. `refused`: the server will not
 * have this caller or these sessions; only `setSessions` or `reconnect` tries again. `paused`: `pause` was called, and
 * only `reconnect` goes on. `closed`: `close` was called.
 */
export type ConnectionState = "connecting" | "open" | "reconnecting" | "offline" | "refused" | "paused" | "closed";

export type ConnectionEvent = {
  readonly type: "connection";
  readonly state: ConnectionState;
  /** When this state began, milliseconds since the Unix epoch. */
  readonly sinceMs: number;
  /** What the last attempt failed with; null when it did not fail. */
  readonly error: ApiError | null;
};

/** What a reader may see of a fold; it belongs to the stream and goes on changing. */
export type AnswerView = Readonly<
  Pick<
    AnswerFold,
    "generation" | "attempt" | "nextChunkId" | "text" | "textBytes" | "reasoning" | "tools" | "joins" | "resets"
  >
>;

export type AnswerChangedEvent = {
  readonly type: "answer_changed";
  readonly messageId: string;
  readonly sessionId: string;
  readonly fold: AnswerView;
  /** `appended`: the pieces below were added at the end. `replaced`: what was shown before is void, take the fold's text. */
  readonly change: "appended" | "replaced";
  readonly appendedText: string;
  readonly appendedReasoning: string;
};

/** The answer is whole: its last piece came and length and hash are right, or the server gave all of a finished one. */
export type AnswerEndedEvent = {
  readonly type: "answer_ended";
  readonly messageId: string;
  readonly sessionId: string;
  readonly fold: AnswerView;
  readonly status: AnswerStatus;
  /** Null where only the finished text was given. */
  readonly finishReason: FinishReason | null;
  readonly model: string | null;
  readonly tokensUsed: number | null;
  /** How long it was thought about before its first word, and how long it was written; null where nobody measured. */
  readonly thoughtMs: number | null;
  readonly writtenMs: number | null;
  readonly error: ChunkError | null;
  /** Under which the server's log knows an answer that ended with an error or was cut off; null otherwise. */
  readonly correlationId: string | null;
};

type Told<Name extends keyof StreamEvents> = { readonly type: Name } & Readonly<StreamEvents[Name]>;

/** Something the stream has to say. Every kind but the first four is the server's own event. */
export type ClientEvent =
  | ConnectionEvent
  | AnswerChangedEvent
  | AnswerEndedEvent
  /** An answer could not be brought to match its hash, or is being sent again; read its message from history. */
  | { readonly type: "answer_unverified"; readonly messageId: string; readonly sessionId: string }
  | Told<"connected">
  | Told<"message_complete">
  | Told<"message_persisted">
  | Told<"message_updated">
  | Told<"session_updated">
  | Told<"folder_updated">
  | Told<"ready">
  | Told<"recovering">
  | Told<"error">
  | ({ readonly type: "message_created" } & Readonly<MessageCreatedEvent>);
