import type { JournaledChunk } from "@uci/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AnswerFold,
  ChunkBuffer,
  formatCursor,
  parseCursor,
  sha256Hex,
  splitByBytes,
  TextSanitizer,
  utf8Bytes,
} from "../src/index.ts";

/** Chunks of an answer with these texts; the last one closes it. */
export function chunksOf(texts: readonly string[], generation = 0): JournaledChunk[] {
  let offset = 0;
  const whole = texts.join("");
  return texts.map((chunk, chunk_id) => {
    const is_final = chunk_id === texts.length - 1;
    const made: JournaledChunk = {
      ...{ session_id: "sess_1", message_id: "msg_1", chunk_id, generation, attempt: 1, offset, chunk, is_final },
      ...{ chunk_type: "content", timestamp: "", correlation_id: "corr_1" },
      ...(is_final ? { metadata: { length: utf8Bytes(whole), sha256: sha256Hex(whole) } } : {}),
    };
    offset += utf8Bytes(chunk);
    return made;
  });
}

const anyText = fc.string({ unit: "binary", maxLength: 8 });
const encoder = new TextEncoder();

describe("fold and buffer", () => {
  it("F1 B1 delivers 3, 1, 4, 0, 5, 2 as 0 1 · 2 3 4 5", () => {
    const chunks = chunksOf(["a", "b", "c", "d", "e", "f"]);
    const buffer = new ChunkBuffer(new AnswerFold());
    const delivered = [3, 1, 4, 0, 5, 2].map((id) => {
      const outcome = buffer.offer(chunks[id]!);
      return outcome.kind === "delivered" ? outcome.chunks.map((chunk) => chunk.chunk_id) : [];
    });
    expect(delivered).toEqual([[], [], [], [0, 1], [], [2, 3, 4, 5]]);
    expect(buffer.fold.text).toBe("abcdef");
    expect(buffer.fold.verified()).toBe(true);
  });

  it("F1 F6 B1 gives the same text for any order and any duplication", () => {
    fc.assert(
      fc.property(
        fc.array(anyText, { minLength: 1, maxLength: 30 }).chain((texts) => {
          const ids = texts.map((_, id) => id);
          const extra = fc.array(fc.constantFrom(...ids), { maxLength: 30 });
          return fc.tuple(
            fc.constant(texts),
            extra.chain((more) => fc.shuffledSubarray([...ids, ...more], { minLength: ids.length + more.length })),
          );
        }),
        ([texts, arrivals]) => {
          const chunks = chunksOf(texts.map((text) => text.toWellFormed()));
          const buffer = new ChunkBuffer(new AnswerFold());
          const delivered: number[] = [];
          for (const id of arrivals) {
            const outcome = buffer.offer(chunks[id]!);
            if (outcome.kind === "delivered") delivered.push(...outcome.chunks.map((chunk) => chunk.chunk_id));
          }
          expect(delivered).toEqual(chunks.map((chunk) => chunk.chunk_id));
          expect(buffer.fold.text).toBe(chunks.map((chunk) => chunk.chunk).join(""));
          expect(buffer.fold.verified()).toBe(true);
        },
      ),
    );
  });

  it("F1 F7 gives the same text for any cutting of a provider's text", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) })),
        (pieces) => {
          const sanitizer = new TextSanitizer();
          const text = pieces.map((piece) => sanitizer.push(piece)).join("") + sanitizer.end();
          expect(text).toBe(pieces.join("").replaceAll("\u0000", "\uFFFD").toWellFormed());
          expect(utf8Bytes(text)).toBe(encoder.encode(text).length);
        },
      ),
    );
  });

  it("F2 counts bytes as the encoder does, also of lone surrogates", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
        (text) => {
          expect(utf8Bytes(text)).toBe(encoder.encode(text).length);
        },
      ),
    );
  });

  it("F2 splits into pieces within the limit and loses nothing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.integer({ min: 4, max: 40 }), (text, limit) => {
        const whole = text.toWellFormed();
        const pieces = splitByBytes(whole, limit);
        expect(pieces.join("")).toBe(whole);
        for (const piece of pieces) expect(utf8Bytes(piece)).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it("F2 refuses a chunk whose offset is not where the text ends", () => {
    const fold = new AnswerFold();
    const [first, second] = chunksOf(["abc", "def"]);
    fold.apply(first!);
    expect(fold.apply({ ...second!, offset: 2 })).toBe("conflict");
    expect(fold.text).toBe("abc");
  });

  it("F3 lets a higher generation replace the text and ignores a lower one", () => {
    const fold = new AnswerFold();
    for (const chunk of chunksOf(["old ", "text"])) fold.apply(chunk);
    const [first, last] = chunksOf(["new", "!"], 1);
    expect(fold.apply(first!)).toBe("applied");
    expect(fold.text).toBe("new");
    expect(fold.apply(chunksOf(["x", "y", "z"])[2]!)).toBe("old");
    expect(fold.apply(last!)).toBe("applied");
    expect(fold.text).toBe("new!");
  });

  it("F4 empties the text at a reset and goes on counting chunks", () => {
    const fold = new AnswerFold();
    const [first, second] = chunksOf(["wrong", "right"]);
    fold.apply(first!);
    fold.apply({ ...first!, chunk_id: 1, chunk: "", chunk_type: "reset" });
    fold.apply({ ...second!, chunk_id: 2, offset: 0 });
    expect(fold.text).toBe("right");
    expect(fold.resets).toBe(1);
  });

  it("F5 takes a snapshot only when it reaches as far", () => {
    const fold = new AnswerFold();
    for (const chunk of chunksOf(["a", "b", "c", "d"]).slice(0, 3)) fold.apply(chunk);
    expect(fold.replace({ generation: 0, upto: 1, text: "ab", reasoning: "" })).toBe(false);
    expect(fold.text).toBe("abc");
    expect(fold.replace({ generation: 0, upto: 5, text: "abcdef", reasoning: "" })).toBe(true);
    expect(fold.nextChunkId).toBe(6);
  });

  it("B2 drops what it holds when that is too much, and still takes what is next", () => {
    const chunks = chunksOf(Array.from({ length: 300 }, () => "x"));
    const buffer = new ChunkBuffer(new AnswerFold());
    const outcomes = chunks.slice(1).map((chunk) => buffer.offer(chunk).kind);
    expect(outcomes.filter((kind) => kind === "overflow")).toHaveLength(1);
    expect(buffer.heldChunks).toBeLessThanOrEqual(256);
    for (const chunk of chunks) buffer.offer(chunk);
    expect(buffer.fold.text).toBe("x".repeat(300));
  });
});

