import { accountStateSchema, sessionSchema } from "@uci/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Caller, Fixture, type Instance } from "./fixture.ts";

let fixture: Fixture;
let trusted: Instance;
let accounts: Instance;

beforeAll(async () => {
  fixture = await Fixture.start();
  trusted = await fixture.instance({ pods: 2 });
  accounts = await fixture.instance({ pods: 2, authMode: "accounts" });
});

afterAll(() => fixture.close());

async function answered(caller: Caller, session_id: string, message: string): Promise<void> {
  const reader = await caller.stream(`/api/sse?session_id=${session_id}`);
  await reader.untilReady();
  const { message_id } = await caller.chat(message, { session_id });
  await reader.until(
    "it is stored",
    ({ event, data }) => event === "message_persisted" && data.message_id === message_id,
  );
}

describe("a stream of a session that was deleted", () => {
  it.each([0, 1])("brings nothing of it when somebody else has it now, at pod %i either", async (pod) => {
    const sessionId = `reused_${pod}`;
    const before = trusted.user("before");
    await answered(before, sessionId, "Tell me 5 words");
    const left = await trusted.user("before", pod).stream(`/api/sse?session_id=${sessionId}`);
    await left.untilReady();
    expect((await before.call("DELETE", `/api/sessions/${sessionId}`)).status).toBe(204);
    await left.until("it is told of the deletion", ({ event }) => event === "session_updated");
    const seen = left.events.length;

    await answered(trusted.user("after"), sessionId, "A secret of 300 words");

    // What is for itself still comes, so the stream was there all the while.
    await before.expect(201, sessionSchema, "POST", "/api/sessions", {
      body: { title: "The mark" },
    });
    await left.until(
      "the mark",
      ({ event, data }) => event === "session_updated" && data.session?.title === "The mark",
    );
    expect(left.events.slice(seen).map(({ event }) => event)).toEqual(["session_updated"]);
  });
});

describe("a session that moves to another account", () => {
  it("goes on at its new owner's stream, in the middle of an answer", async () => {
    const guest = accounts.browser();
    await guest.expect(200, accountStateSchema, "POST", "/api/auth/guest", { body: {} });
    fixture.provider.tokensPerSecond = 40;
    const { session_id, message_id } = await guest.chat("Tell me 150 words");
    const body = { email: "moved@example.org", password: "correct horse battery" };
    await guest.expect(200, accountStateSchema, "POST", "/api/auth/sign-up", { body });
    const owner = guest.at(accounts.address(1));
    const reader = await owner.stream(`/api/sse?session_id=${session_id}`);
    await reader.until("its end", ({ event, data }) => event === "message_complete" && data.message_id === message_id);
    const row = (await owner.history(session_id)).at(-1);
    expect(row).toMatchObject({ message_id, status: "complete" });
    fixture.provider.tokensPerSecond = 0;
  });
});
