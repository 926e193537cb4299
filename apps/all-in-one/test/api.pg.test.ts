import { scriptedAnswer } from "@uci/adapters/providers/testing";
import {
  chatAcceptedSchema,
  healthSchema,
  messagePageSchema,
  modelListSchema,
  sessionPageSchema,
  sessionSchema,
  stopResponseSchema,
} from "@uci/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Caller, expectError, Fixture, type Instance, until } from "./fixture.ts";

/** A prompt whose answer begins and then stays unfinished until it is stopped. */
const unfinished = (text: string) => `${text} [fault=silence after=3]`;

let fixture: Fixture;
let instance: Instance;
let users = 0;
const newUser = (): Caller => instance.user(`user_${++users}`);

beforeAll(async () => {
  fixture = await Fixture.start();
  instance = await fixture.instance();
});
afterAll(() => fixture.close());

async function finished(user: Caller, sessionId: string, messageId: string): Promise<void> {
  await until(`${messageId} is final`, async () => {
    const answer = (await user.history(sessionId)).find(({ message_id }) => message_id === messageId);
    return answer !== undefined && answer.status !== "queued" && answer.status !== "streaming";
  });
}

/** A turn that has been answered. */
async function turn(user: Caller, message: string, fields: Record<string, unknown> = {}) {
  const accepted = await user.chat(message, fields);
  await finished(user, accepted.session_id, accepted.message_id);
  return accepted;
}

describe("POST /api/chat", () => {
  it("answers 202 with exactly the fields of the contract and stores the turn", async () => {
    const user = newUser();
    const message = "Tell me about rivers in 30 words";
    const accepted = await user.expect(202, chatAcceptedSchema.strict(), "POST", "/api/chat", { body: { message } });
    expect(accepted.session_id).toMatch(/^sess_/);
    expect(accepted.message_id).toMatch(/^msg_/);
    expect(accepted.user_message_id).toMatch(/^msg_/);
    expect(accepted.correlation_id).toMatch(/^corr_/);
    expect(new Date(accepted.timestamp).toISOString()).toBe(accepted.timestamp);
    await finished(user, accepted.session_id, accepted.message_id);
    const [question, answer] = await user.history(accepted.session_id);
    expect(question).toMatchObject({ role: "user", content: message, parent_message_id: null, status: "complete" });
    expect(answer).toMatchObject({ role: "assistant", content: scriptedAnswer(message), status: "complete" });
    expect(answer).toMatchObject({ parent_message_id: accepted.user_message_id, model: "scripted" });
    expect(answer?.token_count).toBeGreaterThan(0);
  });

  it("takes a correlation id of the gateway, and a session id of the caller's own making", async () => {
    const answer = await newUser().call("POST", "/api/chat", {
      body: { message: "Hello", session_id: "own-session_1" },
      headers: { "x-correlation-id": "corr-from-gateway" },
    });
    expect(answer.headers.get("x-correlation-id")).toBe("corr-from-gateway");
    expect(answer.body).toMatchObject({ session_id: "own-session_1", correlation_id: "corr-from-gateway" });
  });

  it("is POST /chat, too", async () => {
    const user = newUser();
    const accepted = await user.expect(202, chatAcceptedSchema, "POST", "/chat", { body: { message: "Hello" } });
    await finished(user, accepted.session_id, accepted.message_id);
  });

  it("gives the model the conversation so far, the system prompt and the limits it was given", async () => {
    const user = newUser();
    const context = { temperature: 0.5, max_tokens: 7, system_prompt: "Be brief." };
    const first = await turn(user, "What was first?", { context });
    await turn(user, "What is second?", { session_id: first.session_id, context });
    const request = fixture.provider.requests.all.find(({ prompt }) => prompt === "What is second?");
    expect(request!.body).toMatchObject({ model: "scripted", temperature: 0.5, max_tokens: 7 });
    const body = request?.body as { messages: { role: string }[] } | undefined;
    const roles = body?.messages.map(({ role }) => role);
    expect(roles).toEqual(["system", "user", "assistant", "user"]);
    const [, answer] = await user.history(first.session_id);
    expect(answer).toMatchObject({ token_count: 7, metadata: { finish_reason: "length" } });
  });

  it("refuses a provider and a model that are not configured and stores nothing", async () => {
    const user = newUser();
    await user.refused("model_not_found", "POST", "/api/chat", { body: { message: "Hi", ai_provider: "nobody" } });
    await user.refused("model_not_found", "POST", "/api/chat", { body: { message: "Hi", model: "none" } });
    expect((await user.get(sessionPageSchema, "/api/sessions")).sessions).toEqual([]);
  });

  it("keeps an answer that failed as failed, with the registry's code and what there was of it", async () => {
    const user = newUser();
    const failing = "Fail [fault=status status=401]";
    const accepted = await turn(user, failing);
    const answer = (await user.history(accepted.session_id)).at(-1);
    expect(answer).toMatchObject({ status: "failed", metadata: { error: { code: "provider_unauthorized" } } });
    await turn(user, "And on it goes", { session_id: accepted.session_id });
  });
});

