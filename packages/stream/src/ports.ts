import type { AnswerStatus, ErrorCode, FinishReason, JournaledChunk, WorkflowRequest } from "@uci/protocol";

/** Time, as the heart sees it. The simulation gives it a virtual one. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Calls `task` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
}

/** Source of names that nobody else makes: every call gives another text matching `[A-Za-z0-9_-]{8,32}`. */
export type NonceSource = () => string;

// ── Journal ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** State of an answer while it is being written: the fold of its chunks. Also what `opened` carries. */
export type AnswerState = {
  readonly session_id: string;
  readonly message_id: string;
  readonly generation: number;
  readonly attempt: number;
  /** The id the next chunk will have. */
  readonly next_chunk_id: number;
  readonly text: string;
  /** UTF-8 bytes of `text`. */
  readonly text_bytes: number;
  readonly reasoning: string;
  readonly tools: readonly ToolPart[];
  /** Where other attempts went on; see `FinalAnswer`. */
  readonly joins?: readonly number[];
  /** The provider's own id of the response, where it gave one. */
  readonly response_id: string | null;
  readonly model: string | null;
  /** The last attempt that added text; what came after it was barren. */
  readonly progress_attempt: number;
  /** Calls to a provider made so far, over all attempts. */
  readonly provider_calls: number;
  /** The chunk that closed the answer. */
  readonly close: JournaledChunk | null;
};

export type ToolPart = { readonly chunk_type: "tool_call" | "tool_result"; readonly chunk: string };

export type JournalRecord =
  | { readonly kind: "born"; readonly worker_id: string }
  /** One part of the state an attempt starts from, as JSON text cut into `parts` pieces. */
  | {
      readonly kind: "opened";
      readonly message_id: string;
      readonly generation: number;
      readonly attempt: number;
      readonly part: number;
      readonly parts: number;
      readonly state: string;
    }
  | { readonly kind: "chunk"; readonly chunk: JournaledChunk }
  | { readonly kind: "seal"; readonly by: string; readonly reason: string };

/**
 * One append: `number` counts 0, 1, 2 … in its journal, whoever writes it. `floor`: the sequence from which on the journal
 * holds every answer that had not been stored when the entry was made; absent: from its beginning.
 */
export type JournalEntry = {
  readonly number: number;
  readonly floor?: number;
  readonly records: readonly JournalRecord[];
};

/** An entry as it is kept; `sequence` grows over the entries of a journal but is not dense. */
export type StoredEntry = { readonly sequence: number; readonly entry: JournalEntry };

/**
 * What became of a compare-and-set append.
 * `committed`: it is stored. `duplicate`: something with this identity is stored at `sequence`, perhaps another's bytes.
 * `moved`: the expected predecessor is not the last any more, or the log is busy. `unknown`: no answer; it may be stored or not.
 * `full`: a limit of the log refused it.
 */
export type AppendOutcome =
  | { readonly kind: "committed"; readonly sequence: number }
  | { readonly kind: "duplicate"; readonly sequence: number }
  | { readonly kind: "moved" }
  | { readonly kind: "unknown" }
  | { readonly kind: "full" };

/** Why a record is appended: chunks stop before the log is full, what ends or hands over an answer does not. */
export type AppendPriority = "chunks" | "control";

/**
 * The durable logs of all workers, one a worker incarnation.
 * Reads come from the leader: they see everything acknowledged before they were asked. Reads may throw when nothing
 * answers; the caller tries again. A seal is an append by somebody else, so it needs no verb of its own.
 */
export interface Journal {
  /**
   * Appends an entry if `afterSequence` (0: none) is the journal's last sequence. Atomic. Never throws: see the outcomes.
   * Two appends of the same journal and number have the same identity within two minutes: only one is stored.
   */
  append(
    workerId: string,
    entry: JournalEntry,
    afterSequence: number,
    priority: AppendPriority,
  ): Promise<AppendOutcome>;
  /** Entries from `fromSequence` on, in order, a bounded number of them; none: the end. */
  read(workerId: string, fromSequence: number): Promise<readonly StoredEntry[]>;
  /** The entry at a sequence, null when there is none. */
  at(workerId: string, sequence: number): Promise<StoredEntry | null>;
  /** The last entry, null when the journal is empty, which means that it is fenced. */
  tail(workerId: string): Promise<StoredEntry | null>;
  /** Removes entries before `beforeSequence`; always keeps the last. */
  trim(workerId: string, beforeSequence: number): Promise<void>;
}

