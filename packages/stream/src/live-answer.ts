import { type Chunk, type FinishReason, isFinalStatus, type Position, type ReadReply } from "@uci/protocol";
import { type BufferOutcome, ChunkBuffer } from "./chunk-buffer.ts";
import type { CursorPosition } from "./cursor.ts";
import { AnswerFold, statusOfFinish } from "./fold.ts";
import { streamLimits } from "./limits.ts";
import type { AnswerRow } from "./ports.ts";
import { Backoff } from "./waiting.ts";

/** What a reader that is at some position has to be sent next. */
export type Delivery =
  | { readonly kind: "nothing" }
  | { readonly kind: "snapshot" }
  | { readonly kind: "chunks"; readonly chunks: readonly Chunk[] };

/** One answer as a pod knows it: the text so far, what is held out of order, and what it still has to ask for. */
export class LiveAnswer {
  readonly messageId: string;
  readonly sessionId: string;
  readonly buffer = new ChunkBuffer(new AnswerFold());
  /**
   * Whether it is known to be unfinished, or asked for by a cursor. A late chunk or position may belong to an answer
   * that ended long ago, and nothing of that is pushed.
   */
  isWanted: boolean;
  /** Whose session it is in; null: not known yet, and nobody is sent anything of it. */
  ownerId: string | null = null;
  /** The row, once it is final. */
  finalRow: AnswerRow | null = null;
  /** When the final row was seen. */
  finalAtMs = 0;
  /** Since when this pod follows it. */
  readonly followedAtMs: number;
  /** The last sign of life of this answer: a chunk, a position, a reply. */
  heardAtMs: number;
  /** When it was noticed that something is missing; null while nothing is. */
  behindSinceMs: number | null = null;
  /** The question under way, so that several who need the answer share it. */
  asking: Promise<boolean> | null = null;
  askAfterMs = 0;
  readonly backoff = new Backoff(streamLimits.askRetryFirstMs, streamLimits.askRetryLastMs);
  /** It has been decided how a plain answer ends, and its row is being written: nothing is taken in any more. */
  isEnding = false;
  /** Whether an owner has answered or a chunk has arrived: before, there is nothing to recover. */
  begun = false;
  /** The last chunk id known to be committed, from positions and chunks held. */
  #tip = -1;
  #tipGeneration = 0;
  /** Chunks after `#baseline`, which is the last chunk id known only as text. */
  #chunks: Chunk[] = [];
  #baseline = -1;

  constructor(messageId: string, sessionId: string, isWanted: boolean, nowMs: number) {
    this.isWanted = isWanted;
    this.messageId = messageId;
    this.sessionId = sessionId;
    this.followedAtMs = nowMs;
    this.heardAtMs = nowMs;
  }

  get fold(): AnswerFold {
    return this.buffer.fold;
  }

  /** The chunks there are, from the first on where no snapshot has taken the place of some. */
  get chunks(): readonly Chunk[] {
    return this.#chunks;
  }

  get isClosed(): boolean {
    return this.fold.close !== null || this.finalRow !== null;
  }

  /** Whether something committed has not arrived here yet. */
  get isBehind(): boolean {
    if (this.finalRow !== null) return false;
    return this.#tipGeneration > this.fold.generation || this.#tip >= this.fold.nextChunkId;
  }

  offer(chunk: Chunk, nowMs: number): BufferOutcome {
    if (this.finalRow !== null || this.isEnding) return { kind: "old" };
    const { generation, journaled } = this.fold;
    const outcome = this.buffer.offer(chunk);
    if (this.fold.generation !== generation || this.fold.journaled !== journaled) this.#rebase(-1);
    if (outcome.kind === "delivered") this.#chunks.push(...outcome.chunks);
    else if (outcome.kind === "held" || outcome.kind === "overflow") this.#raiseTip(chunk.generation, chunk.chunk_id);
    this.#heard(nowMs);
    return outcome.kind === "old" && this.#isAltered(chunk) ? { kind: "altered" } : outcome;
  }

  /** A chunk came that cannot be read, so that it is missing. */
  missed(generation: number, chunkId: number, nowMs: number): void {
    if (this.finalRow !== null || this.isEnding) return;
    this.#raiseTip(generation, chunkId);
    this.#heard(nowMs);
  }

  /** Whether it is ahead of everything received: a tail that was lost. */
  position(position: Position, nowMs: number): boolean {
    const wasBehind = this.isBehind;
    this.#raiseTip(position.generation, position.chunk_id);
    this.#heard(nowMs);
    return !wasBehind && this.isBehind;
  }

