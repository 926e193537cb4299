import {
  type Chunk,
  chunkSchema,
  type ErrorCode,
  errorRegistry,
  type FinishReason,
  finishReasonSchema,
  isFinalStatus,
  wireLimits,
} from "@uci/protocol";
import { statusOfFinish } from "./fold.ts";
import { streamLimits } from "./limits.ts";
import type { LiveAnswer } from "./live-answer.ts";
import type { PodEvent } from "./pod-events.ts";
import type { AnswerLedger, AnswerRow, Clock, FinalAnswer } from "./ports.ts";
import { PermanentStoreError } from "./ports.ts";
import { sha256Hex, utf8Bytes } from "./text.ts";
import { Backoff, untilDone } from "./waiting.ts";

type Ending = { readonly finishReason: FinishReason; readonly error: FinalAnswer["error"] };

type PlainAnswer = {
  readonly answer: LiveAnswer;
  /** The row has been read: the message exists, is of that session and not final. */
  admitted: boolean;
  admitting: boolean;
  storing: boolean;
  lookedAtMs: number;
};

export type PlainActions = {
  /** The row is final. */
  stored(answer: LiveAnswer, row: AnswerRow): void;
  /** There is no such answer, or not under this session. */
  refused(answer: LiveAnswer): void;
};

/**
 * Answers of plain workflows: a third party's, without journal. The pods that hear them put them in order, keep them in
 * memory, whoever shows them, and store each once after its final chunk; several may try, one does. A missing chunk or a
 * long silence ends an answer with an error and the text that is there. Rules L-P1 to L-P6 of SPEC.md.
 */
export class PlainAnswers {
  readonly #ledger: AnswerLedger;
  readonly #clock: Clock;
  readonly #actions: PlainActions;
  readonly #observe: (event: PodEvent) => void;
  readonly #answers = new Map<string, PlainAnswer>();
  #stopped = false;

  constructor(ledger: AnswerLedger, clock: Clock, actions: PlainActions, observe: (event: PodEvent) => void) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#actions = actions;
    this.#observe = observe;
  }

  has(messageId: string): boolean {
    return this.#answers.has(messageId);
  }

  /** Ends all waiting; what is not stored is stored by another pod, or closed by one after its silence. */
  stop(): void {
    this.#stopped = true;
    this.#answers.clear();
  }

  /** Takes note of what a plain chunk has made of its answer. */
  took(answer: LiveAnswer): void {
    const known = this.#answers.get(answer.messageId);
    if (known === undefined) {
      const entry: PlainAnswer = {
        answer,
        admitted: false,
        admitting: false,
        storing: false,
        lookedAtMs: this.#clock.nowMs(),
      };
      this.#answers.set(answer.messageId, entry);
      void this.#admit(entry);
    } else this.#storeIfOver(known);
  }

  /** Called once a second. */
  tick(): void {
    const nowMs = this.#clock.nowMs();
    for (const [messageId, entry] of this.#answers) {
      const { answer } = entry;
      if (answer.finalRow !== null || answer.fold.journaled) this.#answers.delete(messageId);
      else if (!entry.admitted) void this.#admit(entry);
      else if (!entry.storing) this.#watch(entry, nowMs);
    }
  }

  /** Somebody wants it stopped and nobody else has said that it is. False: it is not written by a plain workflow here. */
  async end(messageId: string): Promise<boolean> {
    const entry = this.#answers.get(messageId);
    if (entry === undefined || !entry.admitted) return false;
    await this.#store(entry, { finishReason: "stopped", error: null });
    return entry.answer.finalRow !== null;
  }

  #watch(entry: PlainAnswer, nowMs: number): void {
    const { answer } = entry;
    const begun = answer.fold.nextChunkId > 0;
    const silentMs = nowMs - answer.heardAtMs;
    const missingMs = answer.behindSinceMs === null ? 0 : nowMs - answer.behindSinceMs;
    if (answer.fold.close !== null) this.#storeIfOver(entry);
    else if (answer.fold.textBytes > wireLimits.answerBytes) void this.#fail(entry, "answer_too_long");
    else if (begun && missingMs > streamLimits.plainGapMs) void this.#fail(entry, "chunk_missing");
    else if (begun && silentMs > streamLimits.plainSilenceMs) void this.#fail(entry, "provider_timeout");
    else if (!begun && silentMs > streamLimits.plainSilenceMs) this.#refuse(entry);
    else if (nowMs - entry.lookedAtMs > streamLimits.listIntervalMs) void this.#look(entry);
  }

  /** Reads the row before anything is stored: a third party may name what does not exist. */
  async #admit(entry: PlainAnswer): Promise<void> {
    if (entry.admitting || entry.admitted) return;
    const { answer } = entry;
    entry.admitting = true;
    try {
      const row = await this.#ledger.load(answer.messageId);
      if (row !== null && isFinalStatus(row.status)) this.#actions.stored(answer, row);
      else if (row === null || row.session_id !== answer.sessionId) this.#refuse(entry);
      else if (await this.#ledger.markPlain(answer.messageId, answer.fold.generation)) entry.admitted = true;
      else this.#refuse(entry);
    } catch {
      // The database is away: asked again with the next tick.
    } finally {
      entry.admitting = false;
    }
    this.#storeIfOver(entry);
  }

  /** Another pod may have stored it, or somebody may want it stopped. */
  async #look(entry: PlainAnswer): Promise<void> {
    const { answer } = entry;
    entry.lookedAtMs = this.#clock.nowMs();
    try {
      const row = await this.#ledger.load(answer.messageId);
      if (row === null) this.#refuse(entry);
      else if (isFinalStatus(row.status)) this.#actions.stored(answer, row);
      else if (row.stop_requested) await this.#store(entry, { finishReason: "stopped", error: null });
    } catch {
      // Looked at again.
    }
  }

  #refuse(entry: PlainAnswer): void {
    this.#answers.delete(entry.answer.messageId);
    this.#actions.refused(entry.answer);
  }

  #fail(entry: PlainAnswer, code: ErrorCode): Promise<void> {
    return this.#store(entry, { finishReason: "error", error: { code, message: errorRegistry[code].meaning } });
  }

  #storeIfOver(entry: PlainAnswer): void {
    const { close } = entry.answer.fold;
    if (!entry.admitted || close === null) return;
    const finishReason = close.metadata?.finish_reason as FinishReason;
    void this.#store(entry, { finishReason, error: close.error ?? null });
  }

  /** One transaction, as often as it takes; the row that is there in the end is the last word for everybody. */
  async #store(entry: PlainAnswer, ending: Ending): Promise<void> {
    if (entry.storing) return;
    entry.storing = true;
    const { answer } = entry;
    const final = finalPlainAnswer(answer, ending);
    const backoff = new Backoff(streamLimits.askRetryFirstMs, streamLimits.askRetryLastMs);
    const wanted = () => !this.#stopped && answer.finalRow === null;
    const row = await untilDone(this.#clock, backoff, wanted, async () => {
      try {
        return await this.#finalized(final);
      } catch (error) {
        this.#observe({ kind: "store_retry", message_id: answer.messageId, error });
        throw error;
      }
    });
    this.#answers.delete(answer.messageId);
    if (row === null || answer.finalRow !== null) return;
    if (row === "gone") this.#actions.refused(answer);
    else this.#actions.stored(answer, row);
  }

  async #finalized(final: FinalAnswer): Promise<AnswerRow | "gone"> {
    let outcome: Awaited<ReturnType<AnswerLedger["finalize"]>>;
    try {
      outcome = await this.#ledger.finalize(final);
    } catch (error) {
      if (!(error instanceof PermanentStoreError)) throw error;
      const unstorable = { code: "answer_unstorable", message: errorRegistry.answer_unstorable.meaning };
      outcome = await this.#ledger.finalize({ ...final, status: "failed", tools: [], error: unstorable });
    }
    if (outcome === "stored")
      this.#observe({ kind: "plain_stored", message_id: final.message_id, status: final.status });
    const row = await this.#ledger.load(final.message_id);
    return row === null || !isFinalStatus(row.status) ? "gone" : row;
  }
}

