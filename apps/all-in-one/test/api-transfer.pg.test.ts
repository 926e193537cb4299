import { importResultSchema, sessionPageSchema, sessionSchema, wireLimits } from "@uci/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Caller, Fixture, type Instance, until } from "./fixture.ts";

let fixture: Fixture;
let instance: Instance;
let people = 0;

beforeAll(async () => {
  fixture = await Fixture.start();
  instance = await fixture.instance();
});
afterAll(() => fixture.close());

const person = () => instance.user(`mover-${++people}`);

async function answered(caller: Caller, message: string, fields: Readonly<Record<string, unknown>> = {}) {
  const accepted = await caller.chat(message, fields);
  await until("it is answered", async () => (await caller.history(accepted.session_id)).at(-1)?.status === "complete");
  return accepted;
}
const take = (caller: Caller, body: unknown) => caller.expect(200, importResultSchema, "POST", "/api/import", { body });

describe("export and import", () => {
  it("carry everything to another account, once", async () => {
    const [owner, heir] = [person(), person()];
    const { session_id } = await answered(owner, "First question");
    await answered(owner, "Second question", { session_id });
    const body = { pinned: true, title: 'Kept / "title"', settings: { temperature: 0.4 } };
    await owner.expect(200, sessionSchema, "PATCH", `/api/sessions/${session_id}`, { body });
    await answered(owner, "Hidden", { temporary: true });
    const file = await owner.call("GET", "/api/export");
    expect(file.headers.get("content-disposition")).toMatch(
      /^attachment; filename="chat.json"; filename\*=UTF-8''universal/,
    );
    expect(file.text).not.toContain("Hidden");
    expect(await take(heir, file.body)).toMatchObject({ imported: 1, skipped: 0 });
    expect(await take(heir, file.body)).toMatchObject({ imported: 0, skipped: 1, sessions: [] });
    expect(await take(owner, file.body)).toMatchObject({ imported: 0, skipped: 1 });
    const [session] = (await heir.get(sessionPageSchema, "/api/sessions")).sessions;
    expect(session).toMatchObject({ title: 'Kept / "title"', pinned: true, settings: { temperature: 0.4 } });
    const texts = async (caller: Caller, id: string) => (await caller.history(id)).map(({ content }) => content);
    expect(await texts(heir, session!.session_id)).toEqual(await texts(owner, session_id));
    await answered(heir, "It goes on", { session_id: session!.session_id });

    const one = await owner.call("GET", `/api/sessions/${session_id}/export?format=markdown`);
    expect(one.headers.get("content-type")).toContain("text/markdown");
    expect(one.text).toMatch(/^# Kept \/ "title"\n/);
    expect(one.text.match(/^## (User|Assistant \(scripted\))$/gm)).toHaveLength(4);
    expect((await owner.call("GET", "/api/export?format=markdown")).text).toBe(one.text);
    await heir.refused("not_found", "GET", `/api/sessions/${session_id}/export`);
    await instance.browser().refused("unauthenticated", "GET", "/api/export");
  });

  it("stream a session of thousands of messages", async () => {
    const caller = person();
    const messages = Array.from({ length: 3_000 }, (_none, index) => ({
      ...{ message_id: `m${index}`, parent_message_id: index === 0 ? null : `m${index - 1}` },
      ...{ role: index % 2 === 0 ? "user" : "assistant", content: `Text ${index}`, created_at: "2026-01-01T00:00:00Z" },
    }));
    const session = {
      session_id: "long",
      title: "Long",
      created_at: "2026-01-01T00:00:00Z",
      updated_at: "2026-01-01T00:00:00Z",
      messages,
    };
    const file = { format: "universal-chat", version: 1, exported_at: "2026-01-01T00:00:00Z", sessions: [session] };
    const { sessions } = await take(caller, file);
    const again = await caller.call("GET", `/api/sessions/${sessions[0]!.session_id}/export`);
    const exported = (again.body as { sessions: { messages: { content: string }[] }[] }).sessions[0]!.messages;
    expect(exported.map(({ content }) => content)).toEqual(messages.map(({ content }) => content));
  });

  it("take ChatGPT's file", async () => {
    const caller = person();
    const mapping = {
      r: { id: "r", parent: null, children: ["q"], message: null },
      q: {
        id: "q",
        parent: "r",
        children: ["a"],
        message: { author: { role: "user" }, content: { content_type: "text", parts: ["Ping"] } },
      },
      a: {
        id: "a",
        parent: "q",
        children: [],
        message: { author: { role: "assistant" }, content: { content_type: "text", parts: ["Pong"] } },
      },
    };
    const file = [
      { title: "Tennis", create_time: 1_700_000_000, conversation_id: "c1", mapping },
      { title: "Nothing" },
    ];
    const taken = await take(caller, file);
    expect(taken).toMatchObject({ imported: 1, skipped: 1, sessions: [{ title: "Tennis" }] });
    expect((await caller.history(taken.sessions[0]!.session_id)).map(({ content }) => content)).toEqual([
      "Ping",
      "Pong",
    ]);
    expect(await take(caller, file)).toMatchObject({ imported: 0, skipped: 2 });
  });

  it("refuse what is no such file, or too large", async () => {
    const caller = person();
    for (const body of [{}, [], "text", { format: "universal-chat", version: 2, sessions: [] }]) {
      await caller.refused("invalid_request", "POST", "/api/import", { body });
    }
    await caller.refused("invalid_request", "GET", "/api/export?format=pdf");
    const headers = { "x-user-id": "mover-1", "content-type": "application/json" };
    const send = (body: string) => fetch(`${instance.address()}/api/import`, { method: "POST", headers, body });
    expect((await send("{ not json")).status).toBe(400);
    expect((await send(" ".repeat(wireLimits.importBytes + 1))).status).toBe(413);
  });
});
