import { type Account, accountStateSchema, chatAcceptedSchema, sessionPageSchema, sessionSchema } from "@uci/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Caller, expectError, Fixture, type Instance, until } from "./fixture.ts";

const password = "a password that will do";
let fixture: Fixture;
let instance: Instance;
let people = 0;

beforeAll(async () => {
  fixture = await Fixture.start();
  instance = await fixture.instance({ authMode: "accounts" });
});
afterAll(() => fixture.close());

const newEmail = () => `person${++people}@example.org`;

async function enter(caller: Caller, door: "sign-up" | "sign-in" | "guest", body: unknown = {}): Promise<Account> {
  const state = await caller.expect(200, accountStateSchema.strict(), "POST", `/api/auth/${door}`, { body });
  expect(state.account).not.toBeNull();
  return state.account!;
}

async function newPerson(of: Instance = instance): Promise<Caller> {
  const browser = of.browser();
  await enter(browser, "sign-up", { email: newEmail(), password });
  return browser;
}

async function sessionsOf(caller: Caller): Promise<string[]> {
  return (await caller.get(sessionPageSchema, "/api/sessions")).sessions.map(({ session_id }) => session_id);
}

async function answered(caller: Caller, message: string) {
  const accepted = await caller.chat(message);
  await until("it is answered", async () => (await caller.history(accepted.session_id)).at(-1)?.status === "complete");
  return accepted;
}

describe("accounts", () => {
  it("the first registered account is the administrator, guests before it are not, nobody after it is", async () => {
    const fresh = await fixture.instance({ authMode: "accounts" });
    expect(await enter(fresh.browser(), "guest")).toMatchObject({ guest: true, role: "user", email: null });
    const first = { email: "First@Example.org", password, name: "First" };
    expect(await enter(fresh.browser(), "sign-up", first)).toMatchObject({
      guest: false,
      role: "admin",
      name: "First",
    });
    expect(await enter(fresh.browser(), "sign-up", { email: newEmail(), password })).toMatchObject({ role: "user" });
  });

  it("of many who register first at the same moment exactly one is the administrator", async () => {
    const fresh = await fixture.instance({ authMode: "accounts", pods: 2 });
    const doors = Array.from({ length: 12 }, (_none, index) => fresh.browser(index % 2));
    const roles = await Promise.all(
      doors.map(async (door) => (await enter(door, "sign-up", { email: newEmail(), password })).role),
    );
    expect(roles.filter((role) => role === "admin")).toHaveLength(1);
    expect(await fresh.query("select 1 from users where role = 'admin'")).toHaveLength(1);
  });

  it("sign-up, sign-out and sign-in lead to the same person; a taken address is refused whatever its case", async () => {
    const email = newEmail();
    const browser = instance.browser();
    const made = await enter(browser, "sign-up", { email, password, name: "Ada" });
    expect((await browser.get(accountStateSchema, "/api/auth/state")).account).toEqual(made);
    await browser.expect(200, accountStateSchema, "POST", "/api/auth/sign-out", { body: {} });
    expect((await browser.get(accountStateSchema, "/api/auth/state")).account).toBeNull();
    await browser.refused("unauthenticated", "GET", "/api/sessions");
    expect(await enter(browser, "sign-in", { email: email.toUpperCase(), password })).toEqual(made);
    const again = { body: { email: email.toUpperCase(), password } };
    await instance.browser().refused("conflict", "POST", "/api/auth/sign-up", again);
  });

  it("a cookie that was signed out opens nothing, on any pod of the process", async () => {
    const instance = await fixture.instance({ authMode: "accounts", pods: 2 });
    const email = newEmail();
    const answer = await instance.browser().call("POST", "/api/auth/sign-up", { body: { email, password } });
    const [line] = answer.headers.getSetCookie();
    const cookie = line!.split(";", 1)[0]!;
    const outsiders = [instance.browser(0), instance.browser(1)];
    for (const outsider of outsiders) {
      expect((await outsider.call("GET", "/api/sessions", { headers: { cookie } })).status).toBe(200);
    }
    await outsiders[0]!.call("POST", "/api/auth/sign-out", { body: {}, headers: { cookie } });
    for (const outsider of outsiders) {
      await outsider.refused("unauthenticated", "GET", "/api/sessions", { headers: { cookie } });
    }
  });

  it("a request for somebody else than the one who is signed in by now does nothing", async () => {
    const email = newEmail();
    const browser = instance.browser();
    const ada = await enter(browser, "sign-up", { email, password });
    const asking = (userId: string) => ({ "x-expected-user-id": encodeURIComponent(userId) });
    const body = { message: "for whom?" };
    await browser.refused("unauthenticated", "POST", "/api/chat", { body, headers: asking("user_of_before") });
    await browser.refused("unauthenticated", "GET", "/api/sessions", { headers: asking("user_of_before") });
    expect(await sessionsOf(browser)).toEqual([]);
    const own = await browser.call("POST", "/api/chat", { body, headers: asking(ada.user_id) });
    expect(own.status).toBe(202);
    const state = await browser.call("GET", "/api/auth/state", { headers: asking("user_of_before") });
    expect(state.body).toMatchObject({ account: { user_id: ada.user_id } });
  });

  it("the answer to a sign-out empties the browser's cache, where files of conversations are", async () => {
    const browser = await newPerson();
    const answer = await browser.call("POST", "/api/auth/sign-out", { body: {} });
    expect(answer.headers.get("clear-site-data")).toBe('"cache"');
  });

  it("cookies are HttpOnly and SameSite=Lax, and Secure behind TLS", async () => {
    const cookieOf = async (of: Instance) =>
      (await of.browser().call("POST", "/api/auth/guest", { body: {} })).headers.getSetCookie().join("\n");
    const plain = await cookieOf(instance);
    expect(plain).toMatch(/httponly/i);
    expect(plain).toMatch(/samesite=lax/i);
    expect(plain).not.toMatch(/secure/i);
    const tls = await fixture.instance({ authMode: "accounts", publicUrl: "https://chat.example.org" });
    expect(await cookieOf(tls)).toMatch(/; secure/i);
  });

  it("ten wrong passwords for one address are enough for a while; other addresses do not suffer", async () => {
    const email = newEmail();
    const browser = instance.browser();
    await enter(instance.browser(), "sign-up", { email, password });
    const attempt = (body: unknown) => browser.call("POST", "/api/auth/sign-in", { body });
    for (let index = 0; index < 10; index++) {
      expectError(await attempt({ email, password: `wrong ${index}` }), "invalid_credentials");
    }
    const refused = await attempt({ email, password });
    expectError(refused, "rate_limited");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expectError(await attempt({ email: email.toUpperCase(), password }), "rate_limited");
    expectError(await attempt({ email: "nobody@example.org", password }), "invalid_credentials");
    await newPerson();
  });

  it("ALLOW_SIGN_UP=false closes the door to accounts and guests, not to who is there already", async () => {
    const database = await fixture.newDatabase();
    const email = newEmail();
    const before = await fixture.instance({ authMode: "accounts", database });
    await enter(before.browser(), "sign-up", { email, password });
    await before.close();
    const closed = await fixture.instance({ authMode: "accounts", database, allowSignUp: false });
    const state = await closed.browser().get(accountStateSchema, "/api/auth/state");
    expect(state).toEqual({ account: null, mode: "accounts", sign_up_allowed: false });
    const body = { email: newEmail(), password };
    await closed.browser().refused("sign_up_closed", "POST", "/api/auth/sign-up", { body });
    await closed.browser().refused("sign_up_closed", "POST", "/api/auth/guest", { body: {} });
    await enter(closed.browser(), "sign-in", { email, password });
  });
});

