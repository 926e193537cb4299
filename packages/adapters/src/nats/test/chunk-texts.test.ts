import type { JournaledChunk } from "@uci/protocol";
import type { JournalEntry } from "@uci/stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChunkTexts } from "../chunk-texts.ts";

const chunk = fc.record(
  {
    session_id: fc.string(),
    message_id: fc.string(),
    chunk_id: fc.nat(),
    generation: fc.nat(),
    attempt: fc.nat(),
    offset: fc.nat(),
    chunk: fc.string({ unit: "binary" }),
    chunk_type: fc.constant("content" as const),
    is_final: fc.boolean(),
    metadata: fc.dictionary(fc.string(), fc.jsonValue()),
    timestamp: fc.string(),
    correlation_id: fc.string(),
  },
  { requiredKeys: ["session_id", "message_id", "chunk_id", "attempt", "offset", "chunk"] },
) as fc.Arbitrary<JournaledChunk>;

const entry: fc.Arbitrary<JournalEntry> = fc.record(
  {
    number: fc.nat(),
    floor: fc.nat(),
    records: fc.array(
      fc.oneof(
        chunk.map((given) => ({ kind: "chunk" as const, chunk: given })),
        fc.string().map((worker_id) => ({ kind: "born" as const, worker_id })),
      ),
    ),
  },
  { requiredKeys: ["number", "records"] },
);

const chunksOf = ({ records }: JournalEntry) => records.flatMap((one) => (one.kind === "chunk" ? [one.chunk] : []));

describe("the texts of chunks", () => {
  it("are those of JSON, in an entry and in the messages that follow it", () => {
    fc.assert(
      fc.property(entry, entry, (first, second) => {
        const texts = new ChunkTexts();
        for (const given of [first, second]) {
          expect(texts.entry(given)).toBe(JSON.stringify(orderedAsWritten(given)));
          expect(texts.message(chunksOf(given))).toBe(JSON.stringify(chunksOf(given)));
        }
        const mixed = [...chunksOf(second), ...chunksOf(first)];
        expect(texts.message(mixed)).toBe(JSON.stringify(mixed));
        expect(texts.message({ positions: [] })).toBe('{"positions":[]}');
      }),
    );
  });

  it("are made once", () => {
    const texts = new ChunkTexts();
    let made = 0;
    const counted = { chunk_id: 1, toJSON: () => ({ made: ++made }) } as unknown as JournaledChunk;
    texts.entry({ number: 1, records: [{ kind: "chunk", chunk: counted }] });
    expect(texts.message([counted])).toBe('[{"made":1}]');
    expect(made).toBe(1);
  });
});

/** The records come last, whatever the order of the entry's own keys. */
function orderedAsWritten({ records, ...head }: JournalEntry): object {
  return { ...head, records };
}
