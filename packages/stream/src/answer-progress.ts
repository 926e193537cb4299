import type { JournaledChunk } from "@uci/protocol";
import { AnswerFold } from "./fold.ts";
import { streamLimits } from "./limits.ts";
import type { AnswerState, JournalRecord } from "./ports.ts";
import { splitByBytes, utf8Bytes } from "./text.ts";

/** An answer as its writers know it: the fold of its committed chunks and what a next attempt must know besides. */
export class AnswerProgress {
  readonly sessionId: string;
  readonly messageId: string;
  readonly fold = new AnswerFold();
  responseId: string | null = null;
  model: string | null = null;
  progressAttempt = 0;
  providerCalls = 0;

  constructor(sessionId: string, messageId: string, generation: number) {
    this.sessionId = sessionId;
    this.messageId = messageId;
    this.fold.restart(generation, true);
  }

  static from(state: AnswerState): AnswerProgress {
    const progress = new AnswerProgress(state.session_id, state.message_id, state.generation);
    const { fold } = progress;
    fold.attempt = state.attempt;
    fold.nextChunkId = state.next_chunk_id;
    fold.text = state.text;
    fold.textBytes = state.text_bytes;
    fold.reasoning = state.reasoning;
    fold.tools = [...state.tools];
    fold.joins = [...(state.joins ?? [])];
    fold.close = state.close;
    progress.responseId = state.response_id;
    progress.model = state.model;
    progress.progressAttempt = state.progress_attempt;
    progress.providerCalls = state.provider_calls;
    return progress;
  }

  apply(chunk: JournaledChunk): boolean {
    if (this.fold.apply(chunk) !== "applied") return false;
    if (chunk.chunk_type === "content" && chunk.chunk !== "") this.progressAttempt = chunk.attempt;
    if (chunk.chunk_type === "metadata" && typeof chunk.metadata?.response_id === "string") {
      this.responseId = chunk.metadata.response_id;
    }
    if (chunk.chunk_type === "reset") this.responseId = null;
    return true;
  }

  state(): AnswerState {
    const { fold } = this;
    return {
      session_id: this.sessionId,
      message_id: this.messageId,
      generation: fold.generation,
      attempt: fold.attempt,
      next_chunk_id: fold.nextChunkId,
      text: fold.text,
      text_bytes: fold.textBytes,
      reasoning: fold.reasoning,
      tools: fold.tools,
      ...(fold.joins.length === 0 ? {} : { joins: fold.joins }),
      response_id: this.responseId,
      model: this.model,
      progress_attempt: this.progressAttempt,
      provider_calls: this.providerCalls,
      close: fold.close as JournaledChunk | null,
    };
  }
}

export type OpenedRecord = Extract<JournalRecord, { kind: "opened" }>;

export type SizedRecord = { readonly record: OpenedRecord; readonly bytes: number };

/** The records that open an attempt from a state, each small enough for an entry, with their sizes in bytes. */
export function openedRecords(state: AnswerState): SizedRecord[] {
  const pieces = splitByBytes(JSON.stringify(state), streamLimits.openedPartBytes);
  return pieces.map((piece, part) => ({
    record: {
      kind: "opened",
      message_id: state.message_id,
      generation: state.generation,
      attempt: state.attempt,
      part,
      parts: pieces.length,
      state: piece,
    },
    // Quotes and backslashes of the JSON inside are escaped once more.
    bytes: utf8Bytes(piece) * 2 + 200,
  }));
}

/** About how many bytes a chunk takes in an entry. Escapes make at most six bytes of a UTF-16 unit. */
export function recordBytes(chunk: JournaledChunk): number {
  const text = chunk.chunk.length;
  return 450 + (text < 500 ? text * 6 : JSON.stringify(chunk.chunk).length * 3);
}
