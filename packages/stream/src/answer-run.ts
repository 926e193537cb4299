import {
  type FinishReason,
  type JournaledChunk,
  type Position,
  type ReadReply,
  type StopReply,
  subjects,
  type WorkflowRequest,
  wireLimits,
} from "@uci/protocol";
import { type AnswerFacts, answerFacts } from "./answer-facts.ts";
import { type AnswerProgress, type OpenedRecord, openedRecords, recordBytes } from "./answer-progress.ts";
import { finalAnswerOf } from "./final-answer.ts";
import type { JournalWriter } from "./journal-writer.ts";
import { streamLimits } from "./limits.ts";
import { answerPage } from "./page.ts";
import {
  type AnswerTiming,
  type Continuation,
  type FinalAnswer,
  ModelError,
  type ModelMessage,
  type ModelPart,
  type ModelRequest,
  type Subscription,
} from "./ports.ts";
import { sha256Hex, splitByBytes, TextSanitizer, utf8Bytes } from "./text.ts";
import type { WorkerObserver, WorkerPorts } from "./worker-context.ts";

export type RunSurroundings = {
  readonly workerId: string;
  readonly ports: WorkerPorts;
  readonly writer: JournalWriter;
  readonly observe: WorkerObserver;
};

/** Why an answer ends, before it is known how long it is. */
type Ending = {
  readonly finishReason: FinishReason;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly outputTokens: number | undefined;
  readonly inputTokens?: number | undefined;
};

/**
 * One attempt at one answer, in the worker that owns it: opens it in the journal, streams the provider's parts into
 * it, closes it. Only what is committed is ever served or published.
 */
export class AnswerRun {
  readonly job: WorkflowRequest;
  readonly attempt: number;
  readonly progress: AnswerProgress;
  /** Pods that show the session; those that asked are added. */
  readonly podIds = new Set<string>();
  broadcast = false;
  /** The journal entry from which this answer can be folded: its sequence, and how many were committed with it. */
  opening: { readonly sequence: number; readonly entry: number } | null = null;
  /** Whether all of the first opening is committed. */
  isOpened = false;
  /** When the row was written; null before. */
  storedAtMs: number | null = null;

  readonly #workerId: string;
  readonly #ports: WorkerPorts;
  readonly #writer: JournalWriter;
  readonly #observe: WorkerObserver;
  readonly #sanitizer = new TextSanitizer();
  readonly #abort = new AbortController();
  #subscriptions: Subscription[] = [];
  /** Chunks committed by this attempt; those before are in `#inherited` as a whole. */
  readonly #chunks: JournaledChunk[] = [];
  readonly #inherited: { upto: number; text: string; reasoning: string };
  #nextChunkId: number;
  #nextOffset: number;
  #ending: Promise<"committed" | "fenced"> | null = null;
  #uncommittedBytes = 0;
  #parts = 0;
  #openingAgain: AnswerRun["opening"] = null;
  #firstReasoningMs: number | null = null;
  #firstTextMs: number | null = null;
  #dropped = false;

  constructor(surroundings: RunSurroundings, job: WorkflowRequest, progress: AnswerProgress, attempt: number) {
    this.#workerId = surroundings.workerId;
    this.#ports = surroundings.ports;
    this.#writer = surroundings.writer;
    this.#observe = surroundings.observe;
    this.job = job;
    this.attempt = attempt;
    this.progress = progress;
    progress.fold.beginAttempt(attempt);
    const { fold } = progress;
    this.#inherited = { upto: fold.nextChunkId - 1, text: fold.text, reasoning: fold.reasoning };
    this.#nextChunkId = fold.nextChunkId;
    this.#nextOffset = fold.textBytes;
  }

  get messageId(): string {
    return this.job.message_id;
  }

  get openedSequence(): number | null {
    return this.opening?.sequence ?? null;
  }

  /** What it takes to open this answer again, about. */
  get stateBytes(): number {
    return this.progress.fold.textBytes + this.progress.fold.reasoning.length;
  }

