import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { collectAnswer } from "./testing/collect-answer.ts";
import { recordings } from "./testing/recordings.ts";
import { replayFetch } from "./testing/replay.ts";
import { onWire, threeWires } from "./testing/three-wires.ts";
import type { WireName } from "./testing/wires.ts";

const address = "http://recorded.invalid/v1";
const question = [{ role: "user" as const, content: "?" }];

function replay(wire: WireName, bytes: Uint8Array, ends: readonly number[] = []) {
  const { model } = threeWires(address, {}, { fetch: replayFetch(bytes, ends) });
  return collectAnswer(model, { ...onWire[wire], messages: question });
}

describe.each(recordings)("$name", (recording) => {
  const bytes = new TextEncoder().encode(recording.stream);
  const endMarkerAt = new TextEncoder().encode(
    recording.stream.slice(0, recording.stream.lastIndexOf(recording.endMarker)),
  ).length;

  test("gives text, reasoning, finish reason, usage and response id", async () => {
    const answer = await replay(recording.wire, bytes);
    expect(answer.error).toBeNull();
    expect(answer.text).toBe(recording.text);
    expect(answer.reasoning).toBe(recording.reasoning);
    expect(answer.finish).toEqual({ type: "finish", finishReason: recording.finish, usage: recording.usage });
    const ids = answer.parts.flatMap((part) => (part.type === "response" ? [part.responseId] : []));
    expect(ids).toEqual(recording.responseId === undefined ? [] : [recording.responseId]);
  });

  test("gives the same however the bytes are split into packets", async () => {
    const ends = fc.array(fc.nat(bytes.length), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(ends, async (positions) => {
        const answer = await replay(recording.wire, bytes, positions);
        expect(answer.text).toBe(recording.text);
        expect(answer.reasoning).toBe(recording.reasoning);
        expect(answer.finish?.finishReason).toBe(recording.finish);
      }),
      { numRuns: 60 },
    );
  });

  test("gives the same byte by byte", async () => {
    const answer = await replay(
      recording.wire,
      bytes,
      Array.from(bytes, (_byte, index) => index),
    );
    expect(answer.text).toBe(recording.text);
    expect(answer.finish?.finishReason).toBe(recording.finish);
  });

  test("is not complete when it ends anywhere before the end marker, and what was given is a beginning", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(endMarkerAt), async (length) => {
        const answer = await replay(recording.wire, bytes.slice(0, length));
        expect(answer.finish).toBeNull();
        expect(answer.error?.code).toBe("provider_bad_response");
        expect(answer.error?.retryable).toBe(true);
        expect(recording.text.startsWith(answer.text)).toBe(true);
        expect(recording.reasoning.startsWith(answer.reasoning)).toBe(true);
      }),
      { numRuns: 60, examples: [[endMarkerAt], [0]] },
    );
  });
});

test("a Messages API that writes its end marker otherwise and stays open is complete, and is closed", async () => {
  const { stream, text } = recordings.find(({ wire }) => wire === "messages")!;
  const odd = stream.replace('event: message_stop\ndata: {"type":"message_stop"}', 'data: { "type" : "message_stop" }');
  expect(odd).not.toBe(stream);
  let closed = false;
  const open: typeof fetch = async () =>
    new Response(
      new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new TextEncoder().encode(odd)),
        cancel() {
          closed = true;
        },
      }),
    );
  const { model } = threeWires(address, {}, { fetch: open });
  const answer = await collectAnswer(model, { ...onWire.messages, messages: question });
  expect(answer.text).toBe(text);
  expect(answer.finish?.finishReason).toBe("stop");
  while (!closed) await new Promise((resolve) => setImmediate(resolve));
});
