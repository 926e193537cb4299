import { createProviders } from "@uci/adapters/providers";
import { scriptedAnswer } from "@uci/adapters/providers/testing";
import { chatAcceptedSchema, importResultSchema, messageSchema, sessionSchema, wireLimits } from "@uci/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Caller, Fixture, type Instance, until } from "./fixture.ts";

let fixture: Fixture;
let instance: Instance;
let people = 0;

beforeAll(async () => {
  fixture = await Fixture.start();
  const { baseUrl } = fixture.provider;
  const models = [{ id: "scripted", continue_prefix: true }, "forgetful"];
  instance = await fixture.instance({ providers: createProviders({ openaiCompatible: { baseUrl, models } }) });
});
afterAll(() => fixture.close());

const person = () => instance.user(`gardener-${++people}`);
const messageOf = async (caller: Caller, sessionId: string, messageId: string) =>
  (await caller.history(sessionId)).find(({ message_id }) => message_id === messageId);

async function turn(caller: Caller, message: string, fields: Record<string, unknown> = {}) {
  const accepted = await caller.chat(message, fields);
  await until("the answer is final", async () => {
    const answer = await messageOf(caller, accepted.session_id, accepted.message_id);
    return answer?.status === "complete";
  });
  return accepted;
}

/** An answer that was stopped after its first words. */
async function stopped(caller: Caller, message: string, model: string) {
  fixture.provider.tokensPerSecond = 40;
  const session_id = `stopped-${++people}`;
  const reader = await caller.stream(`/api/sse?session_id=${session_id}`);
  await reader.untilReady();
  const accepted = await caller.chat(message, { session_id, model });
  await until("something is there", () => reader.chunksOf(accepted.message_id).length > 4);
  await caller.call("POST", `/api/messages/${accepted.message_id}/stop`);
  await reader.untilPersisted(accepted.message_id);
  fixture.provider.tokensPerSecond = 0;
  return { accepted, reader, old: (await messageOf(caller, session_id, accepted.message_id))! };
}

describe("ratings", () => {
  it("are kept, told to the other tabs, and taken back", async () => {
    const caller = person();
    const { session_id, message_id } = await turn(caller, "hello");
    const reader = await caller.stream("/api/sse");
    await reader.untilReady();
    const path = `/api/messages/${message_id}/rating`;
    const rate = (rating: unknown) => caller.expect(200, messageSchema, "PUT", path, { body: { rating } });
    expect((await rate("up")).metadata.rating).toBe("up");
    await until("the tab hears of it", () => reader.all("message_updated").length === 1);
    expect(reader.all("message_updated")[0]?.data).toMatchObject({ session_id, message_id, change: "updated" });
    expect((await rate(null)).metadata).not.toHaveProperty("rating");
    for (const rating of ["best", 1, undefined]) {
      await caller.refused("invalid_request", "PUT", path, { body: { rating } });
    }
    await person().refused("not_found", "PUT", path, { body: { rating: "up" } });
  });
});

describe("editing an answer", () => {
  it("keeps the new text beside it without asking a provider, and the conversation goes on from it", async () => {
    const caller = person();
    const { session_id, message_id, user_message_id } = await turn(caller, "hello");
    const reader = await caller.stream("/api/sse");
    await reader.untilReady();
    const asked = fixture.provider.requests.all.length;
    const path = `/api/messages/${message_id}/edit`;
    const edited = await caller.expect(201, messageSchema, "POST", path, { body: { content: "My own words" } });
    expect(edited).toMatchObject({
      session_id,
      parent_message_id: user_message_id,
      role: "assistant",
      status: "complete",
      content: "My own words",
      metadata: { edited: true },
    });
    expect(edited.message_id).not.toBe(message_id);
    expect((await messageOf(caller, session_id, message_id))?.content).not.toBe("My own words");
    await until("the tab hears of it", () => reader.all("message_updated").length === 1);
    expect(reader.all("message_updated")[0]?.data).toMatchObject({ message_id: edited.message_id, change: "updated" });
    expect(fixture.provider.requests.all).toHaveLength(asked);
    await turn(caller, "go on", { session_id, parent_message_id: edited.message_id });
    expect(JSON.stringify(fixture.provider.requests.all.at(-1)?.body)).toContain("My own words");
  });

  it("is refused for what is no finished answer of one's own", async () => {
    const caller = person();
    const { message_id, user_message_id } = await turn(caller, "hello");
    const path = `/api/messages/${message_id}/edit`;
    for (const content of ["", 1, null, undefined]) {
      await caller.refused("invalid_request", "POST", path, { body: { content } });
    }
    await caller.refused("conflict", "POST", `/api/messages/${user_message_id}/edit`, { body: { content: "x" } });
    await person().refused("not_found", "POST", path, { body: { content: "x" } });
  });
});

