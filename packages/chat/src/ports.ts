import type {
  GenerationContext,
  HistoryMessage,
  Message,
  Session,
  SessionSettings,
  WorkflowRequest,
} from "@uci/protocol";
import type { AttachmentStore } from "./attachment-ports.ts";
import type { FolderStore, PreferenceStore, PromptStore } from "./collection-ports.ts";
import type { SearchStore, ShareStore } from "./finding-ports.ts";
import type { Page, PageRequest } from "./page.ts";
import type { TransferStore } from "./transfer-ports.ts";
import type { TreeStore } from "./tree-ports.ts";

/** What bounds one turn and all turns of a person. */
export type TurnLimits = {
  /** The largest job that can be published, as JSON, in bytes of UTF-8. */
  readonly job_bytes: number;
  /** Answers of one person that may be in the queue or run; those on top wait for one of them to end. */
  readonly running_answers: number;
  /** Answers of one person that may wait. */
  readonly waiting_answers: number;
};

/** What a caller asks for; ids are checked for their form already. */
export type TurnRequest = {
  readonly user_id: string;
  /** Undefined: a new session. An id not seen before is created for the user. */
  readonly session_id: string | undefined;
  readonly message: string;
  /** Undefined: the newest leaf of the session. Null: a new root. */
  readonly parent_message_id: string | null | undefined;
  readonly ai_provider: string | undefined;
  readonly model: string | undefined;
  readonly context: GenerationContext;
  /** Files of the user that go with the message. */
  readonly attachments: readonly string[];
  /** Not null: a turn of a temporary session, which keeps no texts, and what was said in it so far. */
  readonly temporary: { readonly history: readonly HistoryMessage[] } | null;
  readonly idempotency: Idempotency | null;
  readonly correlation_id: string;
  readonly limits: TurnLimits;
};

export type RegenerationRequest = {
  readonly user_id: string;
  /** The answer to make a sibling of. */
  readonly message_id: string;
  readonly ai_provider: string | undefined;
  readonly model: string | undefined;
  readonly context: GenerationContext;
  readonly idempotency: Idempotency | null;
  readonly correlation_id: string;
  readonly limits: TurnLimits;
};

/** A key is the user's own; `body_hash` tells whether a repeated one came with the same request. Kept 24 h. */
export type Idempotency = { readonly key: string; readonly body_hash: string };

export type AcceptedTurn = {
  /** True: the key had been seen, nothing was stored now and `job` is null. */
  readonly replayed: boolean;
  readonly session: Session;
  readonly session_created: boolean;
  readonly user_message: Message;
  readonly answer: Message;
  /** What to publish; the row of it is committed with the turn. Null where it waits until other answers of the person end. */
  readonly job: WorkflowRequest | null;
  /** Time of the first acceptance, ISO 8601, and its correlation id: a replay answers the same. */
  readonly accepted_at: string;
  readonly correlation_id: string;
};

export type TurnRefusal =
  /** The session, the parent or the answer does not exist or is another user's. */
  | { readonly kind: "not_found" }
  | { readonly kind: "parent_unfinished" }
  /** The parent is not something a user message can follow, or the message is not an answer. */
  | { readonly kind: "not_an_answer" }
  /** A temporary turn in a session that is not, a lasting one in a session that is, or a text that is not there any more. */
  | { readonly kind: "temporary_session" }
  | { readonly kind: "key_reused" }
  /** The job would be larger than the queue takes. */
  | { readonly kind: "too_large" }
  /** As many answers of this person run and wait as may. */
  | { readonly kind: "too_many_answers" };

export type TurnOutcome = { readonly kind: "accepted"; readonly turn: AcceptedTurn } | TurnRefusal;

/** Stores turns. Each verb is one transaction: session, messages, job row and key, or nothing. */
export interface TurnStore {
  acceptTurn(request: TurnRequest): Promise<TurnOutcome>;
  /** A new answer beside an existing one; that one must be final. */
  acceptRegeneration(request: RegenerationRequest): Promise<TurnOutcome>;
  /** The same, beginning with the text of the existing one, which must have been stopped, broken off or have failed. */
  acceptContinuation(request: RegenerationRequest): Promise<TurnOutcome>;
  /**
   * Removes the texts of an answer of a temporary session: its reader has them. Null: there is no such answer of the
   * user's in a temporary session.
   */
  forgetTexts(userId: string, messageId: string): Promise<"forgotten" | "unfinished" | null>;
}

