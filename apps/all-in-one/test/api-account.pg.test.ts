import { type Account, accountStateSchema, deviceListSchema, sessionPageSchema } from "@uci/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Caller, Fixture, type Instance, until } from "./fixture.ts";

const password = "a password that will do";
let fixture: Fixture;
let instance: Instance;
let people = 0;

beforeAll(async () => {
  fixture = await Fixture.start();
  instance = await fixture.instance({ authMode: "accounts" });
});
afterAll(() => fixture.close());

const newEmail = () => `holder${++people}@example.org`;

async function enter(caller: Caller, door: "sign-up" | "sign-in" | "guest", body: unknown = {}): Promise<Account> {
  return (await caller.expect(200, accountStateSchema, "POST", `/api/auth/${door}`, { body })).account!;
}

async function holder(): Promise<{ caller: Caller; email: string }> {
  const [caller, email] = [instance.browser(), newEmail()];
  await enter(caller, "sign-up", { email, password, name: "Ada" });
  return { caller, email };
}

describe("an account", () => {
  it("has another name at once", async () => {
    const { caller } = await holder();
    const changed = await caller.expect(200, accountStateSchema, "PATCH", "/api/account", {
      body: { name: " Grace " },
    });
    expect(changed.account?.name).toBe("Grace");
    expect((await caller.get(accountStateSchema, "/api/auth/state")).account?.name).toBe("Grace");
    await caller.refused("invalid_request", "PATCH", "/api/account", { body: { name: " " } });
    const guest = instance.browser();
    await enter(guest, "guest");
    await guest.refused("forbidden", "PATCH", "/api/account", { body: { name: "Guest" } });
  });

  it("has another password, and every other device is signed out", async () => {
    const { caller, email } = await holder();
    const elsewhere = instance.browser();
    await enter(elsewhere, "sign-in", { email, password });
    await elsewhere.get(sessionPageSchema, "/api/sessions");
    const change = (current_password: string, new_password: string) =>
      caller.call("POST", "/api/account/password", { body: { current_password, new_password } });
    expect((await change("wrong password", "another password")).status).toBe(401);
    expect((await change(password, "short")).status).toBe(400);
    expect((await change(password, "another password")).status).toBe(200);
    await caller.get(sessionPageSchema, "/api/sessions");
    await elsewhere.refused("unauthenticated", "GET", "/api/sessions");
    await elsewhere.refused("invalid_credentials", "POST", "/api/auth/sign-in", { body: { email, password } });
    await enter(elsewhere, "sign-in", { email, password: "another password" });
  });

  it("names the devices it is signed in on, and signs one out", async () => {
    const { caller, email } = await holder();
    const elsewhere = instance.browser();
    const headers = { "user-agent": "A telephone" };
    await elsewhere.expect(200, accountStateSchema, "POST", "/api/auth/sign-in", {
      body: { email, password },
      headers,
    });
    const { devices } = await caller.get(deviceListSchema.strict(), "/api/account/devices");
    expect(devices.map(({ current }) => current)).toEqual([true, false]);
    expect(devices[1]!.user_agent).toBe("A telephone");
    expect(JSON.stringify(devices)).not.toContain("token");
    const { caller: stranger } = await holder();
    await stranger.refused("not_found", "DELETE", `/api/account/devices/${devices[1]!.device_id}`);
    expect((await caller.call("DELETE", `/api/account/devices/${devices[1]!.device_id}`)).status).toBe(204);
    await elsewhere.refused("unauthenticated", "GET", "/api/sessions");
    await caller.get(sessionPageSchema, "/api/sessions");
  });

  it("is deleted with everything in it, after its address and password were typed", async () => {
    const { caller, email } = await holder();
    const { session_id } = await caller.chat("To be gone [fault=silence after=3]");
    const reader = await caller.stream(`/api/sse?session_id=${session_id}`);
    await reader.untilReady();
    const { account } = await caller.get(accountStateSchema, "/api/auth/state");
    const remove = (body: unknown) => caller.call("DELETE", "/api/account", { body });
    expect((await remove({ confirm: "yes", password })).status).toBe(400);
    expect((await remove({ confirm: email, password: "wrong password" })).status).toBe(401);
    expect((await remove({ confirm: email })).status).toBe(401);
    const answer = await remove({ confirm: email.toUpperCase(), password });
    expect(answer.body).toMatchObject({ account: null });
    await reader.when("the end", () => reader.end !== null);
    for (const table of ["users where id", "chat_sessions where user_id", "auth_sessions where user_id"]) {
      expect(await instance.query(`select 1 from ${table} = $1`, [account!.user_id])).toEqual([]);
    }
    await caller.refused("unauthenticated", "GET", "/api/sessions");
    await caller.refused("invalid_credentials", "POST", "/api/auth/sign-in", { body: { email, password } });
    const guest = instance.browser();
    await enter(guest, "guest");
    expect((await guest.call("DELETE", "/api/account", { body: { confirm: "delete" } })).status).toBe(200);
    await until(
      "nothing runs for it",
      async () => (await instance.query("select 1 from workflow_jobs where state = 'open'")).length === 0,
    );
  });

  it("is nobody's without a sign-in, and not there in trusted mode", async () => {
    const nobody = instance.browser();
    const routes = [
      ["PATCH", "/api/account", { name: "x" }],
      ["POST", "/api/account/password", { current_password: "x", new_password: "long enough" }],
      ["GET", "/api/account/devices", undefined],
      ["DELETE", "/api/account/devices/d", undefined],
      ["DELETE", "/api/account", { confirm: "delete" }],
    ] as const;
    for (const [method, path, body] of routes) {
      await nobody.refused("unauthenticated", method, path, body === undefined ? {} : { body });
    }
    const trusted = await fixture.instance();
    for (const [method, path, body] of routes) {
      await trusted.user("somebody").refused("not_found", method, path, body === undefined ? {} : { body });
    }
  });
});

it("one address makes so many accounts in an hour, and five times as many guests", async () => {
  const strict = await fixture.instance({ authMode: "accounts", signUpsPerHour: 2 });
  const signUp = () => strict.browser().call("POST", "/api/auth/sign-up", { body: { email: newEmail(), password } });
  expect([(await signUp()).status, (await signUp()).status]).toEqual([200, 200]);
  const refused = await signUp();
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(3_000);
  const guest = () => strict.browser().call("POST", "/api/auth/guest", { body: {} });
  for (let index = 0; index < 10; index++) expect((await guest()).status).toBe(200);
  expect((await guest()).status).toBe(429);
});