describe("instructions", () => {
  it("are messages of role system, told to the other tabs, and given to the provider", async () => {
    const caller = person();
    const { session_id } = await caller.expect(201, sessionSchema, "POST", "/api/sessions", { body: {} });
    const reader = await caller.stream("/api/sse");
    await reader.untilReady();
    const path = `/api/sessions/${session_id}/messages`;
    const body = { role: "system", content: "Speak like a pirate." };
    const instruction = await caller.expect(201, messageSchema, "POST", path, { body });
    expect(instruction).toMatchObject({ ...body, session_id, parent_message_id: null, status: "complete" });
    await until("the tab hears of it", () => reader.all("message_updated").length === 1);
    expect(reader.all("message_updated")[0]?.data).toMatchObject({ change: "updated", message: instruction });
    await turn(caller, "hello pirate", { session_id, context: { system_prompt: "Be brief." } });
    const asked = fixture.provider.requests.all.find(({ prompt }) => prompt === "hello pirate");
    const given = asked?.body as { readonly messages: readonly unknown[] } | undefined;
    expect(given?.messages.slice(0, 2)).toEqual([
      { role: "system", content: "Be brief.\n\nSpeak like a pirate." },
      { role: "user", content: "hello pirate" },
    ]);
    const history = await caller.history(session_id);
    expect(history.map(({ role }) => role)).toEqual(["system", "user", "assistant"]);
    expect(history[1]?.parent_message_id).toBe(instruction.message_id);

    const markdown = await caller.call("GET", `/api/sessions/${session_id}/export?format=markdown`);
    expect(markdown.text).toContain("## System\n\nSpeak like a pirate.\n");
    const file = await caller.call("GET", `/api/sessions/${session_id}/export`);
    const heir = person();
    const imported = await heir.expect(200, importResultSchema, "POST", "/api/import", { body: file.body });
    const taken = await heir.history(imported.sessions[0]!.session_id);
    expect(taken.map(({ role, content }) => [role, content])).toEqual(
      history.map(({ role, content }) => [role, content]),
    );
  });

  it("are refused for other roles, texts too long or empty, and sessions of others", async () => {
    const caller = person();
    const { session_id, user_message_id } = await turn(caller, "hello");
    const path = `/api/sessions/${session_id}/messages`;
    const longest = "x".repeat(wireLimits.systemPromptBytes);
    for (const wrong of [
      { role: "user", content: "x" },
      { role: "assistant", content: "x" },
      { content: "x" },
      { role: "system" },
      { role: "system", content: " " },
      { role: "system", content: `${longest}x` },
      { role: "system", content: "x", parent_message_id: "not an id" },
      { role: "system", content: "x", status: "complete" },
    ]) {
      await caller.refused("invalid_request", "POST", path, { body: wrong });
    }
    const body = { role: "system", content: longest };
    await caller.refused("conflict", "POST", path, { body: { ...body, parent_message_id: user_message_id } });
    await caller.refused("not_found", "POST", path, { body: { ...body, parent_message_id: "msg_none" } });
    await person().refused("not_found", "POST", path, { body });
    await caller.refused("not_found", "POST", "/api/sessions/none/messages", { body });
    expect(await caller.history(session_id)).toHaveLength(2);
    await caller.expect(201, messageSchema, "POST", path, { body });
  });
});

