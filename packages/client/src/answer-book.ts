import type { AnswerStatus, Chunk, FinishReason, SnapshotEvent } from "@uci/protocol";
import { AnswerFold, statusOfFinish } from "@uci/stream";
import { clientLimits } from "./limits.ts";
import type { AnswerEndedEvent, ClientEvent } from "./stream-events.ts";
import type { AnswerPosition } from "./stream-link.ts";

type LiveAnswer = {
  readonly sessionId: string;
  fold: AnswerFold;
  /** Times it did not match its hash and was asked for again from nothing. */
  rereads: number;
};

/** `broken`: something is missing or does not fit, so the stream must be opened again from the cursor. */
export type BookOutcome = "applied" | "old" | "broken";

/**
 * The answers believed unfinished, each with its fold. What is in here is what the cursor names. Holds a bounded
 * number of them, and of those that ended only the ids.
 */
export class AnswerBook {
  readonly #live = new Map<string, LiveAnswer>();
  readonly #ended = new Map<string, number>();
  readonly #emit: (event: ClientEvent) => void;

  constructor(emit: (event: ClientEvent) => void) {
    this.#emit = emit;
  }

  get size(): number {
    return this.#live.size;
  }

  /** Notes an answer that is known to be unfinished, so that the cursor asks for it. */
  track(messageId: string, sessionId: string): void {
    if (!this.#ended.has(messageId)) this.#answer(messageId, sessionId);
  }

  /** Notes an answer as unfinished although it was thought to have ended. */
  revive(messageId: string, sessionId: string): void {
    this.#ended.delete(messageId);
    this.#answer(messageId, sessionId);
  }

  /** The fold of an unfinished answer. */
  foldOf(messageId: string): AnswerFold | undefined {
    return this.#live.get(messageId)?.fold;
  }

  has(messageId: string): boolean {
    return this.#live.has(messageId);
  }

  /** Forgets a session with everything that was being read in it. */
  forgetSession(sessionId: string): void {
    for (const [messageId, answer] of this.#live) if (answer.sessionId === sessionId) this.#live.delete(messageId);
  }

  /** Where this reader is in the unfinished answers of these sessions. */
  positions(sessionIds: readonly string[]): AnswerPosition[] {
    return [...this.#live]
      .filter(([, { sessionId }]) => sessionIds.includes(sessionId))
      .map(([messageId, { sessionId, fold }]) => {
        return { messageId, sessionId, generation: fold.generation, chunkId: fold.nextChunkId - 1 };
      });
  }

  /** Answers of these sessions of which nothing has come yet. */
  unheard(sessionIds: readonly string[]): string[] {
    return [...this.#live]
      .filter(([, { sessionId, fold }]) => sessionIds.includes(sessionId) && fold.nextChunkId === 0)
      .map(([messageId]) => messageId);
  }

  applyChunk(chunk: Chunk): BookOutcome {
    if (chunk.generation <= (this.#ended.get(chunk.message_id) ?? -1)) return "old";
    const answer = this.#answer(chunk.message_id, chunk.session_id);
    const { fold } = answer;
    // A snapshot does not say whether its answer has a journal, and the fold takes it that way. Attempts of ours count
    // from 1, so a plain chunk after a mere snapshot shows that the answer is a third party's.
    if (chunk.attempt === undefined && fold.attempt === 0) fold.journaled = false;
    const resetsBefore = fold.resets;
    const outcome = fold.apply(chunk);
    if (outcome === "old") return "old";
    if (outcome !== "applied") return "broken";
    // The first piece of a fold begins the text anew: what is shown may be of an earlier generation or reading.
    const replaced = chunk.chunk_id === 0 || fold.resets !== resetsBefore;
    const verified = chunk.is_final ? fold.verified() : null;
    if (verified === false) return this.#reread(chunk.message_id, answer);
    this.#changed(chunk.message_id, answer, replaced ? "replaced" : "appended", chunk);
    if (chunk.is_final) this.#end(chunk.message_id, answer, chunk);
    return "applied";
  }

  applySnapshot(snapshot: SnapshotEvent): BookOutcome {
    if (snapshot.generation <= (this.#ended.get(snapshot.message_id) ?? -1)) return "old";
    const answer = this.#answer(snapshot.message_id, snapshot.session_id);
    const final = snapshot.status !== "queued" && snapshot.status !== "streaming";
    // The row of a finished answer may name no chunk id; its text is nevertheless the last word.
    if (final && snapshot.generation >= answer.fold.generation) answer.fold = new AnswerFold();
    if (!answer.fold.replace(snapshot)) return "old";
    this.#changed(snapshot.message_id, answer, "replaced", null);
    if (final) this.#finish(snapshot.message_id, answer, snapshot.status, null);
    return "applied";
  }

  /** Lets go of the largest answers of sessions that are not shown while they hold more text than the limit. */
  park(sessionIds: readonly string[]): void {
    const parked = [...this.#live].filter(([, answer]) => !sessionIds.includes(answer.sessionId));
    let characters = parked.reduce((sum, [, { fold }]) => sum + fold.text.length + fold.reasoning.length, 0);
    for (const [messageId, { fold }] of parked) {
      if (characters <= clientLimits.parkedCharacters) return;
      characters -= fold.text.length + fold.reasoning.length;
      this.#live.delete(messageId);
    }
  }

  #answer(messageId: string, sessionId: string): LiveAnswer {
    const known = this.#live.get(messageId);
    if (known !== undefined) return known;
    const answer: LiveAnswer = { sessionId, fold: new AnswerFold(), rereads: 0 };
    this.#live.set(messageId, answer);
    if (this.#live.size > clientLimits.liveAnswers) this.#live.delete(this.#live.keys().next().value!);
    return answer;
  }

  #changed(messageId: string, answer: LiveAnswer, change: "appended" | "replaced", chunk: Chunk | null): void {
    const piece = change === "appended" && chunk !== null ? chunk : null;
    this.#emit({
      type: "answer_changed",
      messageId,
      sessionId: answer.sessionId,
      fold: answer.fold,
      change,
      appendedText: piece?.chunk_type === "content" ? piece.chunk : "",
      appendedReasoning: piece?.chunk_type === "reasoning" ? piece.chunk : "",
    });
  }

  #reread(messageId: string, answer: LiveAnswer): BookOutcome {
    this.#emit({ type: "answer_unverified", messageId, sessionId: answer.sessionId });
    answer.rereads++;
    if (answer.rereads > clientLimits.mismatchRereads) {
      // It stays wrong: whoever listens reads the stored message; here it would only be asked for without end.
      this.#forget(messageId, answer.fold.generation);
      return "applied";
    }
    answer.fold = new AnswerFold();
    return "broken";
  }

  #end(messageId: string, answer: LiveAnswer, close: Chunk): void {
    const reason = close.metadata?.finish_reason;
    const finishReason =
      typeof reason === "string" ? (reason as FinishReason) : close.error === undefined ? "stop" : "error";
    this.#finish(messageId, answer, statusOfFinish(finishReason), { close, finishReason });
  }

  #finish(
    messageId: string,
    answer: LiveAnswer,
    status: AnswerStatus,
    end: { close: Chunk; finishReason: FinishReason } | null,
  ): void {
    this.#forget(messageId, answer.fold.generation);
    const { model, tokens_used, thought_ms, written_ms } = end?.close.metadata ?? {};
    const event: AnswerEndedEvent = {
      type: "answer_ended",
      messageId,
      sessionId: answer.sessionId,
      fold: answer.fold,
      status,
      finishReason: end?.finishReason ?? null,
      model: typeof model === "string" ? model : null,
      tokensUsed: typeof tokens_used === "number" ? tokens_used : null,
      thoughtMs: typeof thought_ms === "number" ? thought_ms : null,
      writtenMs: typeof written_ms === "number" ? written_ms : null,
      error: end?.close.error ?? null,
      correlationId: correlationIdOf(status, end?.close),
    };
    this.#emit(event);
  }

  #forget(messageId: string, generation: number): void {
    this.#live.delete(messageId);
    this.#ended.delete(messageId);
    this.#ended.set(messageId, generation);
    if (this.#ended.size > clientLimits.endedAnswers) this.#ended.delete(this.#ended.keys().next().value!);
  }
}

function correlationIdOf(status: AnswerStatus, close: Chunk | undefined): string | null {
  const troubled = status === "failed" || status === "interrupted";
  return troubled && close !== undefined && close.correlation_id !== "" ? close.correlation_id : null;
}
