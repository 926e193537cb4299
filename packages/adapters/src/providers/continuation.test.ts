import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createProviders } from "./catalogue.ts";
import { handOverReason } from "./generation.ts";
import { parseProvidersFile } from "./providers-file.ts";
import { collectAnswer } from "./testing/collect-answer.ts";
import { scriptedAnswer } from "./testing/scripted-answer.ts";
import { ScriptedServer } from "./testing/scripted-server.ts";
import { testKey } from "./testing/three-wires.ts";

let server: ScriptedServer;
beforeAll(async () => {
  server = await ScriptedServer.start();
});
afterEach(() => {
  server.tokensPerSecond = 0;
});
afterAll(() => server.close());

const prompt = "60 words";
const whole = scriptedAnswer(prompt);
const messages = [{ role: "user" as const, content: prompt }];

describe("going on from the beginning of an answer", () => {
  const providers = () =>
    createProviders({
      anthropic: { apiKey: testKey, baseUrl: server.baseUrl, models: ["claude-haiku-4-5"] },
      providersFile: parseProvidersFile(
        [
          {
            id: "file",
            name: "F",
            kind: "openai-compatible",
            base_url: server.baseUrl,
            models: [
              { id: "plain", continue_prefix: true },
              { id: "field", continue_prefix: "prefix_field" },
              { id: "flag", continue_prefix: "continue_final_message" },
            ],
          },
        ],
        {},
      ),
    });

  test.each([
    ["anthropic", "claude-haiku-4-5"],
    ["file", "plain"],
    ["file", "field"],
    ["file", "flag"],
  ])("%s %s gives exactly the rest, wherever it was broken off", async (provider, model) => {
    for (let length = 0; length <= whole.length; length += 17) {
      // Not within a pair of surrogates: the journal holds whole characters.
      const text = whole.slice(0, length).replace(/[\uD800-\uDBFF]$/, "");
      const answer = await collectAnswer(providers().model, { provider, model, messages, continueFrom: { text } });
      expect(text + answer.text).toBe(whole);
      expect(answer.finish?.finishReason).toBe("stop");
    }
  });

  test.each([
    ["plain", { role: "assistant", content: "0." }, undefined],
    ["field", { role: "assistant", content: "0.", prefix: true }, undefined],
    ["flag", { role: "assistant", content: "0." }, true],
  ])("the style %s is what goes over the wire", async (model, last, flag) => {
    await collectAnswer(providers().model, { provider: "file", model, messages, continueFrom: { text: "0." } });
    const body = server.requests.all.at(-1)!.body as { messages: unknown[]; continue_final_message?: boolean };
    expect(body.messages.at(-1)).toEqual(last);
    expect(body.continue_final_message).toBe(flag);
  });
});

describe("resuming a background response of the Responses API", () => {
  const providers = () =>
    createProviders({
      openai: { apiKey: testKey, baseUrl: server.baseUrl, models: ["gpt"], resumable: true },
      limits: { retries: 0 },
    });
  const request = { provider: "openai", model: "gpt", messages };

  /** Reads some of an answer, then is aborted for a reason; gives the text so far and the response's id. */
  async function interrupted(reason: Error): Promise<{ text: string; responseId: string }> {
    server.tokensPerSecond = 400;
    const abort = new AbortController();
    let texts = 0;
    const answer = await collectAnswer(providers().model, request, abort.signal, (part) => {
      if (part.type === "text" && ++texts === 8) abort.abort(reason);
    });
    const response = answer.parts.find((part) => part.type === "response");
    return { text: answer.text, responseId: response?.type === "response" ? response.responseId : "" };
  }
  const handOver = Object.assign(new Error("another worker goes on"), { name: handOverReason });

  test("asks for storing only where it is wanted", async () => {
    await collectAnswer(providers().model, request);
    expect(server.requests.all.at(-1)!.body).toMatchObject({ background: true, store: true, stream: true });
    const plain = createProviders({ openai: { apiKey: testKey, baseUrl: server.baseUrl, models: ["gpt"] } });
    await collectAnswer(plain.model, request);
    const body = server.requests.all.at(-1)!.body;
    expect(body).toMatchObject({ store: false });
    expect(body).not.toHaveProperty("background");
  });

  test("after a hand-over another worker gets exactly the rest, of the same response", async () => {
    const { text, responseId } = await interrupted(handOver);
    expect(text).not.toBe("");
    const posted = server.requests.all.filter(({ method }) => method === "POST").length;
    const rest = await collectAnswer(providers().model, { ...request, continueFrom: { text, responseId } });
    expect(text + rest.text).toBe(whole);
    expect(rest.finish?.finishReason).toBe("stop");
    expect(server.requests.all.filter(({ method }) => method === "POST").length).toBe(posted);
    expect(server.requests.all.at(-1)!.path).toBe(`/v1/responses/${responseId}?stream=true`);
  });

  test("a text that is not the response's is never continued", async () => {
    const { responseId } = await interrupted(handOver);
    const continueFrom = { text: "something else entirely", responseId };
    const rest = await collectAnswer(providers().model, { ...request, continueFrom });
    expect(rest.text).toBe("");
    expect(rest.error).toMatchObject({ code: "provider_bad_response", retryable: false });
  });

  test("with a sequence number the events after it are asked for and taken as they are", async () => {
    const { responseId } = await interrupted(handOver);
    const continueFrom = { text: "whatever", responseId, sequenceNumber: 6 };
    const rest = await collectAnswer(providers().model, { ...request, continueFrom });
    expect(server.requests.all.at(-1)!.path).toBe(`/v1/responses/${responseId}?stream=true&starting_after=6`);
    expect(whole.endsWith(rest.text)).toBe(true);
    expect(rest.finish?.finishReason).toBe("stop");
  });

  test("an abort for any other reason stops the response at the provider", async () => {
    const { responseId } = await interrupted(new Error("stopped by the reader"));
    await server.requests.until((requests) => requests.at(-1)!.path === `/v1/responses/${responseId}/cancel`);
    expect(server.backgroundResponse(responseId)?.cancelled).toBe(true);
  });

  test("a response that is gone cannot be resumed", async () => {
    const rest = await collectAnswer(providers().model, {
      ...request,
      continueFrom: { text: "a", responseId: "resp_gone" },
    });
    expect(rest.error?.retryable).toBe(false);
    expect(rest.text).toBe("");
  });
});
