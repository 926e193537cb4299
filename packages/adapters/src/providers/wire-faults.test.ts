import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { collectAnswer } from "./testing/collect-answer.ts";
import type { Fault } from "./testing/faults.ts";
import { scriptedAnswer, scriptedReasoning, tokensOf } from "./testing/scripted-answer.ts";
import { ScriptedServer } from "./testing/scripted-server.ts";
import { onWire, testKey, threeWires, wireNames } from "./testing/three-wires.ts";

let server: ScriptedServer;
beforeAll(async () => {
  server = await ScriptedServer.start();
});
afterEach(() => {
  server.always(null);
  server.tokensPerSecond = 0;
});
afterAll(() => server.close());

const prompt = "Tell me 40 words and reason about them";
const expected = scriptedAnswer(prompt);

describe.each(wireNames)("over the wire %s", (wire) => {
  const ask = (limits: Parameters<typeof threeWires>[1] = {}, text = prompt) => {
    const { model } = threeWires(server.baseUrl, limits);
    return collectAnswer(model, { ...onWire[wire], messages: [{ role: "user", content: text }] });
  };
  const requestsDuring = async (work: () => Promise<unknown>) => {
    const before = server.requests.all.length;
    await work();
    return server.requests.all.length - before;
  };

  test("an answer without fault is whole, with its usage", async () => {
    const answer = await ask();
    expect(answer.error).toBeNull();
    expect(answer.text).toBe(expected);
    expect(answer.reasoning).toBe(scriptedReasoning(prompt));
    expect(answer.finish?.finishReason).toBe("stop");
    expect(answer.finish?.usage?.outputTokens).toBe(tokensOf(expected).length);
    expect(answer.finish?.usage?.inputTokens).toBeGreaterThan(0);
  });

  test("the request carries the conversation, the temperature, the limit and the key", async () => {
    const { model } = threeWires(server.baseUrl);
    const answer = await collectAnswer(model, {
      ...onWire[wire],
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "first" },
        { role: "assistant", content: "second" },
        { role: "user", content: "third 30 words" },
      ],
      temperature: 0.5,
      maxTokens: 5,
    });
    expect(answer.finish?.finishReason).toBe("length");
    expect(answer.text).toBe(tokensOf(scriptedAnswer("third 30 words")).slice(0, 5).join(""));
    const seen = server.requests.all.at(-1)!;
    const body = JSON.stringify(seen.body);
    for (const said of ["Be brief.", "first", "second", "third 30 words", '"temperature":0.5'])
      expect(body).toContain(said);
    expect(seen.headers.authorization ?? seen.headers["x-api-key"]).toContain(testKey);
    expect(seen.headers["x-client-request-id"]).toBe("corr_test");
  });

  const cutting: readonly Fault[] = [
    { kind: "cut", after: 5 },
    { kind: "no_end_marker", after: 5 },
    { kind: "no_end_marker" },
    { kind: "garbage", after: 5 },
  ];
  test.each(cutting)("$kind (after $after tokens) is an error, never a finish", async (fault) => {
    server.script(fault);
    // In the pace of real tokens, so that what came before the fault is read before it.
    server.tokensPerSecond = 2000;
    const answer = await ask();
    expect(answer.finish).toBeNull();
    expect(answer.error).toMatchObject({ code: "provider_bad_response", retryable: true });
    expect(expected.startsWith(answer.text)).toBe(true);
    expect(answer.text).not.toBe("");
  });

  test("before any part, a cut or garbage is tried again", async () => {
    server.script({ kind: "cut", after: 0 }, { kind: "garbage", after: 0 }, null);
    const requests = await requestsDuring(async () => expect((await ask({ retries: 2 }, "plainly")).error).toBeNull());
    expect(requests).toBe(3);
  });

  test("after the first part nothing is tried again", async () => {
    server.script({ kind: "error_event", after: 5, type: "overloaded_error" });
    server.tokensPerSecond = 2000;
    const requests = await requestsDuring(async () => {
      const answer = await ask({ retries: 2 });
      expect(answer.error).toMatchObject({ code: "provider_overloaded", retryable: true });
      expect(answer.text).not.toBe("");
    });
    expect(requests).toBe(1);
  });

  test("an error event before any part is tried again", async () => {
    server.script({ kind: "error_event", after: 0, type: "overloaded_error" }, null);
    const answer = await ask({ retries: 1 }, "plainly");
    expect(answer.error).toBeNull();
    expect(answer.text).toBe(scriptedAnswer("plainly"));
  });

  test("429 with Retry-After, 500 and a closed connection are tried again", async () => {
    server.script(
      { kind: "status", status: 429, retryAfterMs: 1 },
      { kind: "status", status: 500 },
      { kind: "reset" },
      null,
    );
    const requests = await requestsDuring(async () => expect((await ask({ retries: 3 })).text).toBe(expected));
    expect(requests).toBe(4);
  });

  test("retries are bounded", async () => {
    server.always({ kind: "status", status: 503 });
    const requests = await requestsDuring(async () => {
      expect((await ask({ retries: 2 })).error).toMatchObject({ code: "provider_overloaded", retryable: true });
    });
    expect(requests).toBe(3);
  });

  test("a Retry-After beyond the cap is told instead of waited for", async () => {
    server.script({ kind: "status", status: 429, retryAfter: "31" });
    const requests = await requestsDuring(async () => {
      const { error } = await ask({ retries: 2 });
      expect(error).toMatchObject({ code: "provider_rate_limited", retryable: true, retryAfterMs: 31_000 });
    });
    expect(requests).toBe(1);
  });

  test.each([
    [400, "provider_rejected"],
    [401, "provider_unauthorized"],
    [403, "provider_unauthorized"],
    [404, "model_not_found"],
    [413, "provider_rejected"],
    [307, "provider_rejected"],
  ] as const)("HTTP %i is %s and is not tried again", async (status, code) => {
    server.script({ kind: "status", status, location: "http://elsewhere.invalid/" });
    const requests = await requestsDuring(async () => {
      expect((await ask({ retries: 2 })).error).toMatchObject({ code, retryable: false });
    });
    expect(requests).toBe(1);
  });

  test.each([400, 401, 429, 500])("an HTTP %i that repeats the key tells nobody", async (status) => {
    server.script({ kind: "status", status, echoKey: true, message: `Incorrect key ${testKey.slice(0, 12)}****6789.` });
    const { error } = await ask();
    const shown = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error) + error?.stack;
    expect(shown).not.toContain(testKey);
    expect(shown).not.toContain(testKey.slice(0, 12));
    expect(shown).not.toContain("6789");
    expect(shown).not.toContain(prompt);
  });

  test.each([{ kind: "hang" }, { kind: "silence", after: 0 }, { kind: "silence", after: 0, pings: true }] as const)(
    "no first token ($kind, pings $pings) ends as a time-out and closes the connection",
    async (fault) => {
      server.script(fault);
      const number = server.requests.all.length + 1;
      const { error } = await ask({ firstTokenTimeoutMs: 60 }, "plainly");
      expect(error).toMatchObject({ code: "provider_timeout", retryable: true });
      await server.requests.until((requests) =>
        requests.some((seen) => seen.number === number && seen.state === "aborted"),
      );
    },
  );

  test("silence after some tokens ends as a time-out and closes the connection", async () => {
    server.script({ kind: "silence", after: 4 });
    const number = server.requests.all.length + 1;
    const answer = await ask({ idleTimeoutMs: 60 });
    expect(answer.error).toMatchObject({ code: "provider_timeout", retryable: true });
    expect(answer.text).toBe(tokensOf(expected).slice(0, 4).join(""));
    await server.requests.until((requests) =>
      requests.some((seen) => seen.number === number && seen.state === "aborted"),
    );
  });

  test("slow is not silent", async () => {
    server.script({ kind: "slow", tokensPerSecond: 50 });
    const answer = await ask({ idleTimeoutMs: 1000, firstTokenTimeoutMs: 1000 }, "5 words");
    expect(answer.text).toBe(scriptedAnswer("5 words"));
    expect(answer.error).toBeNull();
  });

  test.each([1, 2, 3, 7])("packets of %i bytes, through the middle of characters, change nothing", async (bytes) => {
    server.script({ kind: "packets", bytes });
    const answer = await ask();
    expect(answer.text).toBe(expected);
    expect(answer.reasoning).toBe(scriptedReasoning(prompt));
    expect(answer.error).toBeNull();
  });

  test("one very large event is taken", async () => {
    server.script({ kind: "huge_event", bytes: 3_000_000 });
    const answer = await ask({}, "3 words");
    expect(answer.error).toBeNull();
    expect(answer.text).toBe("x".repeat(3_000_000) + scriptedAnswer("3 words"));
  });

  test("an event beyond the limit is refused and the connection closed", async () => {
    server.script({ kind: "huge_event", bytes: 3_000_000 });
    const answer = await ask({ eventBytes: 100_000 }, "3 words");
    expect(answer.error).toMatchObject({ code: "provider_bad_response" });
    expect(answer.text).toBe("");
  });

  test.each(["length", "content_filter"] as const)("a finish for the reason %s is told as such", async (reason) => {
    server.script({ kind: "finish", reason });
    expect((await ask()).finish?.finishReason).toBe(reason);
  });

  test("after the end marker an open connection is not waited for", async () => {
    server.script({ kind: "open_end" });
    const number = server.requests.all.length + 1;
    const answer = await ask({ connectionDrainMs: 20 });
    expect(answer.text).toBe(expected);
    expect(answer.finish?.finishReason).toBe("stop");
    await server.requests.until((requests) =>
      requests.some((seen) => seen.number === number && seen.state === "aborted"),
    );
  });

  test("a provider that is not there cannot be reached", async () => {
    const gone = await ScriptedServer.start();
    const { baseUrl } = gone;
    await gone.close();
    const { model } = threeWires(baseUrl, { retries: 1 });
    const { error } = await collectAnswer(model, { ...onWire[wire], messages: [{ role: "user", content: "?" }] });
    expect(error).toMatchObject({ code: "provider_unavailable", retryable: true });
  });
});