describe("deleting a message", () => {
  it("takes what follows it along, and is told to the other tabs", async () => {
    const caller = person();
    const first = await turn(caller, "one");
    const { session_id } = first;
    const second = await turn(caller, "two", { session_id });
    const reader = await caller.stream("/api/sse");
    await reader.untilReady();
    const path = `/api/messages/${second.user_message_id}`;
    await person().refused("not_found", "DELETE", path);
    expect((await caller.call("DELETE", path)).status).toBe(204);
    await until("the tab hears of it", () => reader.all("message_updated").length === 1);
    expect(reader.all("message_updated")[0]?.data).toMatchObject({
      message_id: second.user_message_id,
      change: "removed",
    });
    expect((await caller.history(session_id)).map(({ message_id }) => message_id)).toEqual([
      first.user_message_id,
      first.message_id,
    ]);
    await caller.refused("not_found", "DELETE", path);
  });

  it("ends an answer that is still being written", async () => {
    const caller = person();
    fixture.provider.tokensPerSecond = 20;
    const accepted = await caller.chat("going on for 400 words");
    const asked = () => fixture.provider.requests.all.findLast(({ prompt }) => prompt === "going on for 400 words");
    await until("the provider is asked", () => asked() !== undefined);
    expect((await caller.call("DELETE", `/api/messages/${accepted.user_message_id}`)).status).toBe(204);
    await until("the provider is left", () => asked()?.state === "aborted");
    fixture.provider.tokensPerSecond = 0;
    await instance.settled();
    expect(await caller.history(accepted.session_id)).toEqual([]);
  });
});

describe("branching", () => {
  it("makes a session of the way to an answer, which goes on by itself", async () => {
    const caller = person();
    const first = await turn(caller, "one");
    const { session_id } = first;
    const second = await turn(caller, "two", { session_id });
    const path = `/api/sessions/${session_id}/branch`;
    const session = await caller.expect(201, sessionSchema, "POST", path, { body: { message_id: first.message_id } });
    expect((await caller.history(session.session_id)).map(({ content }) => content)).toEqual([
      "one",
      scriptedAnswer("one"),
    ]);
    await turn(caller, "elsewhere", { session_id: session.session_id });
    expect(await caller.history(session_id)).toHaveLength(4);
    await caller.refused("conflict", "POST", path, { body: { message_id: second.user_message_id } });
    await caller.refused("invalid_request", "POST", path, { body: {} });
    await person().refused("not_found", "POST", path, { body: { message_id: first.message_id } });
  });
});

describe("continuing", () => {
  it("begins with what was said and goes on exactly there, where the model can", async () => {
    const caller = person();
    const message = "tell me 120 words";
    const { accepted, reader, old } = await stopped(caller, message, "scripted");
    expect(old.status).toBe("stopped");
    const path = `/api/messages/${accepted.message_id}/continue`;
    const next = await caller.expect(202, chatAcceptedSchema, "POST", path, { body: { model: "scripted" } });
    await reader.untilPersisted(next.message_id);
    expect(reader.chunksOf(next.message_id)[0]?.chunk).toBe(old.content);
    const answer = await messageOf(caller, accepted.session_id, next.message_id);
    expect(answer).toMatchObject({ status: "complete", content: scriptedAnswer(message) });
    expect(answer?.parent_message_id).toBe(accepted.user_message_id);
    await caller.refused("conflict", "POST", `/api/messages/${next.message_id}/continue`);
    await person().refused("not_found", "POST", path);
  });

  it("asks a model that cannot to go on from its own words", async () => {
    const caller = person();
    const { accepted, reader, old } = await stopped(caller, "say 120 words", "forgetful");
    const path = `/api/messages/${accepted.message_id}/continue`;
    const next = await caller.expect(202, chatAcceptedSchema, "POST", path, { body: { model: "forgetful" } });
    await reader.untilPersisted(next.message_id);
    const { messages } = fixture.provider.requests.all.at(-1)!.body as {
      messages: { role: string; content: unknown }[];
    };
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(JSON.stringify(messages[1]?.content)).toContain(JSON.stringify(old.content).slice(1, -1));
    const answer = await messageOf(caller, accepted.session_id, next.message_id);
    expect(answer?.content.startsWith(old.content)).toBe(true);
    expect(answer?.content.length).toBeGreaterThan(old.content.length);
  });
});
