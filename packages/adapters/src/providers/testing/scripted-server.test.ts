import { afterAll, beforeAll, expect, test } from "vitest";
import { collectAnswer } from "./collect-answer.ts";
import { faultInPrompt } from "./faults.ts";
import { scriptedAnswer, tokensOf } from "./scripted-answer.ts";
import { ScriptedServer } from "./scripted-server.ts";
import { onWire, threeWires, wireNames } from "./three-wires.ts";

let server: ScriptedServer;
beforeAll(async () => {
  server = await ScriptedServer.start();
});
afterAll(() => server.close());

test("the answer has as many numbered words as the prompt names, and depends on all of it", () => {
  const answer = scriptedAnswer("please 300 words");
  for (const number of [0, 150, 299]) expect(answer).toContain(`${number}.`);
  expect(answer).not.toContain("300.");
  expect(scriptedAnswer("please, 300 words")).not.toBe(answer);
  expect(scriptedAnswer("please 300 words")).toBe(answer);
  expect(tokensOf(answer).join("")).toBe(answer);
});

test("a fault can be ordered in the prompt", () => {
  expect(faultInPrompt("hello [fault=cut after=5]")).toEqual({
    fault: { kind: "cut", after: 5 },
    times: Number.POSITIVE_INFINITY,
  });
  expect(faultInPrompt("[fault=status status=429 retryAfter=1 echoKey=true times=2] x")).toEqual({
    fault: { kind: "status", status: 429, retryAfter: 1, echoKey: true },
    times: 2,
  });
  expect(faultInPrompt("no fault=cut")).toBeNull();
});

test("a fault in the prompt comes as often as ordered, on every wire", async () => {
  for (const wire of wireNames) {
    const prompt = `${wire} [fault=status status=500 times=2]`;
    const { model } = threeWires(server.baseUrl, { retries: 2 });
    const answer = await collectAnswer(model, { ...onWire[wire], messages: [{ role: "user", content: prompt }] });
    expect(answer.text).toBe(scriptedAnswer(prompt));
    const seen = server.requests.all.filter((request) => request.prompt === prompt);
    expect(seen.map(({ state }) => state)).toEqual(["faulted", "faulted", "complete"]);
    expect(seen.at(-1)).toMatchObject({ wire, model: onWire[wire].model, tokensSent: tokensOf(answer.text).length });
  }
});

test("waiting in vain tells what was seen", async () => {
  await expect(server.requests.until(() => false, 1)).rejects.toThrow(/waited in vain; it saw: 1 \/v1\//);
});
