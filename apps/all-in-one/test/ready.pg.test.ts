import { createLog } from "@uci/adapters/logging";
import { healthSchema } from "@uci/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { Fixture, type Instance, until, withClient } from "./fixture.ts";

const readySchema = z.strictObject({ ready: z.literal(true) });

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.close());

async function setReadOnly(instance: Instance, value: "on" | "off"): Promise<void> {
  await withClient(instance.database, async (client) => {
    await client.query(`alter system set default_transaction_read_only = ${value}`);
    await client.query("select pg_reload_conf()");
  });
}

describe("GET /ready", () => {
  it("is 503 while the database is read-only, and that alone: streams and reads go on, and turns when it is over", async () => {
    const lines: string[] = [];
    const log = createLog("warn", {}, { write: (line) => void lines.push(line) });
    const instance = await fixture.instance({ log, databasePlace: "db.example:5432/chat" });
    const user = instance.user("user_1");
    const turn = await user.chat("Something short");
    await instance.settled();
    const reader = await user.stream(`/api/sse?session_id=${turn.session_id}`);
    await user.get(readySchema, "/ready");
    await setReadOnly(instance, "on");
    await until("it is not ready", async () => (await user.call("GET", "/ready")).status === 503);
    const refused = await user.refused("database_unavailable", "GET", "/ready");
    expect(refused.text).toContain("read-only");
    expect(refused.headers.get("retry-after")).toBe("2");
    await user.get(readySchema, "/ready/self");
    expect((await user.get(healthSchema, "/health")).status).toBe("degraded");
    await user.refused("database_unavailable", "POST", "/api/chat", { body: { message: "Not now" } });
    expect(await user.history(turn.session_id)).toHaveLength(2);
    // A stream that is open stays so, and another is opened.
    const another = await user.stream(`/api/sse?session_id=${turn.session_id}`);
    await until("it is connected", async () => another.events.some(({ event }) => event === "connected"));
    expect(reader.events.some(({ event }) => event === "bye")).toBe(false);
    await setReadOnly(instance, "off");
    await until("it is ready", async () => (await user.call("GET", "/ready")).status === 200);
    await user.chat("Now again", { session_id: turn.session_id });
    await instance.settled();
    const told = lines.map((line) => JSON.parse(line).msg).filter((message) => message.includes("writes"));
    expect(told).toEqual([
      "The database (db.example:5432/chat) takes no writes: it is read-only.",
      "The database (db.example:5432/chat) takes writes again.",
    ]);
  });
});

describe("a pod that is told to stop", () => {
  it("refuses turns as it refuses streams, and stores nothing of them", async () => {
    const instance = await fixture.instance({ drainMs: 5_000 });
    const user = instance.user("user_1");
    const turn = await user.chat("Something short");
    await instance.settled();
    const drained = instance.drain();
    await until("it drains", async () => (await user.call("GET", "/ready")).status === 503);
    await user.refused("draining", "GET", "/ready");
    await user.refused("draining", "GET", "/api/sse");
    const refused = await user.refused("draining", "POST", "/api/chat", { body: { message: "Too late" } });
    expect(refused.headers.get("retry-after")).toBe("1");
    await user.refused("draining", "POST", `/api/messages/${turn.message_id}/regenerate`);
    expect(await user.history(turn.session_id)).toHaveLength(2);
    await drained;
    expect(await instance.query("select 1 from messages")).toHaveLength(2);
  });
});
