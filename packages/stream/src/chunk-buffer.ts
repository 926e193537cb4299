import type { Chunk } from "@uci/protocol";
import type { AnswerFold } from "./fold.ts";
import { streamLimits } from "./limits.ts";
import { utf8Bytes } from "./text.ts";

/**
 * `delivered`: these were next, in order. `held`: it came early and waits. `old`: it is contained already. `conflict`:
 * it contradicts the text. `overflow`: too much was held; all of it is dropped and has to be read again. `altered`: it
 * repeats a plain chunk that is held with another text, and is dropped.
 */
export type BufferOutcome =
  | { readonly kind: "delivered"; readonly chunks: readonly Chunk[] }
  | { readonly kind: "held" | "old" | "conflict" | "overflow" | "altered" };

/** Puts the chunks of one answer in order in front of its fold. A hole is never skipped. */
export class ChunkBuffer {
  readonly fold: AnswerFold;
  readonly #held = new Map<number, Chunk>();
  #heldBytes = 0;

  constructor(fold: AnswerFold) {
    this.fold = fold;
  }

  get heldChunks(): number {
    return this.#held.size;
  }

  /** Text of what is held. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  offer(chunk: Chunk): BufferOutcome {
    const { generation, journaled } = this.fold;
    const outcome = this.fold.apply(chunk);
    if (this.fold.generation !== generation || this.fold.journaled !== journaled) this.#dropAll();
    if (outcome === "gap") return this.#hold(chunk);
    if (outcome !== "applied") return { kind: outcome };
    const chunks = [chunk];
    this.#drainInto(chunks);
    return { kind: "delivered", chunks };
  }

  /** The fold has been replaced by a snapshot: forgets what it covers, delivers what follows it. */
  resume(): readonly Chunk[] {
    for (const [id, chunk] of this.#held) {
      if (id < this.fold.nextChunkId || chunk.generation !== this.fold.generation) this.#drop(id, chunk);
    }
    const chunks: Chunk[] = [];
    this.#drainInto(chunks);
    return chunks;
  }

  #hold(chunk: Chunk): BufferOutcome {
    const known = this.#held.get(chunk.chunk_id);
    const isPlain = chunk.attempt === undefined;
    if (known !== undefined) return { kind: isPlain && known.chunk !== chunk.chunk ? "altered" : "old" };
    // Nobody can be asked for a plain answer, so all of it that comes early is kept.
    if (this.#held.size >= (isPlain ? streamLimits.plainChunks : streamLimits.heldChunks)) {
      this.#dropAll();
      return { kind: "overflow" };
    }
    this.#held.set(chunk.chunk_id, chunk);
    this.#heldBytes += utf8Bytes(chunk.chunk);
    return { kind: "held" };
  }

  #drop(id: number, chunk: Chunk): void {
    this.#held.delete(id);
    this.#heldBytes -= utf8Bytes(chunk.chunk);
  }

  #dropAll(): void {
    this.#held.clear();
    this.#heldBytes = 0;
  }

  #drainInto(chunks: Chunk[]): void {
    if (this.#held.size === 0) return;
    for (;;) {
      const next = this.#held.get(this.fold.nextChunkId);
      if (next === undefined) return;
      this.#drop(next.chunk_id, next);
      if (this.fold.apply(next) !== "applied") return;
      chunks.push(next);
    }
  }
}
