import { attachmentSchema, importResultSchema, sessionPageSchema } from "@uci/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Caller, Fixture, type Instance, until } from "./fixture.ts";

const mebibyte = 1024 * 1024;
const quarter = "x".repeat(mebibyte / 4);
const time = "2026-01-01T00:00:00Z";
let fixture: Fixture;
let instance: Instance;
let people = 0;

beforeAll(async () => {
  fixture = await Fixture.start();
  instance = await fixture.instance({ storage: { personBytes: 2 * mebibyte, totalBytes: 0 } });
});
afterAll(() => fixture.close());

const person = () => `keeper-${++people}`;

function file(id: string, texts: readonly string[]) {
  const messages = texts.map((content, index) => ({
    ...{ message_id: `m${index}`, parent_message_id: index === 0 ? null : `m${index - 1}`, role: "user" },
    ...{ content, created_at: time },
  }));
  const session = { session_id: id, title: id, created_at: time, updated_at: time, messages };
  return { format: "universal-chat", version: 1, exported_at: time, sessions: [session] };
}

async function put(name: string, bytes: number): Promise<Response> {
  return fetch(`${instance.address()}/api/attachments`, {
    method: "POST",
    headers: { "x-user-id": name, "content-type": "text/plain", "x-file-name": "a.txt" },
    body: "y".repeat(bytes),
  });
}

async function answered(caller: Caller, message: string, fields: object = {}) {
  const accepted = await caller.chat(message, { ...fields });
  await until("it is answered", async () => (await caller.history(accepted.session_id)).at(-1)?.status === "complete");
  return accepted;
}

/** What the database counts of a person's chats, and what lies there. */
async function counted(name: string) {
  const [row] = await instance.query(
    `select (select coalesce(sum(bytes), 0)::int from chat_sessions where user_id = $1) as counted,
       (select coalesce(sum(octet_length(content)
          + case when metadata = '{}' then 0 else octet_length(metadata::text) end), 0)::int
        from messages join chat_sessions using (session_id) where user_id = $1 and not temporary) as kept`,
    [name],
  );
  return row;
}

describe("what a person may keep", () => {
  it("is counted exactly, whatever writes and removes it", async () => {
    const name = person();
    const caller = instance.user(name);
    const first = await answered(caller, "Ünïcödé question");
    const second = await answered(caller, "Second", { session_id: first.session_id });
    await caller.expect(200, importResultSchema, "POST", "/api/import", { body: file("a", ["one", "two"]) });
    await answered(caller, "Nothing of this is kept", { temporary: true });
    await caller.call("POST", `/api/sessions/${first.session_id}/branch`, { body: { message_id: first.message_id } });
    await caller.call("PUT", `/api/messages/${first.message_id}`, { body: { content: "edited" } });
    const all = await counted(name);
    expect(all?.kept).toBeGreaterThan(0);
    expect(all?.counted).toBe(all?.kept);
    await caller.call("DELETE", `/api/messages/${second.user_message_id}`);
    const less = await counted(name);
    expect(less?.counted).toBe(less?.kept);
    expect(less?.kept).toBeLessThan(Number(all?.kept));
    for (const { session_id } of (await caller.get(sessionPageSchema, "/api/sessions")).sessions) {
      await caller.call("DELETE", `/api/sessions/${session_id}`);
    }
    expect(await counted(name)).toEqual({ counted: 0, kept: 0 });
  });

  it("ends messages, files, imports, shares and branches alike, and what is deleted is room again", async () => {
    const name = person();
    const caller = instance.user(name);
    const begun = await answered(caller, "Before");
    const body = file("big", [quarter, quarter, quarter, quarter, quarter, quarter, quarter]);
    await caller.expect(200, importResultSchema, "POST", "/api/import", { body });
    expect((await put(name, mebibyte / 2)).status).toBe(413);
    await caller.refused("quota_exceeded", "POST", "/api/import", { body: file("more", [quarter, quarter]) });
    await caller.refused("quota_exceeded", "POST", "/api/chat", { body: { message: quarter } });
    const { sessions } = await caller.get(sessionPageSchema, "/api/sessions");
    const big = sessions.find(({ title }) => title === "big")!;
    await caller.refused("quota_exceeded", "POST", `/api/sessions/${big.session_id}/shares`, { body: {} });
    expect((await caller.get(sessionPageSchema, "/api/sessions")).sessions).toHaveLength(2);
    // Nobody else is concerned.
    expect((await put(person(), mebibyte / 2)).status).toBe(201);
    await caller.call("DELETE", `/api/sessions/${big.session_id}`);
    await caller.chat(quarter, { session_id: begun.session_id });
    expect((await put(name, mebibyte / 2)).status).toBe(201);
  });

  it("is not passed by many at once, and files go with the last message that has them", async () => {
    const name = person();
    const caller = instance.user(name);
    const answers = await Promise.all(Array.from({ length: 12 }, () => put(name, mebibyte / 2)));
    const kept = answers.filter(({ status }) => status === 201);
    expect(kept).toHaveLength(4);
    const ids = await Promise.all(
      kept.map(async (answer) => attachmentSchema.parse(await answer.json()).attachment_id),
    );
    const refused = answers.find(({ status }) => status !== 201)!;
    expect(await refused.json()).toMatchObject({ error: { code: "quota_exceeded", retryable: false } });
    await caller.refused("quota_exceeded", "POST", "/api/chat", { body: { message: "no room for a word" } });
    await caller.call("DELETE", `/api/attachments/${ids[0]}`);
    const { session_id } = await answered(caller, "With files", { attachments: ids.slice(1) });
    await caller.call("DELETE", `/api/sessions/${session_id}`);
    const left = await instance.query("select 1 from attachments where user_id = $1", [name]);
    expect(left).toEqual([]);
    expect((await put(name, mebibyte)).status).toBe(201);
  });
});

it("what all may keep together ends everybody's with a sentence of its own", async () => {
  const full = await fixture.instance({ storage: { personBytes: 10 * mebibyte, totalBytes: mebibyte } });
  const body = (id: string) => ({ body: file(id, [quarter, quarter, quarter]) });
  await full.user("one").expect(200, importResultSchema, "POST", "/api/import", body("a"));
  await full.user("two").refused("storage_full", "POST", "/api/import", body("b"));
  await full.user("two").chat("A word still fits.");
});