describe("Idempotency-Key", () => {
  const send = (user: Caller, key: string, body: unknown, path = "/api/chat") =>
    user.call("POST", path, { body, headers: { "idempotency-key": key } });

  it("gives the same answer again and no second job, also over the alias and with the keys in another order", async () => {
    const user = newUser();
    const first = await send(user, "once", { message: "Hello", session_id: "idem_1" });
    const again = await send(user, "once", { message: "Hello", session_id: "idem_1" });
    const alias = await send(user, "once", { session_id: "idem_1", message: "Hello" }, "/chat");
    expect(first.status).toBe(202);
    expect([again.status, again.body]).toEqual([202, first.body]);
    expect([alias.status, alias.body]).toEqual([202, first.body]);
    expect(await instance.query("select 1 from workflow_jobs where session_id = 'idem_1'")).toHaveLength(1);
  });

  it("is 422 with another body, and another user's same key is a key of its own", async () => {
    const [user, other] = [newUser(), newUser()];
    await send(user, "mine", { message: "Hello" });
    expectError(await send(user, "mine", { message: "Hello!" }), "idempotency_key_reused");
    expect((await send(other, "mine", { message: "Hello!" })).status).toBe(202);
  });

  it("makes one turn and one job of 20 requests at the same moment", async () => {
    const user = newUser();
    const body = { message: "All at once", session_id: "idem_20" };
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(user, "twenty", body)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await instance.query("select 1 from workflow_jobs where session_id = 'idem_20'")).toHaveLength(1);
    expect(await instance.query("select 1 from messages where session_id = 'idem_20'")).toHaveLength(2);
    const { message_id } = answers[0]!.body as { message_id: string };
    await finished(user, "idem_20", message_id);
    expect(fixture.provider.requests.all.filter(({ prompt }) => prompt === "All at once")).toHaveLength(1);
  });

  it("holds for regenerate, too", async () => {
    const user = newUser();
    const { message_id, session_id } = await turn(user, "Again, please");
    const path = `/api/messages/${message_id}/regenerate`;
    const first = await send(user, "re", {}, path);
    expect(first.status).toBe(202);
    expect((await send(user, "re", {}, path)).body).toEqual(first.body);
    expectError(await send(user, "re", { model: "scripted" }, path), "idempotency_key_reused");
    expect(await instance.query("select 1 from messages where session_id = $1", [session_id])).toHaveLength(3);
  });
});

describe("parent_message_id", () => {
  it("is the newest leaf when it is not given, a new root when it is null", async () => {
    const user = newUser();
    const first = await turn(user, "First");
    const { session_id } = first;
    const second = await turn(user, "Second", { session_id });
    const branch = await turn(user, "Branch", { session_id, parent_message_id: first.message_id });
    const root = await turn(user, "Root", { session_id, parent_message_id: null });
    const last = await turn(user, "Last", { session_id });
    const parents = new Map((await user.history(session_id)).map((row) => [row.message_id, row.parent_message_id]));
    expect(parents.get(first.user_message_id)).toBeNull();
    expect(parents.get(second.user_message_id)).toBe(first.message_id);
    expect(parents.get(branch.user_message_id)).toBe(first.message_id);
    expect(parents.get(root.user_message_id)).toBeNull();
    expect(parents.get(last.user_message_id)).toBe(root.message_id);
  });

  it("is 409 while that answer is being written, whether named or the newest; and a new root may begin", async () => {
    const user = newUser();
    const { session_id, message_id } = await user.chat(unfinished("Slow"));
    const before = await user.history(session_id);
    const named = { message: "Hi", session_id, parent_message_id: message_id };
    await user.refused("parent_unfinished", "POST", "/api/chat", { body: named });
    await user.refused("parent_unfinished", "POST", "/api/chat", { body: { message: "Hi", session_id } });
    await user.refused("parent_unfinished", "POST", `/api/messages/${message_id}/regenerate`, { body: {} });
    expect((await user.history(session_id)).map((row) => row.message_id)).toEqual(before.map((row) => row.message_id));
    await turn(user, "Elsewhere", { session_id, parent_message_id: null });
    await user.call("POST", `/api/messages/${message_id}/stop`);
    await finished(user, session_id, message_id);
  });

  it("is 404 when it is unknown or of another session, 409 when it is a user's message", async () => {
    const user = newUser();
    const { session_id, user_message_id, message_id } = await turn(user, "Here");
    const there = await turn(user, "There");
    const post = (fields: object) => ({ body: { message: "Hi", ...fields } });
    await user.refused("not_found", "POST", "/api/chat", post({ session_id, parent_message_id: "msg_unknown" }));
    await user.refused("not_found", "POST", "/api/chat", post({ session_id, parent_message_id: there.message_id }));
    await user.refused("not_found", "POST", "/api/chat", post({ parent_message_id: message_id }));
    await user.refused("conflict", "POST", "/api/chat", post({ session_id, parent_message_id: user_message_id }));
    await user.refused("conflict", "POST", `/api/messages/${user_message_id}/regenerate`);
    expect(await user.history(session_id)).toHaveLength(2);
    expect((await user.get(sessionPageSchema, "/api/sessions")).sessions).toHaveLength(2);
  });
});