  get facts(): AnswerFacts {
    return answerFacts(this.job, this.#ports.model.resolve(this.job.context.ai_provider, this.job.context.model));
  }

  get isClosed(): boolean {
    return this.progress.fold.close !== null;
  }

  /** The last committed chunk; -1 when there is none. */
  get position(): Position {
    return {
      session_id: this.job.session_id,
      message_id: this.messageId,
      generation: this.job.generation,
      attempt: this.attempt,
      chunk_id: this.progress.fold.nextChunkId - 1,
    };
  }

  /** Writes the state this attempt starts from; what came before counts again only when the last part is committed. */
  async open(callsProvider: boolean): Promise<"committed" | "fenced"> {
    if (callsProvider) this.progress.providerCalls++;
    this.progress.model ??=
      this.#ports.model.resolve(this.job.context.ai_provider, this.job.context.model)?.model ?? null;
    for (const { record, bytes } of openedRecords(this.progress.state())) this.#writer.push(record, bytes, "control");
    const settled = await this.#writer.flushed();
    if (settled === "committed") {
      const { message_id, correlation_id } = this.job;
      this.#observe({ kind: "opened", message_id, attempt: this.attempt, correlation_id });
    }
    return settled;
  }

  /** Answers `read` and `stop` from here on. Resolves when both are in force. */
  async serve(): Promise<void> {
    const { live } = this.#ports;
    this.#subscriptions = await Promise.all([
      live.subscribe(subjects.messageRead(this.messageId), (message, _subject, reply) => {
        reply?.(this.read(message as { from: number; generation: number; pod_id: string }));
      }),
      live.subscribe(subjects.messageStop(this.messageId), (_message, _subject, reply) => {
        void this.stop().then((outcome) => {
          if (outcome !== null) reply?.(outcome);
        });
      }),
    ]);
    if (this.#dropped) this.#unsubscribe();
  }