describe("guests", () => {
  it("a guest who registers keeps the sessions, also one whose answer is being written", async () => {
    const browser = instance.browser();
    const guest = await enter(browser, "guest");
    expect(await enter(browser, "guest")).toEqual(guest);
    const first = await answered(browser, "As a guest");
    const slow = await browser.chat("Go on [fault=silence after=3]");
    const person = await enter(browser, "sign-up", { email: newEmail(), password });
    expect(person).toMatchObject({ guest: false });
    expect(person.user_id).not.toBe(guest.user_id);
    expect(new Set(await sessionsOf(browser))).toEqual(new Set([first.session_id, slow.session_id]));
    await browser.call("POST", `/api/messages/${slow.message_id}/stop`);
    await until("stopped", async () => (await browser.history(slow.session_id)).at(-1)?.status === "stopped");
    expect(await instance.query("select 1 from users where id = $1", [guest.user_id])).toEqual([]);
  });

  it("a guest who signs in brings the sessions along to those that were there", async () => {
    const email = newEmail();
    const home = instance.browser();
    await enter(home, "sign-up", { email, password });
    const old = await answered(home, "At home");
    const away = instance.browser();
    await enter(away, "guest");
    const mine = await answered(away, "Away");
    await enter(away, "sign-in", { email, password });
    expect(new Set(await sessionsOf(away))).toEqual(new Set([old.session_id, mine.session_id]));
  });

  it("sign-out ends the person's streams with a good-bye", async () => {
    const person = await newPerson();
    const reader = await person.stream("/api/sse");
    await reader.untilReady();
    await person.call("POST", "/api/auth/sign-out", { body: {} });
    await reader.until("bye", (event) => event.event === "bye" && event.data.reason === "signed_out");
    await reader.when("the end", () => reader.end !== null);
  });
});