describe("stop and regenerate", () => {
  it("stop is final: the close is committed, the provider let go, the text kept, and nothing follows", async () => {
    const user = newUser();
    const prompt = unfinished("Stop me");
    const { session_id, message_id } = await user.chat(prompt);
    const reader = await user.stream(`/api/sse?session_id=${session_id}`);
    await reader.until("text", (event) => event.event === "chunk" && event.data.chunk !== "");
    const stop = () => user.expect(200, stopResponseSchema, "POST", `/api/messages/${message_id}/stop`);
    expect(await stop()).toEqual({ message_id, status: "stopped", finish_reason: "stopped" });
    await reader.untilPersisted(message_id);
    const closing = reader.chunksOf(message_id).at(-1);
    expect(closing).toMatchObject({ is_final: true, metadata: { finish_reason: "stopped" } });
    await fixture.provider.requests.until((all) => all.find((one) => one.prompt === prompt)?.state === "aborted");
    expect(await stop()).toMatchObject({ message_id, finish_reason: "stopped" });
    const answer = (await user.history(session_id)).at(-1)!;
    expect(answer).toMatchObject({ status: "stopped", metadata: { finish_reason: "stopped" } });
    expect(scriptedAnswer(prompt).startsWith(answer.content)).toBe(true);
    expect(reader.chunksOf(message_id).at(-1)).toBe(closing);
    reader.close();
  });

  it("stop of an answer that has ended says how it ended and changes nothing", async () => {
    const user = newUser();
    const { session_id, message_id } = await turn(user, "Quick");
    const stopped = await user.expect(200, stopResponseSchema, "POST", `/api/messages/${message_id}/stop`, {
      body: {},
    });
    expect(stopped).toEqual({ message_id, status: "final", finish_reason: "stop" });
    expect((await user.history(session_id)).at(-1)).toMatchObject({ status: "complete" });
  });

  it("regenerate adds a sibling, also beside a stopped answer, and overwrites nothing", async () => {
    const user = newUser();
    const { session_id, message_id, user_message_id } = await user.chat(unfinished("Twice"));
    await user.call("POST", `/api/messages/${message_id}/stop`);
    await finished(user, session_id, message_id);
    const path = `/api/messages/${message_id}/regenerate`;
    const body = { ai_provider: "offline", model: "eliza" };
    const second = await user.expect(202, chatAcceptedSchema, "POST", path, { body });
    expect(second).toMatchObject({ session_id, user_message_id });
    await finished(user, session_id, second.message_id);
    const rows = await user.history(session_id);
    expect(rows.map((row) => [row.parent_message_id, row.status])).toEqual([
      [null, "complete"],
      [user_message_id, "stopped"],
      [user_message_id, "complete"],
    ]);
  });
});

