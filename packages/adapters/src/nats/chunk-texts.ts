import type { Chunk } from "@uci/protocol";
import type { JournalEntry } from "@uci/stream";

/**
 * The JSON of chunks, made once: a chunk goes into a journal and, when that is acknowledged, to the pods. Those of the
 * last entry are kept, which is what the next messages are about.
 */
export class ChunkTexts {
  #known: ReadonlyMap<unknown, string> = new Map();

  /** What `JSON.stringify` makes of it. */
  entry({ records, ...head }: JournalEntry): string {
    const known = new Map<Chunk, string>();
    const texts = records.map((record) => {
      if (record.kind !== "chunk") return JSON.stringify(record);
      const text = JSON.stringify(record.chunk);
      known.set(record.chunk, text);
      return `{"kind":"chunk","chunk":${text}}`;
    });
    this.#known = known;
    return `${JSON.stringify(head).slice(0, -1)},"records":[${texts.join(",")}]}`;
  }

  /** The same of any message. */
  message(message: unknown): string {
    if (!Array.isArray(message) || !this.#known.has(message[0])) return JSON.stringify(message);
    return `[${message.map((item) => this.#known.get(item) ?? JSON.stringify(item)).join(",")}]`;
  }
}