describe("cursor", () => {
  const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);

  it("C1 is parsed to what it was made of", () => {
    const position = fc.record({ generation: fc.nat(1000), chunkId: fc.integer({ min: -1, max: 100_000 }) });
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(id, position), { maxLength: 20, selector: ([key]) => key }), (entries) => {
        const cursor = new Map(entries);
        expect(parseCursor(formatCursor(cursor))).toEqual(cursor);
      }),
    );
  });

  it("C1 refuses everything else without throwing", () => {
    for (const text of [
      "",
      "1",
      "2~",
      "1~a",
      "1~a:0",
      "1~a:0.",
      "1~a:-1.0",
      "1~a:0.-2",
      "1~a:0.1,a:0.2",
      "1~a b:0.1",
      "1~a:0.1,",
      "1~a:01.1",
      "1~a:0.9999999999",
    ]) {
      expect(parseCursor(text), text).toBeNull();
    }
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const parsed = parseCursor(text);
        if (parsed !== null) expect(formatCursor(parsed)).toBe(text);
      }),
    );
    const tooMany = new Map(
      Array.from({ length: 65 }, (_, index) => [`m${index}`, { generation: 0, chunkId: 1 }] as const),
    );
    expect(parseCursor(formatCursor(tooMany))).toBeNull();
  });
});