describe("another user's ids", () => {
  it("are 404 on every route that takes one, and nothing is left behind", async () => {
    const [owner, stranger] = [await newPerson(), await newPerson()];
    const { session_id, message_id, user_message_id } = await answered(owner, "Mine");
    const running = await owner.chat("Mine too [fault=silence after=3]");
    await sessionsOf(stranger);
    const before = await instance.rowCounts();
    const history = await owner.history(session_id);
    const refused = (method: string, path: string, body?: unknown) =>
      stranger.refused("not_found", method, path, body === undefined ? {} : { body });

    await refused("GET", `/api/sessions/${session_id}`);
    await refused("PATCH", `/api/sessions/${session_id}`, { title: "Theirs" });
    await refused("DELETE", `/api/sessions/${session_id}`);
    await refused("GET", `/api/sessions/${session_id}/messages`);
    await refused("POST", "/api/sessions", { session_id, title: "Theirs" });
    for (const id of [message_id, user_message_id, running.message_id]) {
      await refused("POST", `/api/messages/${id}/stop`);
      await refused("POST", `/api/messages/${id}/regenerate`, {});
    }
    for (const path of ["/api/chat", "/chat"]) {
      await refused("POST", path, { message: "Hi", session_id });
      await refused("POST", path, { message: "Hi", session_id, parent_message_id: message_id });
      await refused("POST", path, { message: "Hi", parent_message_id: message_id });
      await refused("POST", path, { message: "Hi", session_id, user_id: "somebody" });
    }
    for (const path of ["/api/sse", "/sse"]) {
      await refused("GET", `${path}?session_id=${session_id}`);
      await refused("GET", `${path}?session_id=new-of-stranger&session_id=${session_id}`);
    }
    expect(await sessionsOf(stranger)).toEqual([]);
    expect(await instance.rowCounts()).toEqual(before);
    expect(await owner.history(session_id)).toEqual(history);
    expect((await owner.history(running.session_id)).at(-1)?.status).toMatch(/queued|streaming/);
    await owner.call("POST", `/api/messages/${running.message_id}/stop`);
  });

  it("in a cursor bring nothing", async () => {
    const [owner, stranger] = [await newPerson(), await newPerson()];
    const { message_id } = await answered(owner, "Secret");
    await stranger.expect(201, sessionSchema, "POST", "/api/sessions", { body: { session_id: "of-stranger" } });
    const reader = await stranger.stream(`/api/sse?session_id=of-stranger&cursor=1~${message_id}:0.-1`);
    await reader.untilReady();
    expect(reader.events.map(({ event }) => event)).toEqual(["connected", "ready"]);
  });

  it("user_id in a body or query means nothing in accounts mode", async () => {
    const [owner, stranger] = [await newPerson(), await newPerson()];
    const { session_id } = await answered(owner, "Mine");
    const { account } = await owner.get(accountStateSchema, "/api/auth/state");
    const userId = account!.user_id;
    expect((await stranger.get(sessionPageSchema, `/api/sessions?user_id=${userId}`)).sessions).toEqual([]);
    await stranger.refused("not_found", "GET", `/api/sessions/${session_id}?user_id=${userId}`);
    const body = { message: "As another", user_id: userId };
    const sent = await stranger.expect(202, chatAcceptedSchema, "POST", "/api/chat", { body });
    expect(await sessionsOf(stranger)).toEqual([sent.session_id]);
    expect(await sessionsOf(owner)).toEqual([session_id]);
    await instance.browser().refused("unauthenticated", "GET", "/api/sessions", { headers: { "x-user-id": userId } });
  });
});

describe("Origin", () => {
  it("of another site is refused on every changing route, and nothing is stored", async () => {
    const person = await newPerson();
    const before = await instance.rowCounts();
    for (const origin of ["https://evil.example", "null", `http://127.0.0.1:${instance.port() + 1}`, "nonsense"]) {
      const options = { body: { message: "Hi" }, headers: { origin } };
      for (const [method, path] of [
        ["POST", "/api/chat"],
        ["POST", "/chat"],
        ["POST", "/api/sessions"],
        ["PATCH", "/api/sessions/s"],
        ["DELETE", "/api/sessions/s"],
        ["POST", "/api/messages/m/stop"],
        ["POST", "/api/messages/m/regenerate"],
        ["POST", "/api/auth/guest"],
        ["POST", "/api/auth/sign-out"],
      ] as const) {
        await person.refused("origin_not_allowed", method, path, options);
      }
    }
    expect(await instance.rowCounts()).toEqual(before);
    const own = await person.call("POST", "/api/chat", {
      body: { message: "Hi" },
      headers: { origin: instance.address() },
    });
    expect(own.status).toBe(202);
  });
});
