import { scriptedAnswer } from "@uci/adapters/providers/testing";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../apps/all-in-one/test/waiting.ts";
import { beginsAnew, type ChaosWorld, startChaosWorld } from "./chaos/chaos-cluster.ts";
import { JoiningReader } from "./plain/joining-reader.ts";

const limitMs = 120_000;
const conversations = 6;

let world: ChaosWorld;

beforeAll(async () => {
  world = await startChaosWorld(15, {
    nats: 1,
    linked: false,
    pods: 2,
    workers: 2,
    environment: { DRAIN_SECONDS: "0" },
  });
}, limitMs);
afterAll(() => world?.close(), limitMs);

describe("a client that joins the texts of `chunk` events", { timeout: limitMs }, () => {
  it("has the right text after its worker was killed, its model began anew, and its pod was killed", async () => {
    const { cluster } = world;
    const talks = await Promise.all(
      Array.from({ length: conversations }, async (_none, index) => {
        const sessionId = `joining-${index}`;
        const reader = new JoiningReader(cluster.gatewayUrl, "joiner", sessionId);
        const message = `question ${index}: 120 words`;
        return { reader, message, messageId: await posted(sessionId, message) };
      }),
    );
    await Promise.all(
      talks.map(({ reader, messageId }) => until("it has begun", () => reader.textOf(messageId).length > 30, limitMs)),
    );
    for (const name of ["worker-1", "pod-1"]) {
      cluster.process(name).signal("SIGKILL");
      await cluster.process(name).ended;
      await cluster.start(name);
    }
    for (const { reader, message, messageId } of talks) {
      const expected = scriptedAnswer(message);
      await until("its reader has all of it", () => reader.textOf(messageId).length >= expected.length, limitMs);
      expect(reader.textOf(messageId)).toBe(expected);
      await until("it is stored", async () => (await attemptsOf(messageId)) !== null, limitMs);
      reader.close();
    }
    const attempts = await Promise.all(talks.map(({ messageId }) => attemptsOf(messageId)));
    expect(Math.max(...attempts.map(Number))).toBeGreaterThan(1);
    expect(talks.some(({ reader }) => reader.connections > 1)).toBe(true);
  });
});

async function posted(sessionId: string, message: string): Promise<string> {
  const response = await fetch(`${world.cluster.gatewayUrl}/api/chat`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user_id: "joiner", session_id: sessionId, message, model: beginsAnew.id }),
  });
  expect(response.status).toBe(202);
  return ((await response.json()) as { message_id: string }).message_id;
}

async function attemptsOf(messageId: string): Promise<string | null> {
  const client = new pg.Client({ connectionString: world.cluster.environment.DATABASE_URL });
  await client.connect();
  try {
    const { rows } = await client.query(
      "select metadata ->> 'attempts' as attempts from messages where message_id = $1",
      [messageId],
    );
    return rows[0]?.attempts ?? null;
  } finally {
    await client.end();
  }
}
