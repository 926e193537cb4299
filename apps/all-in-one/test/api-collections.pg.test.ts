import {
  folderPageSchema,
  folderSchema,
  type Preferences,
  preferencesSchema,
  promptPageSchema,
  promptSchema,
  sessionPageSchema,
  sessionSchema,
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

const person = () => instance.user(`collector-${++people}`);
const change = (caller: Caller, sessionId: string, body: unknown) =>
  caller.expect(200, sessionSchema, "PATCH", `/api/sessions/${sessionId}`, { body });
const titles = async (caller: Caller, query: string) =>
  (await caller.get(sessionPageSchema, `/api/sessions?${query}`)).sessions.map(({ title }) => title).sort();

describe("sessions", () => {
  it("are pinned, archived and put into folders, and listed by that", async () => {
    const caller = person();
    const made = [];
    for (const title of ["a", "b", "c"]) {
      made.push(await caller.expect(201, sessionSchema, "POST", "/api/sessions", { body: { title } }));
    }
    const [a, b] = made;
    const folder = await caller.expect(201, folderSchema, "POST", "/api/folders", { body: { name: "Work" } });
    expect(await change(caller, a!.session_id, { pinned: true, folder_id: folder.folder_id })).toMatchObject({
      pinned: true,
      folder_id: folder.folder_id,
      title: "a",
    });
    await change(caller, b!.session_id, { archived: true });
    expect(await titles(caller, "")).toEqual(["a", "c"]);
    expect(await titles(caller, "archived=true")).toEqual(["b"]);
    expect(await titles(caller, "pinned=true")).toEqual(["a"]);
    expect(await titles(caller, `folder_id=${folder.folder_id}`)).toEqual(["a"]);
    for (const query of ["archived=yes", "pinned=1", "folder_id=a%20b"]) {
      await caller.refused("invalid_request", "GET", `/api/sessions?${query}`);
    }
    expect((await caller.call("DELETE", `/api/folders/${folder.folder_id}`)).status).toBe(204);
    expect(await caller.get(sessionSchema, `/api/sessions/${a!.session_id}`)).toMatchObject({ folder_id: null });
  });

  it("tell the user's other tabs what has changed", async () => {
    const caller = person();
    const { session_id } = await caller.expect(201, sessionSchema, "POST", "/api/sessions", { body: {} });
    const reader = await caller.stream("/api/sse");
    await reader.untilReady();
    await change(caller, session_id, { pinned: true });
    await reader.until("the news", (event) => {
      return event.event === "session_updated" && event.data.session?.pinned === true;
    });
    const { folder_id } = await caller.expect(201, folderSchema, "POST", "/api/folders", { body: { name: "Work" } });
    const path = `/api/folders/${folder_id}`;
    await caller.expect(200, folderSchema, "PATCH", path, { body: { name: "Play" } });
    await caller.call("DELETE", path);
    await reader.until("the folder's end", (event) => {
      return event.event === "folder_updated" && event.data.change === "deleted";
    });
    expect(reader.all("folder_updated").map(({ data }) => data)).toMatchObject([
      { folder_id, change: "created", folder: { name: "Work" } },
      { folder_id, change: "updated", folder: { name: "Play" } },
      { folder_id, change: "deleted" },
    ]);
  });

  it("apply their settings to their turns where the request does not say otherwise", async () => {
    const caller = person();
    const { session_id } = await caller.expect(201, sessionSchema, "POST", "/api/sessions", { body: {} });
    const settings = { system_prompt: "Speak like a captain.", temperature: 0.25, max_tokens: 77 };
    await change(caller, session_id, { settings });
    const seen = async (message: string, fields: Readonly<Record<string, unknown>>) => {
      const accepted = await caller.chat(message, { session_id, ...fields });
      await until("it is answered", async () => (await caller.history(session_id)).at(-1)?.status === "complete");
      const request = fixture.provider.requests.all.find(({ prompt }) => prompt === message);
      return { body: request?.body as Record<string, unknown>, accepted };
    };
    const first = await seen("Ahoy one", {});
    expect(first.body).toMatchObject({ temperature: 0.25, max_tokens: 77 });
    expect(JSON.stringify(first.body)).toContain("Speak like a captain.");
    const second = await seen("Ahoy two", { context: { temperature: 1.5 } });
    expect(second.body).toMatchObject({ temperature: 1.5, max_tokens: 77 });
    await change(caller, session_id, { settings: { system_prompt: null, max_tokens: null } });
    const third = await seen("Ahoy three", {});
    expect(JSON.stringify(third.body)).not.toContain("captain");
    expect(third.body).not.toHaveProperty("max_tokens");
  });

  it("are answered by the model of the request, of the session, of the user, in this order", async () => {
    const caller = person();
    const modelOf = async (fields: Readonly<Record<string, unknown>>) => {
      const { message_id, session_id } = await caller.chat("Which?", fields);
      await until("it is there", async () => (await caller.history(session_id)).at(-1)?.status === "complete");
      return (await caller.history(session_id)).find((message) => message.message_id === message_id)?.model;
    };
    expect(await modelOf({})).toBe("scripted");
    const body = { ai_provider: "offline", model: "eliza" };
    expect(await caller.expect(200, preferencesSchema, "PUT", "/api/settings", { body })).toMatchObject(body);
    expect(await modelOf({})).toBe("eliza");
    const { session_id } = await caller.expect(201, sessionSchema, "POST", "/api/sessions", { body: {} });
    await change(caller, session_id, { settings: { model: "scripted" } });
    expect(await modelOf({ session_id })).toBe("scripted");
    expect(await modelOf({ session_id, model: "eliza" })).toBe("eliza");
    // A model that is not configured any more is passed over, not an error: nobody asked for it just now.
    await change(caller, session_id, { settings: { model: "long gone" } });
    expect(await modelOf({ session_id })).toBe("eliza");
    await caller.refused("model_not_found", "POST", "/api/chat", { body: { message: "x", model: "long gone" } });
  });

  it("refuse a change that is none, and values out of bounds", async () => {
    const caller = person();
    const { session_id } = await caller.expect(201, sessionSchema, "POST", "/api/sessions", { body: {} });
    for (const body of [
      {},
      { user_id: "collector-1" },
      { pinned: "yes" },
      { title: " " },
      { folder_id: "a b" },
      { settings: { temperature: 3 } },
      { settings: { max_tokens: 0 } },
      { settings: { unknown: 1 } },
      { settings: { system_prompt: "x".repeat(64 * 1024 + 1) } },
    ]) {
      const answer = await caller.call("PATCH", `/api/sessions/${session_id}`, { body });
      expect(answer.status, JSON.stringify(body).slice(0, 60)).toBe(400);
    }
    const body = { folder_id: "fold_none" };
    await caller.refused("not_found", "PATCH", `/api/sessions/${session_id}`, { body });
  });
});

describe("folders, prompts and settings", () => {
  it("are listed page by page, renamed and deleted", async () => {
    const caller = person();
    const names = ["one", "two", "three"];
    for (const name of names) await caller.expect(201, folderSchema, "POST", "/api/folders", { body: { name } });
    const first = await caller.get(folderPageSchema, "/api/folders?limit=2");
    expect(first.folders).toHaveLength(2);
    const rest = await caller.get(folderPageSchema, `/api/folders?limit=2&cursor=${first.next_cursor}`);
    expect([...first.folders, ...rest.folders].map(({ name }) => name).sort()).toEqual([...names].sort());
    const { folder_id } = rest.folders[0]!;
    const body = { name: " Renamed " };
    expect(await caller.expect(200, folderSchema, "PATCH", `/api/folders/${folder_id}`, { body })).toMatchObject({
      name: "Renamed",
    });
    await caller.refused("invalid_request", "POST", "/api/folders", { body: { name: "" } });
    await caller.refused("invalid_cursor", "GET", "/api/folders?cursor=nonsense");
  });

  it("prompts have one name each, which can follow a slash", async () => {
    const caller = person();
    const body = { name: "übersetze", text: "Translate this:\n" };
    const made = await caller.expect(201, promptSchema, "POST", "/api/prompts", { body });
    await caller.refused("conflict", "POST", "/api/prompts", { body });
    const other = await caller.expect(201, promptSchema, "POST", "/api/prompts", { body: { name: "b", text: "x" } });
    const taken = { body: { name: "übersetze" } };
    await caller.refused("conflict", "PATCH", `/api/prompts/${other.prompt_id}`, taken);
    for (const bad of [{ name: "two words", text: "x" }, { name: "/x", text: "x" }, { name: "x", text: " " }, {}]) {
      await caller.refused("invalid_request", "POST", "/api/prompts", { body: bad });
    }
    expect((await caller.get(promptPageSchema, "/api/prompts")).prompts.map(({ name }) => name)).toEqual([
      "b",
      "übersetze",
    ]);
    expect((await caller.call("DELETE", `/api/prompts/${made.prompt_id}`)).status).toBe(204);
    await caller.refused("not_found", "DELETE", `/api/prompts/${made.prompt_id}`);
  });

  it("settings keep what is not named", async () => {
    const caller = person();
    const put = (body: Partial<Preferences>) => caller.expect(200, preferencesSchema, "PUT", "/api/settings", { body });
    await put({ theme: "dark", language: "zh-Hans" });
    await put({ language: null });
    expect(await caller.get(preferencesSchema, "/api/settings")).toMatchObject({ theme: "dark", language: null });
    for (const body of [{ theme: "pink" }, { language: "English!" }, { model: "" }, { nothing: 1 }]) {
      await caller.refused("invalid_request", "PUT", "/api/settings", { body });
    }
  });

  it("are nobody else's", async () => {
    const [owner, stranger] = [person(), person()];
    const { folder_id } = await owner.expect(201, folderSchema, "POST", "/api/folders", { body: { name: "Mine" } });
    const mine = { body: { name: "mine", text: "Mine" } };
    const { prompt_id } = await owner.expect(201, promptSchema, "POST", "/api/prompts", mine);
    const { session_id } = await stranger.expect(201, sessionSchema, "POST", "/api/sessions", { body: {} });
    await stranger.refused("not_found", "PATCH", `/api/folders/${folder_id}`, { body: { name: "Theirs" } });
    await stranger.refused("not_found", "DELETE", `/api/folders/${folder_id}`);
    await stranger.refused("not_found", "PATCH", `/api/prompts/${prompt_id}`, { body: { text: "Theirs" } });
    await stranger.refused("not_found", "DELETE", `/api/prompts/${prompt_id}`);
    await stranger.refused("not_found", "PATCH", `/api/sessions/${session_id}`, { body: { folder_id } });
    expect((await stranger.get(folderPageSchema, "/api/folders")).folders).toEqual([]);
    expect((await stranger.get(promptPageSchema, "/api/prompts")).prompts).toEqual([]);
    expect(await titles(stranger, `folder_id=${folder_id}`)).toEqual([]);
    expect((await owner.get(folderPageSchema, "/api/folders")).folders).toMatchObject([{ name: "Mine" }]);
  });
});
