import { scriptedAnswer } from "@uci/adapters/providers/testing";
import {
  searchPageSchema,
  sessionPageSchema,
  sessionSchema,
  sharedBranchSchema,
  sharePageSchema,
  shareSchema,
} from "@uci/protocol";
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

const person = () => instance.user(`finder-${++people}`);

async function answered(caller: Caller, message: string, fields: Readonly<Record<string, unknown>> = {}) {
  const accepted = await caller.chat(message, fields);
  await until("it is answered", async () => (await caller.history(accepted.session_id)).at(-1)?.status === "complete");
  return accepted;
}
const search = (caller: Caller, query: string) =>
  caller.get(searchPageSchema.strict(), `/api/search?${new URLSearchParams({ q: query })}`);

describe("search", () => {
  it("finds as one types, with the matches marked, and pages", async () => {
    const caller = person();
    const first = await answered(caller, "Wie lange dauert die Überfahrt nach Helgoland?");
    await answered(caller, "Und nach Helsinki?", { session_id: first.session_id });
    const { results } = await search(caller, "überf");
    expect(results.map(({ message_id }) => message_id).sort()).toEqual([first.user_message_id, null].sort());
    expect(results[0]).toMatchObject({ session_id: first.session_id, title: expect.stringContaining("Wie lange") });
    expect(results[0]!.snippet.filter(({ match }) => match)).toEqual([{ text: "Überfahrt", match: true }]);
    const page = await caller.get(searchPageSchema, "/api/search?q=hel&limit=1");
    expect(page.results).toHaveLength(1);
    const next = await caller.get(searchPageSchema, `/api/search?q=hel&limit=1&cursor=${page.next_cursor}`);
    expect(next.results[0]).not.toEqual(page.results[0]);
  });

  it("finds nothing of somebody else, and refuses what is no query", async () => {
    const [owner, stranger] = [person(), person()];
    await answered(owner, "The colour of secrets");
    expect((await search(owner, "secrets")).results).not.toEqual([]);
    expect((await search(stranger, "secrets")).results).toEqual([]);
    expect((await search(owner, "':* | & ! \\ <->")).results).toEqual([]);
    for (const query of ["", "q=", "q=%20", `q=${"x".repeat(201)}`, "q=a&limit=0", "q=a&limit=51"]) {
      await owner.refused("invalid_request", "GET", `/api/search?${query}`);
    }
    await owner.refused("invalid_cursor", "GET", "/api/search?q=a&cursor=nonsense");
    await instance.browser().refused("unauthenticated", "GET", "/api/search?q=a");
  });
});

describe("shares", () => {
  it("show anybody a frozen branch until they are revoked", async () => {
    const [owner, stranger] = [person(), person()];
    const first = await answered(owner, "To be shared");
    const path = `/api/sessions/${first.session_id}/shares`;
    const share = await owner.expect(201, shareSchema.strict(), "POST", path, {
      body: { message_id: first.message_id },
    });
    await answered(owner, "Later", { session_id: first.session_id });
    const anybody = instance.browser();
    const answer = await anybody.call("GET", `/api/shares/${share.share_id}`);
    expect(answer.headers.get("x-robots-tag")).toContain("noindex");
    const read = sharedBranchSchema.strict().parse(answer.body);
    expect(read.messages.map(({ content }) => content)).toEqual(["To be shared", scriptedAnswer("To be shared")]);
    expect(answer.text).not.toMatch(/finder-|user_id|session_id/);
    expect((await owner.get(sharePageSchema, path)).shares).toEqual([share]);

    await stranger.refused("not_found", "POST", path, { body: {} });
    await stranger.refused("not_found", "GET", path);
    await stranger.refused("not_found", "DELETE", `/api/shares/${share.share_id}`);
    await owner.refused("not_found", "POST", path, { body: { message_id: "msg_none" } });
    await anybody.refused("unauthenticated", "DELETE", `/api/shares/${share.share_id}`);

    expect((await owner.call("DELETE", `/api/shares/${share.share_id}`)).status).toBe(204);
    await anybody.refused("not_found", "GET", `/api/shares/${share.share_id}`);
    await owner.refused("not_found", "DELETE", `/api/shares/${share.share_id}`);
  });
});