/**
 * A third party's chunk in our form; null when it has none of it or is larger than a plain answer may be. What a final
 * chunk does not say is filled in: how it ended, and its tokens counted as its chunks.
 */
export function plainChunk(given: unknown): Chunk | null {
  const parsed = chunkSchema.safeParse(given);
  if (!parsed.success || parsed.data.attempt !== undefined) return null;
  const { offset: _unused, ...chunk } = parsed.data;
  if (chunk.chunk_id >= streamLimits.plainChunks || utf8Bytes(chunk.chunk) > wireLimits.chunkBytes) return null;
  if (!chunk.is_final) return chunk;
  const reason = finishReasonSchema.safeParse(chunk.metadata?.finish_reason);
  const tokens = chunk.metadata?.tokens_used;
  const finish_reason = chunk.error !== undefined ? "error" : reason.success ? reason.data : "stop";
  const tokens_used = Number.isInteger(tokens) && (tokens as number) >= 0 ? (tokens as number) : chunk.chunk_id;
  return { ...chunk, metadata: { ...chunk.metadata, finish_reason, tokens_used } };
}

function finalPlainAnswer(answer: LiveAnswer, { finishReason, error }: Ending): FinalAnswer {
  const { fold, messageId, sessionId } = answer;
  const { model, tokens_used } = fold.close?.metadata ?? {};
  return {
    message_id: messageId,
    session_id: sessionId,
    generation: fold.generation,
    status: error === null ? statusOfFinish(finishReason) : "failed",
    text: fold.text,
    reasoning: fold.reasoning,
    tools: fold.tools,
    model: typeof model === "string" ? model : null,
    token_count: typeof tokens_used === "number" ? tokens_used : fold.nextChunkId,
    finish_reason: finishReason,
    last_chunk_id: fold.nextChunkId - 1,
    length: fold.textBytes,
    sha256: sha256Hex(fold.text),
    attempts: 1,
    error,
  };
}