  /** A page of what is committed, and the asking pod is told of what follows. */
  read(request: { from: number; generation: number; pod_id: string }): ReadReply {
    this.podIds.add(request.pod_id);
    const from = request.generation === this.job.generation ? request.from : -1;
    const page = answerPage(this.job.generation, this.attempt, this.#inherited, this.#chunks, from);
    return { ...page, stored: this.storedAtMs !== null, user_id: this.job.user_id };
  }

  /** Stops the answer; resolves when a close is committed, with the close that won. Null: this worker is fenced. */
  async stop(): Promise<StopReply | null> {
    const settled = await this.end({ finishReason: "stopped", error: null, outputTokens: undefined });
    const { close } = this.progress.fold;
    if (settled === "fenced" || close === null) return null;
    return { closed: true, finish_reason: close.metadata?.finish_reason as FinishReason, chunk_id: close.chunk_id };
  }

  /** Calls the provider and streams what it says until it ends, fails or is stopped. */
  async generate(continuation: Continuation): Promise<"committed" | "fenced"> {
    // It may have been stopped or fenced while it was looked up where it is read.
    if (this.#dropped) return "fenced";
    if (this.#ending !== null) return this.#ending;
    const chosen = this.#ports.model.resolve(this.job.context.ai_provider, this.job.context.model);
    if (chosen === null) return this.#fail("model_not_found", "This provider or model is not configured.");
    this.progress.model = chosen.model;
    if (continuation.kind === "reset") this.#emit("reset", "", undefined);
    const begins = continuation.kind === "begin" || continuation.kind === "reset";
    // What an earlier answer had said already is the beginning of this one; a reset makes it void with the rest.
    if (begins) this.#emitText("content", new TextSanitizer().push(this.job.context.answer_begins ?? ""));
    let finish: Extract<ModelPart, { type: "finish" }> | null = null;
    try {
      const prepared = this.#request(chosen, continuation);
      const request = prepared instanceof Promise ? await prepared : prepared;
      if (this.#dropped) return "fenced";
      if (this.#ending !== null) return this.#ending;
      for await (const part of this.#ports.model.generate(request, this.#abort.signal)) {
        if (this.#ending !== null || this.#dropped) break;
        if (part.type === "finish") finish = part;
        else if (!this.#take(part)) return this.end({ finishReason: "length", error: null, outputTokens: undefined });
        if (this.#mustWait()) await this.#writer.flushed();
      }
    } catch (error) {
      if (this.#dropped) return "fenced";
      if (this.#ending !== null) return this.#ending;
      return this.#failWith(error);
    }
    if (this.#dropped) return "fenced";
    if (this.#ending !== null) return this.#ending;
    if (finish === null) return this.#fail("provider_bad_response", "The provider's answer broke off.");
    const { inputTokens, outputTokens } = finish.usage ?? {};
    return this.end({ finishReason: finish.finishReason, error: null, outputTokens, inputTokens });
  }

  /** Closes the answer once; later calls get the same. Resolves when the close is committed or the journal is fenced. */
  end(ending: Ending): Promise<"committed" | "fenced"> {
    this.#ending ??= this.#close(ending);
    return this.#ending;
  }

  fail(code: string, message: string): Promise<"committed" | "fenced"> {
    return this.#fail(code, message);
  }

  /** A part of an opening of this attempt has been committed. One after the first counts when it is whole. */
  opened({ part, parts }: OpenedRecord, sequence: number, entry: number): void {
    if (part === 0) this.#openingAgain = { sequence, entry };
    if (this.opening === null || part === parts - 1) this.opening = this.#openingAgain;
    this.isOpened ||= part === parts - 1;
  }

  /** Takes in a chunk of this attempt that has been committed. */
  committed(chunk: JournaledChunk): void {
    this.#uncommittedBytes -= chunk.chunk.length;
    if (this.progress.apply(chunk)) this.#chunks.push(chunk);
  }

  /** The row of this answer, once it is closed. */
  finalAnswer(): FinalAnswer {
    return finalAnswerOf(this.progress, this.attempt);
  }

  /** Forgets the answer: the provider's request is aborted and nothing is served any more. */
  drop(): void {
    this.#dropped = true;
    // Somebody else goes on: a provider that can pick up its own response must not cancel it.
    this.#abort.abort(Object.assign(new Error("the worker gave this answer up"), { name: "HandOver" }));
    this.#unsubscribe();
  }

  #unsubscribe(): void {
    for (const subscription of this.#subscriptions) subscription.close();
    this.#subscriptions = [];
  }

  #request(
    chosen: { provider: string; model: string },
    continuation: Continuation,
  ): ModelRequest | Promise<ModelRequest> {
    const { temperature, max_tokens } = this.job.context;
    const { answer_begins: begun } = this.job.context;
    const begins = continuation.kind === "begin" || continuation.kind === "reset";
    const text = begins ? (begun ?? "") : this.progress.fold.text;
    const { continuePrefix } = this.#ports.model.abilities(chosen.provider, chosen.model);
    const goesOn = continuation.kind === "continue" || (begins && text !== "" && continuePrefix);
    const unfinished = begins && text !== "" && !goesOn ? text : undefined;
    const requestWith = (messages: readonly ModelMessage[]): ModelRequest => ({
      ...chosen,
      messages,
      ...(temperature === undefined ? {} : { temperature }),
      ...(max_tokens === undefined ? {} : { maxTokens: max_tokens }),
      ...(goesOn ? { continueFrom: { text } } : {}),
      ...(continuation.kind === "resume" ? { continueFrom: { text, responseId: continuation.responseId } } : {}),
      correlationId: this.job.correlation_id,
    });
    const messages = this.#ports.policy.messages(this.job, unfinished);
    return messages instanceof Promise ? messages.then(requestWith) : requestWith(messages);
  }

  /** Puts one part of the provider's stream into the journal; false when the answer has reached its largest length. */
  #take(part: Exclude<ModelPart, { type: "finish" }>): boolean {
    if (part.type === "text") {
      if (this.#parts++ === 0) this.#observeFirstText();
      this.#firstTextMs ??= this.#ports.clock.nowMs();
      const text = this.#sanitizer.push(part.text);
      if (this.#nextOffset + utf8Bytes(text) > wireLimits.answerBytes) return false;
      this.#emitText("content", text);
    } else if (part.type === "reasoning") {
      this.#firstReasoningMs ??= this.#ports.clock.nowMs();
      this.#emitText("reasoning", new TextSanitizer().push(part.text));
    } else if (part.type === "response") {
      this.#emit("metadata", "", { response_id: part.responseId });
    } else {
      const { type, ...content } = part;
      this.#emitText(type, JSON.stringify(content));
    }
    return true;
  }

  #emitText(type: JournaledChunk["chunk_type"], text: string): void {
    if (text === "") return;
    for (const piece of splitByBytes(text, wireLimits.chunkBytes)) this.#emit(type, piece, undefined);
  }

  #emit(
    chunkType: JournaledChunk["chunk_type"],
    text: string,
    metadata: Record<string, unknown> | undefined,
    final?: { error: Ending["error"] },
  ): void {
    const chunk: JournaledChunk = {
      session_id: this.job.session_id,
      message_id: this.messageId,
      chunk_id: this.#nextChunkId++,
      generation: this.job.generation,
      attempt: this.attempt,
      offset: this.#nextOffset,
      chunk: text,
      chunk_type: chunkType,
      is_final: final !== undefined,
      ...(metadata === undefined ? {} : { metadata }),
      ...(final === undefined || final.error === null ? {} : { error: final.error }),
      timestamp: new Date(this.#ports.clock.nowMs()).toISOString(),
      correlation_id: this.job.correlation_id,
    };
    if (chunkType === "content") this.#nextOffset += utf8Bytes(text);
    else if (chunkType === "reset") this.#nextOffset = 0;
    this.#uncommittedBytes += text.length;
    this.#writer.push({ kind: "chunk", chunk }, recordBytes(chunk), final === undefined ? "chunks" : "control");
  }

  #mustWait(): boolean {
    return (
      this.#uncommittedBytes > streamLimits.uncommittedAnswerBytes ||
      this.#writer.uncommittedBytes > streamLimits.uncommittedWorkerBytes
    );
  }

  async #close(ending: Ending): Promise<"committed" | "fenced"> {
    this.#abort.abort(new Error("the answer has ended"));
    // Length and hash are those of what is committed, so everything before the close must be.
    if ((await this.#writer.flushed()) === "fenced") return "fenced";
    const { fold } = this.progress;
    // Half a character rides in the close: alone, whoever took over before the close would go on behind it.
    const rest = ending.finishReason === "stopped" ? "" : this.#sanitizer.end();
    const metadata = {
      model: this.progress.model ?? "",
      tokens_used: ending.outputTokens ?? this.#parts,
      ...(ending.inputTokens === undefined ? {} : { prompt_tokens: ending.inputTokens }),
      finish_reason: ending.finishReason,
      length: fold.textBytes + utf8Bytes(rest),
      sha256: sha256Hex(fold.text + rest),
      ...this.#timing(),
    };
    this.#emit("content", rest, metadata, { error: ending.error });
    const settled = await this.#writer.flushed();
    if (settled === "committed") this.#observeClosed(ending);
    return settled;
  }

  /** How long this attempt thought and wrote; nothing is said of an answer that several have written. */
  #timing(): AnswerTiming {
    const thoughtUntilMs = this.#firstTextMs ?? this.#ports.clock.nowMs();
    return {
      ...(this.#firstReasoningMs === null ? {} : { thought_ms: thoughtUntilMs - this.#firstReasoningMs }),
      ...(this.#firstTextMs === null || this.attempt > 1
        ? {}
        : { written_ms: this.#ports.clock.nowMs() - this.#firstTextMs }),
    };
  }

  #fail(code: string, message: string): Promise<"committed" | "fenced"> {
    this.#observe({
      kind: "provider_failed",
      message_id: this.messageId,
      correlation_id: this.job.correlation_id,
      code,
    });
    return this.end({ finishReason: "error", error: { code, message }, outputTokens: undefined });
  }

  /** Whatever else a provider's adapter throws ends this answer alone: handed on, it would end every worker in turn. */
  #failWith(error: unknown): Promise<"committed" | "fenced"> {
    if (error instanceof ModelError) return this.#fail(error.code, error.message);
    const { message_id, correlation_id } = this.job;
    this.#observe({ kind: "failed", worker_id: this.#workerId, message_id, correlation_id, error });
    return this.#fail("internal_error", "Something went wrong here.");
  }

  #observeClosed({ finishReason, error }: Ending): void {
    const { attempt, facts } = this;
    const duration_ms = this.#ports.clock.nowMs() - Date.parse(this.job.timestamp);
    const ended = { attempt, finish_reason: finishReason, error_code: error?.code ?? null, duration_ms };
    this.#observe({ kind: "closed", ...facts, ...ended });
  }

  #observeFirstText(): void {
    const { message_id, correlation_id, timestamp } = this.job;
    const sinceJobMs = this.#ports.clock.nowMs() - Date.parse(timestamp);
    this.#observe({ kind: "first_text", message_id, correlation_id, sinceJobMs });
  }
}
