import { accountStateSchema, chatAcceptedSchema, sessionPageSchema } from "@uci/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fixture, type Instance, until } from "./fixture.ts";

let fixture: Fixture;
let instance: Instance;

beforeAll(async () => {
  fixture = await Fixture.start();
  instance = await fixture.instance();
});
afterAll(() => fixture.close());

const oddIds = [
  "zoë müller",
  "  spaces around  ",
  "利用者",
  "👩‍💻",
  "a".repeat(128),
  "ü".repeat(128),
  "users/../admin?x=1#y",
  "o'brien; drop table users",
  "*.>",
  "50%",
];

describe("trusted mode", () => {
  it("believes user ids of every kind, in the body, the query and X-User-Id alike", async () => {
    for (const userId of oddIds) {
      const gateway = instance.browser();
      const query = `user_id=${encodeURIComponent(userId)}`;
      const asBytes = { "x-user-id": Buffer.from(userId).toString("latin1") };
      const body = { message: "Hello", user_id: userId };
      const accepted = await gateway.expect(202, chatAcceptedSchema, "POST", "/api/chat", { body });
      const reader = await gateway.stream(`/api/sse?session_id=${accepted.session_id}&${query}`);
      await reader.untilReady();
      const list = (path: string, headers: Record<string, string> = {}) =>
        gateway.expect(200, sessionPageSchema, "GET", path, { headers });
      const byQuery = await list(`/api/sessions?${query}`);
      expect(byQuery.sessions.map(({ session_id }) => session_id)).toEqual([accepted.session_id]);
      // White space at the ends of a header's value is no part of it.
      if (userId.trim() === userId) {
        const byHeader = await list("/api/sessions", asBytes);
        expect(byHeader.sessions.map(({ session_id }) => session_id)).toEqual([accepted.session_id]);
      }
      await until("it is stored", async () => {
        const rows = await instance.query("select status from messages where message_id = $1", [accepted.message_id]);
        return rows[0]?.status === "complete";
      });
      gateway.close();
    }
    const users = await instance.query("select id from users");
    expect(new Set(users.map(({ id }) => id))).toEqual(new Set(oddIds));
  });

  it("keeps users apart whose ids differ in case, normal form or white space", async () => {
    for (const [one, other] of [
      ["Case", "case"],
      ["e\u0301", "é"],
      ["blank", "blank "],
    ] as const) {
      const mine = await instance.browser().chat("Mine", { user_id: one });
      const path = `/api/sessions/${mine.session_id}?user_id=${encodeURIComponent(other)}`;
      await instance.browser().refused("not_found", "GET", path);
    }
  });

  it("brings the events of a user with an odd id to all their tabs", async () => {
    const userId = "利用者 / two";
    const query = `user_id=${encodeURIComponent(userId)}`;
    const gateway = instance.browser();
    const reader = await gateway.stream(`/api/sse?${query}`);
    await reader.untilReady();
    const accepted = await gateway.chat("Hello", { user_id: userId });
    const isIt = (id: string) => id === accepted.session_id;
    await reader.until("created", ({ event, data }) => event === "message_created" && isIt(data.session_id));
    expect(reader.all("session_updated")[0]?.data).toMatchObject({ change: "created" });
    expect(reader.all("chunk")).toEqual([]);
  });

  it("refuses a missing, empty, too long or broken user id, and two that disagree", async () => {
    const gateway = instance.browser();
    const before = await instance.rowCounts();
    await gateway.refused("unauthenticated", "GET", "/api/sessions");
    await gateway.refused("unauthenticated", "POST", "/api/chat", { body: { message: "Hi" } });
    for (const userId of ["", "a".repeat(129), "nul\u0000", "line\nbreak", "\ud800", "bell\u0007"]) {
      await gateway.refused("invalid_request", "POST", "/api/chat", { body: { message: "Hi", user_id: userId } });
    }
    await gateway.refused("invalid_request", "GET", "/api/sessions", { headers: { "x-user-id": "a".repeat(129) } });
    await gateway.refused("invalid_request", "POST", "/api/chat", {
      body: { message: "Hi", user_id: "mallory" },
      headers: { "x-user-id": "alice" },
    });
    expect(await instance.rowCounts()).toEqual(before);
  });

  it("has no accounts of its own and says so", async () => {
    const state = await instance.browser().get(accountStateSchema, "/api/auth/state");
    expect(state).toEqual({ account: null, mode: "trusted", sign_up_allowed: false });
    const body = { email: "a@example.org", password: "a password that will do" };
    await instance.browser().refused("not_found", "POST", "/api/auth/sign-up", { body });
    await instance.browser().refused("not_found", "POST", "/api/auth/sign-in", { body });
    await instance.browser().refused("not_found", "POST", "/api/auth/guest", { body: {} });
    await instance.browser().refused("not_found", "POST", "/api/auth/sign-out", { body: {} });
  });
});
