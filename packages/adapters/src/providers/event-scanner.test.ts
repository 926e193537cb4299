import fc from "fast-check";
import { expect, test } from "vitest";
import { EventScanner } from "./event-scanner.ts";

const markers = ["data: [DONE]", "data:[DONE]"];

function scan(text: string, ends: readonly number[] = []): EventScanner {
  const bytes = new TextEncoder().encode(text);
  const scanner = new EventScanner(markers);
  let start = 0;
  for (const end of [...ends, bytes.length].sort((one, other) => one - other)) {
    scanner.push(bytes.subarray(start, end));
    start = Math.max(start, end);
  }
  return scanner;
}

test.each(["data: [DONE]\n\n", "data:[DONE]\n\n", "data: [DONE]\r\n\r\n", ": hello\n\ndata: {}\n\ndata: [DONE]\n\n"])(
  "%j ends the stream",
  (text) => {
    expect(scan(text).ended).toBe(true);
  },
);

test.each([
  "",
  "data: {}\n\n",
  "data: [DONE]",
  'data: {"text":"data: [DONE]\\n\\n"}\n\n',
  " data: [DONE]\n\n",
  "xdata: [DONE]\n\n",
])("%j does not end it", (text) => {
  expect(scan(text).ended).toBe(false);
});

test("a marker in the last line counts without a line break, half a marker does not", () => {
  const whole = scan("data: {}\n\ndata: [DONE]");
  whole.end();
  expect(whole.ended).toBe(true);
  const half = scan("data: {}\n\ndata: [DON");
  half.end();
  expect(half.ended).toBe(false);
});

test("the event of the marker belongs to the stream as a whole", () => {
  const scanner = new EventScanner(["event: response.completed"]);
  scanner.push(Buffer.from("event: response.completed\ndata: {"));
  expect(scanner.ended).toBe(false);
  scanner.push(Buffer.from("}\n\n"));
  expect(scanner.ended).toBe(true);
});

test("the size of the largest event is known while it is still coming", () => {
  const scanner = new EventScanner(markers);
  scanner.push(Buffer.from("data: 12345\n\n"));
  expect(scanner.largestEventBytes).toBe(11);
  scanner.push(Buffer.from("data: "));
  scanner.push(Buffer.from("x".repeat(1000)));
  expect(scanner.largestEventBytes).toBe(1006);
});

test("packets make no difference", () => {
  const line = fc.constantFrom(
    "data: [DONE]",
    "data:[DONE]",
    "data: {}",
    "",
    ": ping",
    "Grüße 日本 𝄞",
    "data: [DONE",
    "event: x\r",
  );
  const stream = fc.array(line, { maxLength: 12 }).map((lines) => lines.map((text) => `${text}\n`).join(""));
  fc.assert(
    fc.property(stream, fc.array(fc.nat(200), { maxLength: 20 }), (text, ends) => {
      const { length } = new TextEncoder().encode(text);
      const whole = scan(text);
      const split = scan(
        text,
        ends.filter((end) => end <= length),
      );
      expect(split.ended).toBe(whole.ended);
      expect(split.largestEventBytes).toBe(whole.largestEventBytes);
    }),
  );
});