// ── Owner register ─────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Who writes an answer. `base`: the last journal with a complete `opened` of it, null while there is none. `opened_after`:
 * where the owner's journal ended when it claimed; what it wrote of the answer comes later. Older claims do not say.
 */
export type OwnerRecord = {
  readonly generation: number;
  readonly attempt: number;
  readonly worker_id: string;
  readonly nonce: string;
  readonly base: string | null;
  readonly opened_after?: number | undefined;
};

export type StoredOwner = { readonly sequence: number; readonly record: OwnerRecord };

/** Who owns which answer: a compare-and-set register a message. */
export interface OwnerRegister {
  /** Sets the owner if `afterSequence` (0: none) is the last of this message. Atomic; outcomes as for the journal. */
  claim(messageId: string, record: OwnerRecord, afterSequence: number): Promise<AppendOutcome>;
  /** The owner now, from the leader. Throws when nothing answers. */
  find(messageId: string): Promise<StoredOwner | null>;
  /** Removes all of a message's entries once its row is final. */
  forget(messageId: string): Promise<void>;
}

// ── Work queue ─────────────────────────────────────────────────────────────────────────────────────────────────────

export type Delivery = {
  /** Names this delivery to the queue; opaque. */
  readonly token: string;
  readonly job: WorkflowRequest;
};

/** Thrown by the queue for a job that it can never take, as for its size; no retry mends that. */
export class UnqueueableJobError extends Error {
  override readonly name = "UnqueueableJobError";
}

/** Jobs, each delivered to one taker at a time, again after 20 s without a sign of life, until acknowledged. */
export interface WorkQueue {
  /**
   * Adds a job; the same `id` within two minutes adds nothing. Resolves when it is durable, throws otherwise:
   * `UnqueueableJobError` where no other try can succeed.
   */
  enqueue(id: string, job: WorkflowRequest): Promise<void>;
  /** Up to `most` jobs; waits at most `waitMs` for the first. Empty: none came. */
  take(most: number, waitMs: number): Promise<readonly Delivery[]>;
  /** Tells that these are still being worked on. */
  extend(deliveries: readonly Delivery[]): Promise<void>;
  /** The job is done. Resolves on the queue's word. */
  ack(delivery: Delivery): Promise<void>;
  /** Gives a job back, to be delivered again after `delayMs`. */
  release(delivery: Delivery, delayMs: number): Promise<void>;
  /** Whether this job, of this generation, is in the queue: waiting, or taken and not acknowledged. Throws when nobody can say. */
  holds(job: WorkflowRequest): Promise<boolean>;
}

/** A queue that says how large a job may be. */
export interface SizedQueue {
  /** The largest job it takes, as JSON, in bytes of UTF-8. */
  jobBytesMost(): number;
}

// ── Live channel ───────────────────────────────────────────────────────────────────────────────────────────────────

export interface Subscription {
  close(): void;
}

export type RequestOutcome =
  | { readonly kind: "reply"; readonly message: unknown }
  /** Nobody listens there. */
  | { readonly kind: "no_responders" }
  | { readonly kind: "timeout" };

export type LiveHandler = (message: unknown, subject: string, reply: ((message: unknown) => void) | null) => void;

/** Fast, lossy messages between services. They may be lost, late, repeated or out of order; nobody waits for them. */
export interface LiveChannel {
  publish(subject: string, message: unknown): void;
  /** `*` stands for one token. Resolves when the subscription is in force at the channel. */
  subscribe(filter: string, handler: LiveHandler): Promise<Subscription>;
  request(subject: string, message: unknown, timeoutMs: number): Promise<RequestOutcome>;
}

// ── Session registry ───────────────────────────────────────────────────────────────────────────────────────────────

/** Who opened a connection, for people who look after the system; a registry keeps of it what it can show. */
export type ConnectionCaller = { readonly address: string; readonly user_agent: string | null };

export type RegisteredConnection = {
  readonly connection_id: string;
  readonly session_id: string;
  readonly caller?: ConnectionCaller;
};

