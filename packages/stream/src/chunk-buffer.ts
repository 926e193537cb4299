import type { Chunk } from "@uci/protocol";
import type { AnswerFold } from "./fold.ts";
import { streamLimits } from "./limits.ts";

/**
 * `delivered`: these were next, in order. `held`: it came early and waits. `old`: it is contained already. `conflict`:
 * it contradicts the text. `overflow`: too much was held; all of it is dropped and has to be read again.
 */
export type BufferOutcome =
  | { readonly kind: "delivered"; readonly chunks: readonly Chunk[] }
  | { readonly kind: "held" | "old" | "conflict" | "overflow" };

/** Puts the chunks of one answer in order in front of its fold. A hole is never skipped. */
export class ChunkBuffer {
  readonly fold: AnswerFold;
  readonly #held = new Map<number, Chunk>();

  constructor(fold: AnswerFold) {
    this.fold = fold;
  }

  get heldChunks(): number {
    return this.#held.size;
  }

  offer(chunk: Chunk): BufferOutcome {
    const { generation, journaled } = this.fold;
    const outcome = this.fold.apply(chunk);
    if (this.fold.generation !== generation || this.fold.journaled !== journaled) this.#held.clear();
    if (outcome === "gap") return this.#hold(chunk);
    if (outcome !== "applied") return { kind: outcome };
    const chunks = [chunk];
    this.#drainInto(chunks);
    return { kind: "delivered", chunks };
  }

  /** The fold has been replaced by a snapshot: forgets what it covers, delivers what follows it. */
  resume(): readonly Chunk[] {
    for (const [id, chunk] of this.#held) {
      if (id < this.fold.nextChunkId || chunk.generation !== this.fold.generation) this.#held.delete(id);
    }
    const chunks: Chunk[] = [];
    this.#drainInto(chunks);
    return chunks;
  }

  #hold(chunk: Chunk): BufferOutcome {
    if (this.#held.has(chunk.chunk_id)) return { kind: "old" };
    if (this.#held.size >= streamLimits.heldChunks) {
      this.#held.clear();
      return { kind: "overflow" };
    }
    this.#held.set(chunk.chunk_id, chunk);
    return { kind: "held" };
  }

  #drainInto(chunks: Chunk[]): void {
    if (this.#held.size === 0) return;
    for (;;) {
      const next = this.#held.get(this.fold.nextChunkId);
      if (next === undefined) return;
      this.#held.delete(next.chunk_id);
      if (this.fold.apply(next) !== "applied") return;
      chunks.push(next);
    }
  }
}