  /** Takes in an owner's page. False when it is of a generation or attempt that is past. */
  page(reply: ReadReply, nowMs: number): boolean {
    const { fold } = this;
    if (this.finalRow !== null || reply.generation < fold.generation) return false;
    if (reply.generation === fold.generation && reply.attempt < fold.attempt) return false;
    if (reply.snapshot !== undefined && fold.replace({ generation: reply.generation, ...reply.snapshot })) {
      this.#rebase(reply.snapshot.upto);
      this.#chunks.push(...this.buffer.resume());
    }
    for (const chunk of reply.chunks) this.offer(chunk, nowMs);
    this.#heard(nowMs);
    return true;
  }

  /** The row is final: it is the last word. Returns whether the text so far agreed with it. */
  finalize(row: AnswerRow, nowMs: number): boolean {
    const { fold } = this;
    const complete = fold.generation === row.generation && fold.nextChunkId === row.last_chunk_id + 1;
    const agreed = !complete || fold.text === row.text;
    this.finalRow = row;
    this.finalAtMs = nowMs;
    this.behindSinceMs = null;
    if (!complete || !agreed) {
      fold.restart(row.generation, true);
      fold.replace({ generation: row.generation, upto: row.last_chunk_id, text: row.text, reasoning: row.reasoning });
      this.#rebase(row.last_chunk_id);
    }
    return agreed;
  }

  /** What a reader lacks that has `position`; null: it has seen nothing of this answer. */
  after(position: CursorPosition | null): Delivery {
    const { fold } = this;
    const last = fold.nextChunkId - 1;
    const same = position !== null && position.generation === fold.generation;
    const from = same ? position.chunkId : -1;
    if (position !== null && position.generation > fold.generation) return { kind: "nothing" };
    // It ended without a close among its chunks, so that none will say how; a reader may have more than its row.
    if (this.#endedUnsaid) return { kind: "snapshot" };
    if (same && from >= last) return { kind: "nothing" };
    // A snapshot also for the first sight of an answer begun before: one event instead of thousands.
    if (from < this.#baseline) return { kind: "snapshot" };
    if (!same && position !== null && last >= 0) return { kind: "snapshot" };
    const chunks = this.#chunks.slice(from - this.#baseline);
    return chunks.length === 0 ? { kind: "nothing" } : { kind: "chunks", chunks };
  }

  /** Whether it ended by its row alone: a plain answer that was given up or stopped, or one that never began. */
  get #endedUnsaid(): boolean {
    if (this.finalRow === null) return false;
    return (this.finalRow.plain && this.fold.close === null) || this.finalRow.last_chunk_id < 0;
  }

  /** Status for a snapshot, and how the answer ended if it did. */
  get ending(): { status: AnswerRow["status"]; finishReason: FinishReason | null; tokenCount: number } {
    if (this.finalRow !== null) {
      const { status, finish_reason: finishReason, token_count: tokenCount } = this.finalRow;
      return { status, finishReason, tokenCount };
    }
    const metadata = this.fold.close?.metadata;
    const finishReason = (metadata?.finish_reason as FinishReason | undefined) ?? null;
    const begun = this.fold.nextChunkId === 0 ? "queued" : "streaming";
    return {
      // A snapshot that covers the close has to say so: no chunk after it will.
      status: finishReason === null ? begun : statusOfFinish(finishReason),
      finishReason,
      tokenCount: (metadata?.tokens_used as number | undefined) ?? 0,
    };
  }

  /** Called now and then: whether the owner should be asked at this moment. */
  shouldAsk(nowMs: number): boolean {
    if (this.finalRow !== null || this.asking !== null) return false;
    if (!this.isBehind) this.behindSinceMs = null;
    else this.behindSinceMs ??= nowMs;
    if (!this.isWanted) return nowMs >= this.askAfterMs;
    const gap = this.behindSinceMs !== null && nowMs - this.behindSinceMs >= streamLimits.gapRepairMs;
    const silent = nowMs - this.heardAtMs >= streamLimits.recoveringMs;
    return (gap || silent || this.fold.close !== null) && nowMs >= this.askAfterMs;
  }

  /** Whether it repeats a plain chunk with another text. */
  #isAltered(chunk: Chunk): boolean {
    if (chunk.attempt !== undefined || chunk.generation !== this.fold.generation) return false;
    const known = this.#chunks[chunk.chunk_id - this.#baseline - 1];
    return known !== undefined && known.attempt === undefined && known.chunk !== chunk.chunk;
  }

  #heard(nowMs: number): void {
    this.heardAtMs = nowMs;
    this.begun = true;
  }

  #raiseTip(generation: number, chunkId: number): void {
    if (generation < this.#tipGeneration) return;
    if (generation > this.#tipGeneration) this.#tip = -1;
    this.#tipGeneration = generation;
    this.#tip = Math.max(this.#tip, chunkId);
  }

  #rebase(upto: number): void {
    this.#baseline = upto;
    this.#chunks = [];
  }

  get isOver(): boolean {
    return this.finalRow !== null && isFinalStatus(this.finalRow.status);
  }
}