describe("titles", () => {
  it("come from the model after the first answer, are told to other tabs, and leave a person's alone", async () => {
    const titling = await fixture.instance({ titles: "model" });
    const caller = titling.user("titled");
    const reader = await caller.stream("/api/sse");
    await reader.untilReady();
    const { session_id } = await answered(caller, "What to pack for Lapland, in 3 words");
    const heuristic = "What to pack for Lapland, in 3 words";
    await reader.until("the new title", ({ event, data }) => {
      return event === "session_updated" && data.session_id === session_id && data.session?.title !== heuristic;
    });
    const session = await caller.get(sessionSchema, `/api/sessions/${session_id}`);
    const asked = fixture.provider.requests.all.filter(({ prompt }) => prompt.includes("The title:"));
    expect(asked).toHaveLength(1);
    expect(asked[0]!.body).toMatchObject({ max_tokens: 400 });
    expect(session.title).not.toBe(heuristic);
    await caller.expect(200, sessionSchema, "PATCH", `/api/sessions/${session_id}`, { body: { title: "My own" } });
    await answered(caller, "And how warm?", { session_id });
    await titling.drain();
    expect(fixture.provider.requests.all.filter(({ prompt }) => prompt.includes("The title:"))).toHaveLength(1);
    expect(await titling.query("select title from chat_sessions")).toEqual([{ title: "My own" }]);
  });

  it("stay those of the first line where the call fails", async () => {
    const titling = await fixture.instance({ titles: "model" });
    const caller = titling.user("untitled");
    const { session_id } = await answered(caller, "First line");
    await until("it was asked", () =>
      fixture.provider.requests.all.some(({ prompt }) => prompt.includes("First line")),
    );
    await titling.drain();
    const [row] = await titling.query("select title, title_by from chat_sessions where session_id = $1", [session_id]);
    // The scripted provider answers at length, which is no title.
    expect(row).toEqual({ title: "First line", title_by: "message" });
  });
});

describe("a temporary chat", () => {
  it("is answered and resumed like any other, and leaves no text behind", async () => {
    const caller = person();
    const secret = "a secret nobody keeps";
    const history = [
      { role: "user", content: "My name is Rumpelstiltskin" },
      { role: "assistant", content: "I will not tell" },
    ];
    const session_id = `temporary-${people}`;
    const reader = await caller.stream(`/api/sse?session_id=${session_id}`);
    await reader.untilReady();
    const accepted = await caller.chat(secret, { session_id, temporary: true, history });
    await reader.until(
      "its end",
      ({ event, data }) => event === "message_persisted" && data.message_id === accepted.message_id,
    );
    const asked = fixture.provider.requests.all.find(({ prompt }) => prompt === secret);
    expect(JSON.stringify(asked?.body)).toContain("Rumpelstiltskin");
    expect((await caller.history(accepted.session_id)).at(-1)).toMatchObject({ content: scriptedAnswer(secret) });
    expect((await caller.call("POST", `/api/messages/${accepted.message_id}/forget`)).status).toBe(204);

    expect((await caller.get(sessionPageSchema, "/api/sessions")).sessions).toEqual([]);
    expect((await search(caller, "secret")).results).toEqual([]);
    const everything = await everyText(instance);
    expect(everything).not.toContain(secret);
    expect(everything).not.toContain("Rumpelstiltskin");
    expect(everything).not.toContain(scriptedAnswer(secret).slice(0, 40));
  });

  it("goes on with what the page gives along, and takes no lasting message", async () => {
    const caller = person();
    const first = await answered(caller, "one", { temporary: true });
    const { session_id } = first;
    const next = { session_id, temporary: true, history: [{ role: "user", content: "one" }] };
    expect((await answered(caller, "two", next)).session_id).toBe(session_id);
    await caller.refused("temporary_session", "POST", "/api/chat", { body: { session_id, message: "lasting" } });
    await caller.refused("temporary_session", "POST", `/api/messages/${first.message_id}/regenerate`, { body: {} });
    await caller.refused("invalid_request", "POST", "/api/chat", { body: { message: "x", history: [] } });
    await person().refused("not_found", "POST", `/api/messages/${first.message_id}/forget`);
    const lasting = await answered(caller, "lasting");
    await caller.refused("not_found", "POST", `/api/messages/${lasting.message_id}/forget`);
  });
});

/** All that is in the database, as text. */
async function everyText(of: Instance): Promise<string> {
  const tables = await of.query("select tablename from pg_tables where schemaname = 'public'");
  const texts = await Promise.all(tables.map(({ tablename }) => of.query(`select t::text as row from ${tablename} t`)));
  return JSON.stringify(texts);
}
