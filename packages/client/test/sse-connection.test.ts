import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { environmentWith } from "../src/environment.ts";
import type { ApiError } from "../src/errors.ts";
import { SseConnection } from "../src/sse-connection.ts";

const silenceMs = 1_000;

/** A connection whose server writes, and whose time passes, when the test says so. */
async function openConnection() {
  let nowMs = 1_000_000;
  let timers: { readonly dueMs: number; readonly task: () => void }[] = [];
  let made = 0;
  let body: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      body = controller;
    },
  });
  const headers = { "content-type": "text/event-stream" };
  const environment = environmentWith({
    fetch: async () => new Response(stream, { headers }),
    nowMs: () => nowMs,
    after(delayMs: number, task: () => void) {
      made++;
      const timer = { dueMs: nowMs + delayMs, task };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
  });
  const ends: (ApiError | null)[] = [];
  const names: string[] = [];
  const opened = Promise.withResolvers<void>();
  const connection = new SseConnection(
    { address: "http://pod/api/sse", headers: {}, credentials: "same-origin", silenceMs },
    environment,
    { onOpen: () => opened.resolve(), onEvent: (name) => names.push(name), onEnd: (error) => ends.push(error) },
  );
  await opened.promise;
  return {
    connection,
    ends,
    timersMade: () => made,
    setClock: (changeMs: number) => {
      // The clock of the wall jumps; how long a timer has to wait does not.
      nowMs += changeMs;
      timers = timers.map((timer) => ({ ...timer, dueMs: timer.dueMs + changeMs }));
    },
    pass: (waitMs: number) => {
      const untilMs = nowMs + waitMs;
      for (;;) {
        const next = timers.filter(({ dueMs }) => dueMs <= untilMs).sort((one, other) => one.dueMs - other.dueMs)[0];
        if (next === undefined) break;
        timers = timers.filter((timer) => timer !== next);
        nowMs = next.dueMs;
        next.task();
      }
      nowMs = untilMs;
    },
    write: async () => {
      const read = names.length + 1;
      body?.enqueue(new TextEncoder().encode("event: piece\ndata: {}\n\n"));
      while (names.length < read) await nextTurn();
    },
  };
}

describe("silence", () => {
  test("is counted from the last byte, with few timers for many bytes", async () => {
    const { ends, pass, write, timersMade } = await openConnection();
    for (let piece = 0; piece < 500; piece++) {
      pass(10);
      await write();
    }
    expect(timersMade()).toBeLessThan(20);
    pass(silenceMs - 1);
    expect(ends).toEqual([]);
    pass(1);
    expect(ends.map((error) => error?.code)).toEqual(["timeout"]);
  });

  test("is noticed although the clock was set back meanwhile", async () => {
    const { ends, pass, write, setClock } = await openConnection();
    await write();
    setClock(-3_600_000);
    pass(2 * silenceMs);
    expect(ends.map((error) => error?.code)).toEqual(["timeout"]);
  });

  test("ends nothing that was closed", async () => {
    const { connection, ends, pass } = await openConnection();
    connection.close();
    pass(10 * silenceMs);
    expect(ends).toEqual([]);
  });
});
