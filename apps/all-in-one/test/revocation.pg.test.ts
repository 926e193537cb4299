import { accountStateSchema, deviceListSchema, sessionPageSchema } from "@uci/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Caller, Fixture, type Instance, type SseReader, until } from "./fixture.ts";

const password = "correct horse battery";
/** What has ended is gone everywhere within this time. */
const limitMs = 5_000;

let fixture: Fixture;
/** Two pods with nothing in common but the database: no broker carries word from one to the other. */
let here: Instance;
let there: Instance;
let people = 0;

beforeAll(async () => {
  fixture = await Fixture.start();
  const options = { authMode: "accounts", database: await fixture.newDatabase() } as const;
  here = await fixture.instance(options);
  there = await fixture.instance(options);
});

afterAll(() => fixture.close());

async function signedUp(): Promise<{ email: string; caller: Caller }> {
  const email = `person-${++people}@example.org`;
  const caller = here.browser();
  await caller.expect(200, accountStateSchema, "POST", "/api/auth/sign-up", { body: { email, password } });
  return { email, caller };
}

/** The same browser, talking to the other pod. */
function atOther(caller: Caller): Caller {
  return caller.at(there.address());
}

async function signedInElsewhere(email: string): Promise<Caller> {
  const caller = here.browser();
  await caller.expect(200, accountStateSchema, "POST", "/api/auth/sign-in", { body: { email, password } });
  return caller;
}

async function openStream(caller: Caller): Promise<SseReader> {
  const reader = await caller.stream("/api/sse");
  await reader.untilReady();
  return reader;
}

async function isOver(reader: SseReader, caller: Caller): Promise<void> {
  await until("the stream has ended", () => reader.end !== null, limitMs);
  expect(reader.all("bye").map(({ data }) => data.reason)).toEqual(["signed_out"]);
  await caller.refused("unauthenticated", "GET", "/api/sessions");
}

describe("what is revoked at one pod", () => {
  it.each<[string, (own: Caller, other: Caller) => Promise<unknown>]>([
    ["a sign-out", (_own, other) => other.call("POST", "/api/auth/sign-out", { body: {} })],
    [
      "another password",
      (own) =>
        own.expect(200, accountStateSchema, "POST", "/api/account/password", {
          body: { current_password: password, new_password: "another horse battery" },
        }),
    ],
    [
      "a device signed out",
      async (own) => {
        const { devices } = await own.get(deviceListSchema, "/api/account/devices");
        const device = devices.find(({ current }) => !current);
        const answer = await own.call("DELETE", `/api/account/devices/${device?.device_id}`);
        expect(answer.status).toBe(204);
      },
    ],
    [
      "a deleted account",
      async (own) => {
        const state = await own.get(accountStateSchema, "/api/auth/state");
        const body = { confirm: state.account?.email, password };
        await own.expect(200, accountStateSchema, "DELETE", "/api/account", { body });
      },
    ],
    [
      "a statement by hand in the database",
      async () => here.query("delete from auth_sessions where user_agent is not null or true"),
    ],
  ])("%s: its cookie and its streams are dead on every pod within 5 s", async (_what, revoke) => {
    const { email, caller } = await signedUp();
    const other = await signedInElsewhere(email);
    const readers = [await openStream(other), await openStream(atOther(other))];
    await revoke(caller, other);
    await isOver(readers[0]!, other);
    await isOver(readers[1]!, atOther(other));
  });

  it("leaves the streams of the same person's other devices open", async () => {
    const { email, caller } = await signedUp();
    const other = await signedInElsewhere(email);
    const [kept, ended] = [await openStream(atOther(caller)), await openStream(atOther(other))];
    await other.call("POST", "/api/auth/sign-out", { body: {} });
    await isOver(ended, atOther(other));
    expect(kept.end).toBeNull();
    expect((await atOther(caller).call("GET", "/api/sessions")).status).toBe(200);
  });

  it("a guest who registers is a guest nowhere any more", async () => {
    const guest = here.browser();
    await guest.expect(200, accountStateSchema, "POST", "/api/auth/guest", { body: {} });
    const before = guest.at(there.address());
    const reader = await openStream(before);
    const body = { email: `person-${++people}@example.org`, password };
    await guest.expect(200, accountStateSchema, "POST", "/api/auth/sign-up", { body });
    await isOver(reader, before);
  });

  it("who signs in again leaves no sign-in behind that a copied cookie could use", async () => {
    const { email, caller } = await signedUp();
    const copied = caller.at(here.address());
    await caller.expect(200, accountStateSchema, "POST", "/api/auth/sign-in", { body: { email, password } });
    await copied.refused("unauthenticated", "GET", "/api/sessions");
    expect((await caller.call("GET", "/api/sessions")).status).toBe(200);
  });
});

describe("streams", () => {
  it("end at their greatest age, and say so", async () => {
    const short = await fixture.instance({ streamAgeMs: 1 });
    const reader = await short.user("ada").stream("/api/sse");
    await until("the stream has ended", () => reader.end !== null);
    expect(reader.all("bye").map(({ data }) => data.reason)).toEqual(["too_old"]);
  });

  it("end when their sign-in runs out, and its cookie with them", async () => {
    const { caller } = await signedUp();
    await here.query("update auth_sessions set created_at = now() - interval '91 days'");
    await atOther(caller).refused("unauthenticated", "GET", "/api/sessions");
  });

  it("are counted before anything is waited for: of a hundred at once as many open as are allowed", async () => {
    const narrow = await fixture.instance({ streamsPerUser: 20 });
    const ada = narrow.user("ada");
    const opened = await Promise.allSettled(
      Array.from({ length: 100 }, (_, index) => ada.stream(`/api/sse?session_id=one_of_many_${index % 50}`)),
    );
    expect(opened.filter(({ status }) => status === "fulfilled")).toHaveLength(20);
    ada.close();
    await until("their places are free again", async () => {
      const reader = await ada.stream("/api/sse").catch(() => null);
      return reader !== null;
    });
  });

  it("are of sessions that are there: reading makes none, so a link on any page plants none", async () => {
    const { caller } = await signedUp();
    await expect(caller.stream("/api/sse?session_id=planted")).rejects.toThrow("404");
    const { sessions } = await caller.get(sessionPageSchema, "/api/sessions");
    expect(sessions).toEqual([]);
  });

  it("make sessions in trusted mode, whose callers name their own, but not without end", async () => {
    const instance = await fixture.instance();
    const ada = instance.user("ada");
    const ids = Array.from({ length: 1_001 }, (_, index) => `named_${index}`);
    await instance.query(
      "insert into users (id, name, email) values ('ada', 'ada', 'ada@trusted.invalid') on conflict do nothing",
    );
    for (let index = 0; index < 1_000; index += 8) {
      const reader = await ada.stream(
        `/api/sse?${ids
          .slice(index, index + 8)
          .map((id) => `session_id=${id}`)
          .join("&")}`,
      );
      reader.close();
    }
    await expect(ada.stream("/api/sse?session_id=one_too_many")).rejects.toThrow("429");
    expect((await ada.call("GET", "/api/sessions/one_too_many")).status).toBe(404);
  });
});