describe("sessions", () => {
  it("are made, read, renamed and deleted, with everything that is in them", async () => {
    const user = newUser();
    const made = await user.expect(201, sessionSchema, "POST", "/api/sessions", { body: { title: "  Rivers " } });
    expect(made.title).toBe("Rivers");
    await user.expect(201, sessionSchema, "POST", "/api/sessions");
    const own = { body: { session_id: "my-own-1", title: "One" } };
    await user.expect(201, sessionSchema, "POST", "/api/sessions", own);
    await user.expect(200, sessionSchema, "POST", "/api/sessions", own);
    const path = `/api/sessions/${made.session_id}`;
    await user.expect(200, sessionSchema, "PATCH", path, { body: { title: "Lakes" } });
    expect(await user.get(sessionSchema, path)).toMatchObject({ title: "Lakes" });
    const { message_id } = await user.chat(unfinished("Deleted in the middle"), { session_id: made.session_id });
    expect((await user.call("DELETE", path)).status).toBe(204);
    for (const method of ["GET", "DELETE"]) await user.refused("not_found", method, path);
    await user.refused("not_found", "POST", `/api/messages/${message_id}/stop`);
    for (const table of ["messages", "workflow_jobs", "active_connections"]) {
      expect(await instance.query(`select 1 from ${table} where session_id = $1`, [made.session_id])).toEqual([]);
    }
    const isGone = (all: readonly { prompt: string; state: string }[]) =>
      all.every((one) => !one.prompt.startsWith("Deleted in") || one.state === "aborted");
    await fixture.provider.requests.until(isGone);
  });

  it("come page by page, newest activity first, each once", async () => {
    const user = newUser();
    const made: string[] = [];
    for (let index = 0; index < 25; index++) {
      const session = await user.expect(201, sessionSchema, "POST", "/api/sessions", { body: { title: `${index}` } });
      made.unshift(session.session_id);
    }
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: z.infer<typeof sessionPageSchema> = await user.get(
        sessionPageSchema.strict(),
        `/api/sessions?limit=7${cursor === "" ? "" : `&cursor=${cursor}`}`,
      );
      expect(page.sessions.length).toBeLessThanOrEqual(7);
      seen.push(...page.sessions.map(({ session_id }) => session_id));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(made);
    await user.refused("invalid_cursor", "GET", "/api/sessions?cursor=nonsense");
  });

  it("give their messages page by page, newest first, each once", async () => {
    const user = newUser();
    const { session_id } = await turn(user, "0");
    for (let index = 1; index < 6; index++) await turn(user, String(index), { session_id });
    const all = (await user.history(session_id)).map(({ message_id }) => message_id);
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const path = `/api/sessions/${session_id}/messages?limit=5${cursor === "" ? "" : `&cursor=${cursor}`}`;
      const page: z.infer<typeof messagePageSchema> = await user.get(messagePageSchema.strict(), path);
      seen.push(...page.messages.map(({ message_id }) => message_id));
      cursor = page.next_cursor;
    }
    expect(seen.toReversed()).toEqual(all);
    expect(all).toHaveLength(12);
    await user.refused("invalid_cursor", "GET", `/api/sessions/${session_id}/messages?cursor=bm9uc2Vuc2U`);
  });
});

describe("the pod", () => {
  it("tells health, readiness and models", async () => {
    const browser = instance.browser();
    const health = await browser.get(healthSchema.strict(), "/health");
    expect(health).toMatchObject({ status: "ok", nats_connected: true });
    expect(await browser.get(z.object({ ready: z.literal(true) }), "/ready")).toEqual({ ready: true });
    const { providers } = await browser.get(modelListSchema, "/api/models");
    expect(providers.map(({ id }) => id)).toEqual(["openai-compatible", "offline"]);
    expect(providers.flatMap(({ models }) => models.filter((model) => model.default))).toHaveLength(1);
    expect(JSON.stringify(providers)).not.toContain("127.0.0.1");
  });

  it("answers what it does not know in the registry's words", async () => {
    const user = newUser();
    await user.refused("not_found", "GET", "/api/nothing");
    await user.refused("not_found", "GET", "/api/sessions/sess_unknown");
    await user.refused("not_found", "POST", "/api/messages/msg_unknown/stop");
    await user.refused("invalid_request", "POST", "/api/chat", { body: { message: "  " } });
    await user.refused("invalid_request", "POST", "/api/chat", { body: { message: "Hi", extra: 1 } });
    await user.refused("invalid_request", "GET", "/api/sessions/not%20an%20id");
    await user.refused("invalid_request", "GET", "/api/sessions?limit=101");
    await user.refused("unsupported_media_type", "POST", "/api/chat", {
      body: { message: "Hi" },
      headers: { "content-type": "text/plain" },
    });
    await user.refused("payload_too_large", "POST", "/api/chat", { body: { message: "x".repeat(1_100_000) } });
    await instance.browser().refused("unauthenticated", "GET", "/api/sessions");
  });
});
