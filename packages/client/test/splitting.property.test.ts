import fc from "fast-check";
import { expect, test } from "vitest";
import { chunksOf, eventText } from "./live-server.ts";
import { readerOf } from "./reader.ts";

test("however the bytes are cut, the text is the same", async () => {
  const text = fc.array(fc.string({ unit: "grapheme", maxLength: 12 }), { minLength: 1, maxLength: 12 });
  const cuts = fc.array(fc.nat(), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(text, cuts, fc.constantFrom("\n", "\r\n", "\r"), async (pieces, cutPoints, lineEnd) => {
      const wire = chunksOf(pieces)
        .map((chunk) => eventText("chunk", chunk))
        .join("");
      const bytes = new TextEncoder().encode(
        `\uFEFF: hello\n\n${wire}${eventText("ready", { recovered: true })}`.replaceAll("\n", lineEnd),
      );
      const marks = [...new Set(cutPoints.map((point) => point % bytes.length))].sort((one, other) => one - other);
      const parts = [...marks, bytes.length].map((end, index) => bytes.slice(index === 0 ? 0 : marks[index - 1], end));
      let finished = () => {};
      const done = new Promise<void>((resolve) => {
        finished = resolve;
      });
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (const part of parts) controller.enqueue(part);
        },
      });
      const reader = readerOf("http://unused", {
        environment: {
          fetch: async () => new Response(body, { headers: { "content-type": "text/event-stream" } }),
          after(delayMs, task) {
            const timer = setTimeout(task, delayMs);
            return () => clearTimeout(timer);
          },
        },
      });
      const poll = setInterval(() => {
        if (reader.of("ready").length > 0) finished();
      }, 0);
      await done;
      clearInterval(poll);
      reader.stream.close();
      expect(reader.shown()).toBe(pieces.join(""));
      expect(reader.ended()).toHaveLength(1);
    }),
    { numRuns: 150 },
  );
});
