import type { AnswerStatus, Chunk, FinishReason } from "@uci/protocol";
import type { ToolPart } from "./ports.ts";
import { sha256Hex, utf8Bytes } from "./text.ts";

/**
 * `applied`: it was the next. `old`: it is contained already, or of a lower generation. `gap`: something before it is
 * missing. `conflict`: it claims a place in the text that this fold has already passed or not reached.
 */
export type FoldOutcome = "applied" | "old" | "gap" | "conflict";

export type FoldSnapshot = {
  readonly generation: number;
  /** Last chunk id it covers, -1 when none. */
  readonly upto: number;
  readonly text: string;
  readonly reasoning: string;
};

/**
 * One answer, chunk by chunk. The only place where chunks become text: worker, pod, client and take-over all use it.
 * The text is that of the content chunks since the last reset.
 */
export class AnswerFold {
  generation = 0;
  /** Whether the chunks so far came from a journal, not from a plain workflow. */
  journaled = false;
  attempt = 0;
  nextChunkId = 0;
  text = "";
  textBytes = 0;
  reasoning = "";
  tools: ToolPart[] = [];
  resets = 0;
  /** Where in the text (UTF-16 units) another attempt went on with what the one before had left. */
  joins: number[] = [];
  close: Chunk | null = null;

  /** Takes a chunk in if it is the next one; leaves everything as it was otherwise. */
  apply(chunk: Chunk): FoldOutcome {
    const journaled = chunk.attempt !== undefined;
    if (chunk.generation < this.generation) return "old";
    if (chunk.generation > this.generation || (journaled && !this.journaled)) {
      this.restart(chunk.generation, journaled);
    } else if (!journaled && this.journaled) return "old";
    if (chunk.chunk_id < this.nextChunkId || this.close !== null) return "old";
    if (chunk.chunk_id > this.nextChunkId) return "gap";
    if (chunk.offset !== undefined && chunk.chunk_type !== "reset" && chunk.offset !== this.textBytes)
      return "conflict";
    this.#take(chunk);
    return "applied";
  }

  /** Everything so far is void: the answer starts again from nothing. */
  restart(generation: number, journaled: boolean): void {
    this.generation = generation;
    this.journaled = journaled;
    this.attempt = 0;
    this.nextChunkId = 0;
    this.close = null;
    this.#clearText();
  }

  /** From here on this attempt writes. */
  beginAttempt(attempt: number): void {
    const inherits = this.attempt > 0 && attempt > this.attempt && this.text !== "";
    if (inherits && this.joins.at(-1) !== this.text.length) this.joins.push(this.text.length);
    this.attempt = attempt;
  }

  /** Replaces what is here when the snapshot reaches further or is of a higher generation. Returns whether it did. */
  replace(snapshot: FoldSnapshot): boolean {
    const further = snapshot.generation === this.generation && snapshot.upto + 1 >= this.nextChunkId;
    if (snapshot.generation < this.generation || !(further || snapshot.generation > this.generation)) return false;
    this.restart(snapshot.generation, true);
    this.nextChunkId = snapshot.upto + 1;
    this.text = snapshot.text;
    this.textBytes = utf8Bytes(snapshot.text);
    this.reasoning = snapshot.reasoning;
    return true;
  }

  snapshot(): FoldSnapshot {
    return { generation: this.generation, upto: this.nextChunkId - 1, text: this.text, reasoning: this.reasoning };
  }

  /** Whether length and SHA-256 of the close match the text; null while there is no close that names them. */
  verified(): boolean | null {
    const { length, sha256 } = this.close?.metadata ?? {};
    if (typeof length !== "number" || typeof sha256 !== "string") return null;
    return length === this.textBytes && sha256 === sha256Hex(this.text);
  }

  #take(chunk: Chunk): void {
    if (chunk.attempt !== undefined) this.beginAttempt(chunk.attempt);
    if (chunk.chunk_type === "reset") {
      this.#clearText();
      this.resets++;
    } else if (chunk.chunk_type === "content") {
      this.text += chunk.chunk;
      this.textBytes += utf8Bytes(chunk.chunk);
    } else if (chunk.chunk_type === "reasoning") {
      this.reasoning += chunk.chunk;
    } else if (chunk.chunk_type === "tool_call" || chunk.chunk_type === "tool_result") {
      this.tools.push({ chunk_type: chunk.chunk_type, chunk: chunk.chunk });
    }
    this.nextChunkId = chunk.chunk_id + 1;
    if (chunk.is_final) this.close = chunk;
  }

  #clearText(): void {
    this.text = "";
    this.textBytes = 0;
    this.reasoning = "";
    this.tools = [];
    this.joins = [];
  }
}

/** The status an answer ends with for the reason it ended. */
export function statusOfFinish(reason: FinishReason): AnswerStatus {
  if (reason === "stopped" || reason === "interrupted") return reason;
  return reason === "error" ? "failed" : "complete";
}