/** Which pods hold connections for a session: a hint. Every verb may throw; nothing is lost when it does. */
export interface SessionRegistry {
  register(podId: string, connections: readonly RegisteredConnection[]): Promise<void>;
  /**
   * The pod lives (heartbeat, 30 s), and where given, its connections are renewed (300 s). False: the registry did not
   * know the pod any more, so it may have lost the connections too.
   */
  renew(podId: string, connections: readonly RegisteredConnection[] | null): Promise<boolean>;
  /** Pods holding each session. */
  find(sessionIds: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<string>>>;
  deregister(podId: string, connections: readonly RegisteredConnection[]): Promise<void>;
  /** Removes what pods without a heartbeat left behind; returns their ids. */
  sweep(): Promise<readonly string[]>;
}

// ── The rows of answers ────────────────────────────────────────────────────────────────────────────────────────────

/** An answer's row, and its job's while it is not final. */
export type AnswerRow = {
  readonly message_id: string;
  readonly session_id: string;
  readonly user_id: string;
  readonly status: AnswerStatus;
  readonly generation: number;
  /** Somebody wants it stopped. */
  readonly stop_requested: boolean;
  readonly text: string;
  readonly reasoning: string;
  /** Id of the last chunk; -1 while not final. */
  readonly last_chunk_id: number;
  readonly finish_reason: FinishReason | null;
  readonly token_count: number;
  /** A plain workflow has begun to write it, under this generation. */
  readonly plain: boolean;
};

/** How long an answer was thought about before its first word, and how long it was written, in milliseconds. */
export type AnswerTiming = { readonly thought_ms?: number; readonly written_ms?: number };

/** The whole of an answer as its row will hold it. */
export type FinalAnswer = AnswerTiming & {
  readonly message_id: string;
  readonly session_id: string;
  readonly generation: number;
  readonly status: AnswerStatus;
  readonly text: string;
  readonly reasoning: string;
  readonly tools: readonly ToolPart[];
  readonly model: string | null;
  readonly token_count: number;
  /** What the provider says the request took; absent where it does not say. */
  readonly prompt_tokens?: number;
  readonly finish_reason: FinishReason;
  readonly last_chunk_id: number;
  readonly length: number;
  readonly sha256: string;
  readonly attempts: number;
  /** Where another attempt went on, in UTF-16 units of the text; absent where one wrote it all. */
  readonly joins?: readonly number[];
  readonly error: { readonly code: string; readonly message: string } | null;
};

/** `stored`: written now. `already_final`: it was before. `superseded`: the row is of another generation. `gone`: message or session deleted. */
export type FinalizeOutcome = "stored" | "already_final" | "superseded" | "gone";

/** Thrown by ledger and outbox when no retry can mend it (a row that can never be stored); everything else is worth another try. */
export class PermanentStoreError extends Error {
  override readonly name = "PermanentStoreError";
}

/** The rows of answers, for those who write and show them. Every verb may throw while the database is away. */
export interface AnswerLedger {
  /** Null: there is no such answer (any more). */
  load(messageId: string): Promise<AnswerRow | null>;
  /** One transaction: the row, job state, session time; only where not final and of the same generation. */
  finalize(answer: FinalAnswer): Promise<FinalizeOutcome>;
  /**
   * Answers of these sessions that are not final, oldest first, at most 64 a session; and, where a time is given, after
   * them those that became final within it, by the database's own clock, as many, without their text.
   */
  unfinished(sessionIds: readonly string[], endedWithinMs?: number): Promise<readonly AnswerRow[]>;
  /** Writes the stop wish into the job's row; false when the answer is final or gone. */
  requestStop(messageId: string): Promise<boolean>;
  /**
   * Notes that a plain workflow writes this answer and was heard just now, so that nobody queues it again; false when it
   * is final, gone or of another generation.
   */
  markPlain(messageId: string, generation: number): Promise<boolean>;
  /** Notes when a plain answer was last heard of, and its text by then. Changes nothing where more was noted already. */
  vouchPlain(vouched: VouchedPlain): Promise<void>;
  /** What was noted last of a plain answer that is not final; null: it is not one, or nothing was noted. */
  vouchedPlain(messageId: string): Promise<VouchedPlain | null>;
}

/** What a pod that hears a plain answer knows of it. */
export type VouchedPlain = {
  readonly message_id: string;
  readonly generation: number;
  /** The last chunk id of the text; -1: none. */
  readonly last_chunk_id: number;
  readonly text: string;
  readonly reasoning: string;
  /** How long ago something new of it was heard, in milliseconds. */
  readonly heard_ago_ms: number;
};

/** A job whose answer is not final. `queued_at_ms` null: never published. */
export type PendingJob = {
  readonly request: WorkflowRequest;
  readonly queued_at_ms: number | null;
  readonly created_at_ms: number;
  readonly stop_requested: boolean;
  /** A plain workflow writes it: it has no journal and no owner. */
  readonly plain: boolean;
  /** When a pod last said that something new of the plain answer was heard; null: it is not plain. */
  readonly plain_heard_at_ms: number | null;
  /** How often it was queued again because nothing of an answer came of it. */
  readonly requeues: number;
};

/** The jobs' rows, for those who publish them. */
export interface Outbox {
  /** Jobs not final, oldest first, after the given message id (null: from the start), at most `most`. */
  pending(afterMessageId: string | null, most: number): Promise<readonly PendingJob[]>;
  /** One job, null when its answer is final or gone. */
  find(messageId: string): Promise<PendingJob | null>;
  /** Notes that it is queued now; `again`: because nothing came of it the last time, which is counted. */
  markQueued(messageId: string, generation: number, again?: boolean): Promise<void>;
  /** Starts the answer anew: generation + 1 if it still is `generation` and not final, and not plain any more. Returns the new request, null when it was not so. */
  raiseGeneration(messageId: string, generation: number): Promise<WorkflowRequest | null>;
  /** Runs `task` unless another process is in it just now. Returns whether it ran. */
  exclusively(task: () => Promise<void>): Promise<boolean>;
  /** Removes what has served its time: idempotency keys, jobs done long ago. */
  removeExpired(): Promise<void>;
}

// ── Language models ────────────────────────────────────────────────────────────────────────────────────────────────

export type ModelImage = { readonly media_type: string; readonly data: Uint8Array };
export type ModelMessage = {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
  /** Of a user, for a model that can see. */
  readonly images?: readonly ModelImage[];
};

export type ModelRequest = {
  readonly provider: string;
  readonly model: string;
  readonly messages: readonly ModelMessage[];
  readonly temperature?: number;
  readonly maxTokens?: number;
  /** Text this answer already has: go on from it. Present only where `abilities` said it can. */
  readonly continueFrom?: { readonly text: string; readonly responseId?: string; readonly sequenceNumber?: number };
  readonly correlationId: string;
};

export type ModelPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "reasoning"; readonly text: string }
  | { readonly type: "tool_call"; readonly id: string; readonly name: string; readonly input: string }
  | { readonly type: "tool_result"; readonly id: string; readonly name: string; readonly output: string }
  | { readonly type: "response"; readonly responseId: string }
  | {
      readonly type: "finish";
      readonly finishReason: "stop" | "length" | "content_filter" | "tool_calls" | "other";
      readonly usage?: { readonly inputTokens?: number; readonly outputTokens?: number };
    };