/** What is known of a session without asking for all of it. */
export type SessionSummary = Pick<Session, "session_id" | "title" | "created_at" | "updated_at"> & {
  readonly settings: Pick<Session["settings"], "ai_provider" | "model">;
};

/** Which sessions a list shows. Temporary ones are in none. */
export type SessionFilter = { readonly archived?: boolean; readonly pinned?: boolean; readonly folder_id?: string };

/** What is to change of a session; what is not named stays. In `settings` null takes a setting back. */
export type SessionChange = {
  readonly title?: string | undefined;
  readonly pinned?: boolean | undefined;
  readonly archived?: boolean | undefined;
  readonly folder_id?: string | null | undefined;
  readonly settings?: { readonly [Name in keyof SessionSettings]?: SessionSettings[Name] | undefined } | undefined;
};

/** Sessions of users. Another user's session is the same as none. */
export interface SessionStore {
  /** The session, created for the user when nobody has the id and `create` is not false; null when it is not the user's then. */
  ensure(
    userId: string,
    sessionId: string,
    create?: boolean,
  ): Promise<{ session: SessionSummary; created: boolean } | null>;
  /** Creates one under a new id. */
  create(userId: string, title: string | null): Promise<Session>;
  /** Newest activity first. */
  list(userId: string, page: PageRequest, filter?: SessionFilter): Promise<Page<Session>>;
  find(userId: string, sessionId: string): Promise<Session | null>;
  /** Null: no such session, or no such folder of the user's. A title given here is a person's, whose word stands. */
  update(userId: string, sessionId: string, change: SessionChange): Promise<Session | null>;
  /** Deletes it with all its messages, jobs and connections; returns the ids of answers that were not final, null when there was no such session. */
  remove(userId: string, sessionId: string): Promise<readonly string[] | null>;
}

/** Messages of a user's sessions. */
export interface MessageStore {
  /** Newest first (by creation), so that the first page is the end of the conversation; null: no such session. */
  list(userId: string, sessionId: string, page: PageRequest): Promise<Page<Message> | null>;
  find(userId: string, messageId: string): Promise<Message | null>;
}

/** Users of the trusted mode, and what moves when a guest registers. */
export interface UserStore {
  /** Makes the user's row on first use (trusted mode). */
  ensure(userId: string): Promise<void>;
  /** Whether anybody has registered yet; guests do not count. The first who does is the administrator. */
  anyRegistered(): Promise<boolean>;
  /**
   * Runs `task` while no other such task runs, in this process or another. Waits for them, 10 s at most, then throws.
   * With it "is anybody registered, then register" is one step.
   */
  oneAtATime<Result>(task: () => Promise<Result>): Promise<Result>;
  /** Gives all sessions of `fromUserId`, and what belongs to them, to `toUserId`; returns the sessions' ids. */
  moveSessions(fromUserId: string, toUserId: string): Promise<readonly string[]>;
  /** Deletes a user and everything that is the user's; returns the ids of sessions and of answers that were not final. */
  remove(userId: string): Promise<{ readonly session_ids: readonly string[]; readonly unfinished: readonly string[] }>;
}

/** What is remembered of a session to answer at once whose it is. `updated_at` may be behind. */
export type SessionMeta = {
  readonly user_id: string;
  readonly title: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  /** What the session is set to be answered by; null: whatever the user or the system has chosen. */
  readonly provider: string | null;
  readonly model: string | null;
};

/** Remembers sessions for an hour. A hint before the store: every verb may throw, and nothing is lost when it does. */
export interface SessionMetaCache {
  /** Null: not known. */
  find(sessionId: string): Promise<SessionMeta | null>;
  /** Remembers what the store said, unless the session was dropped within the last 20 s: what was read before may be old. Atomic. */
  keep(sessionId: string, meta: SessionMeta): Promise<void>;
  /** Forgets sessions that have changed. */
  drop(sessionIds: readonly string[]): Promise<void>;
}

/** Everything the pods keep about conversations. */
export interface ConversationStore {
  readonly turns: TurnStore;
  readonly sessions: SessionStore;
  readonly messages: MessageStore;
  readonly tree: TreeStore;
  readonly attachments: AttachmentStore;
  readonly users: UserStore;
  readonly folders: FolderStore;
  readonly prompts: PromptStore;
  readonly preferences: PreferenceStore;
  readonly search: SearchStore;
  readonly shares: ShareStore;
  readonly transfer: TransferStore;
}
