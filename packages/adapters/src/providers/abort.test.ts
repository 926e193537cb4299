import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { collectAnswer } from "./testing/collect-answer.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { ScriptedServer } from "./testing/scripted-server.ts";
import { onWire, threeWires, wireNames } from "./testing/three-wires.ts";

let server: ScriptedServer;
beforeAll(async () => {
  server = await ScriptedServer.start();
});
afterEach(() => {
  server.always(null);
  server.tokensPerSecond = 0;
});
afterAll(() => server.close());

const messages = [{ role: "user" as const, content: "5000 words" }];

describe.each(wireNames)("over the wire %s", (wire) => {
  const request = { ...onWire[wire], messages };
  const closed = (number: number) =>
    server.requests.until((requests) => requests.some((seen) => seen.number === number && seen.state === "aborted"));

  test("an abort in mid-stream closes the connection, and nothing is read after it", async () => {
    server.tokensPerSecond = 500;
    const { model } = threeWires(server.baseUrl);
    const abort = new AbortController();
    const number = server.requests.all.length + 1;
    let partsAfter = 0;
    const answer = await collectAnswer(model, request, abort.signal, (part) => {
      if (abort.signal.aborted) partsAfter++;
      if (part.type === "text") abort.abort(new Error("a reason the SDK must not see"));
    });
    expect(answer.error).toMatchObject({ message: "The request was cancelled.", retryable: false });
    expect(partsAfter).toBe(0);
    await closed(number);
    expect(server.requests.all[number - 1]!.tokensSent).toBeLessThan(2000);
  });

  test.each([{ kind: "hang" }, { kind: "silence", after: 0 }] as const)(
    "an abort while the first token is waited for ($kind) closes the connection",
    async (fault) => {
      server.script(fault);
      const { model } = threeWires(server.baseUrl);
      const abort = new AbortController();
      const number = server.requests.all.length + 1;
      const reading = collectAnswer(model, request, abort.signal);
      await server.requests.until((requests) => requests.length === number);
      abort.abort();
      expect((await reading).error).toMatchObject({ code: "internal_error", retryable: false });
      await closed(number);
    },
  );

  test("an abort between two tokens wakes a reader that waits", async () => {
    server.script({ kind: "silence", after: 3 });
    const { model } = threeWires(server.baseUrl);
    const abort = new AbortController();
    const number = server.requests.all.length + 1;
    const reading = collectAnswer(model, request, abort.signal);
    await server.requests.until((requests) => requests.length === number && requests.at(-1)!.tokensSent === 3);
    abort.abort();
    expect((await reading).finish).toBeNull();
    await closed(number);
  });

  test("leaving the loop closes the connection", async () => {
    server.tokensPerSecond = 500;
    const { model } = threeWires(server.baseUrl);
    const number = server.requests.all.length + 1;
    for await (const part of model.generate({ ...request, correlationId: "corr_test" }, new AbortController().signal)) {
      if (part.type === "text") break;
    }
    await closed(number);
  });

  test("a signal that is aborted beforehand makes no request", async () => {
    const { model } = threeWires(server.baseUrl);
    const before = server.requests.all.length;
    const answer = await collectAnswer(model, request, AbortSignal.abort());
    expect(answer.parts).toEqual([]);
    expect(answer.error).not.toBeNull();
    expect(server.requests.all.length).toBe(before);
  });

  test("an abort while a retry is waited for ends at once and makes no further request", async () => {
    server.script({ kind: "status", status: 429, retryAfter: "20" });
    const clock = new ManualClock();
    const { model } = threeWires(server.baseUrl, { retries: 2 }, { clock });
    const abort = new AbortController();
    const before = server.requests.all.length;
    const reading = collectAnswer(model, request, abort.signal);
    await server.requests.until((requests) => requests.length === before + 1 && requests.at(-1)!.state === "faulted");
    await waitsFor(clock, 20_000);
    abort.abort();
    expect((await reading).error).toMatchObject({ message: "The request was cancelled." });
    expect(server.requests.all.length).toBe(before + 1);
    expect(clock.pendingMs).toEqual([]);
  });

  test("a reader that takes its time is not taken for a silent provider", async () => {
    const clock = new ManualClock();
    const { model } = threeWires(server.baseUrl, { idleTimeoutMs: 1000 }, { clock });
    const answer = await collectAnswer(
      model,
      { ...request, messages: [{ role: "user", content: "30 words" }] },
      undefined,
      () => clock.advance(100_000),
    );
    expect(answer.error).toBeNull();
    expect(answer.finish?.finishReason).toBe("stop");
  });
});

test("a reader that stops reading holds the provider back", async () => {
  let pulls = 0;
  let cancelled = false;
  const event = `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta: { content: "word " }, finish_reason: null }] })}\n\n`;
  const endless = async () =>
    new Response(
      new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            pulls++;
            controller.enqueue(new TextEncoder().encode(event));
          },
          cancel() {
            cancelled = true;
          },
        },
        { highWaterMark: 0 },
      ),
    );
  const { model } = threeWires("http://endless.invalid/v1", {}, { fetch: endless });
  let read = 0;
  for await (const part of model.generate(
    { ...onWire.chat, messages, correlationId: "corr_test" },
    new AbortController().signal,
  )) {
    if (part.type === "text" && ++read === 10) {
      for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(pulls).toBeLessThan(100);
      break;
    }
  }
  expect(read).toBe(10);
  while (!cancelled) await new Promise((resolve) => setImmediate(resolve));
});

/** Until somebody has set the clock's alarm for this time from now. */
async function waitsFor(clock: ManualClock, delayMs: number): Promise<void> {
  while (!clock.pendingMs.includes(delayMs)) await new Promise((resolve) => setImmediate(resolve));
}