/** `resume`: a cut-off response can be picked up by its own id. `continuePrefix`: given the text so far, it truly goes on from it. */
export type ModelAbilities = { readonly resume: boolean; readonly continuePrefix: boolean };

/** A provider that failed; `message` may be shown and holds no secret. */
export class ModelError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, retryable: boolean, retryAfterMs?: number) {
    super(message);
    this.name = "ModelError";
    this.code = code;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface LanguageModel {
  abilities(provider: string, model: string): ModelAbilities;
  /** The provider and model a request means when it names none or only one of them; null: not configured. */
  resolve(provider: string | undefined, model: string | undefined): { provider: string; model: string } | null;
  /**
   * Streams one answer. Ends normally only after a `finish` part that rests on the provider's own end marker; anything
   * else throws `ModelError`. Aborting cancels the provider's request at once.
   */
  generate(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelPart>;
}

/** How an attempt goes on from what is committed. `begin` and `reset` generate from nothing; `interrupt` closes with what there is. */
export type Continuation =
  | { readonly kind: "begin" }
  | { readonly kind: "resume"; readonly responseId: string }
  | { readonly kind: "continue" }
  | { readonly kind: "reset" }
  | { readonly kind: "interrupt" };

/** What the domain decides for the worker; pure, but for files of a job that have to be fetched first. */
export interface AnswerPolicy {
  /** `unfinished`: what the answer has already, for a model that cannot be told to go on from a prefix. */
  messages(job: WorkflowRequest, unfinished?: string): readonly ModelMessage[] | Promise<readonly ModelMessage[]>;
  continuation(state: AnswerState, abilities: ModelAbilities): Continuation;
}
