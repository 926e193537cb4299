import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { measureDatabase, measureOpenJobs } from "./database-metrics.ts";
import { Metrics } from "./metrics/index.ts";
import type { PostgresStore } from "./postgres/store/index.ts";
import { openStore, startPackagedServer, type TestServer, withClient } from "./postgres/test/database.ts";

let server: TestServer;
let store: PostgresStore;
beforeAll(async () => {
  server = await startPackagedServer();
  store = await openStore(server.connection);
});
afterAll(async () => {
  await store.close();
  await server.stop();
});

async function values(): Promise<(name: string) => number> {
  const metrics = new Metrics("worker");
  measureDatabase(metrics, store);
  measureOpenJobs(metrics, store);
  const text = await metrics.text();
  return (name) => Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
}

describe("metrics of the database", () => {
  it("tell how many connections of the pool work, and how many callers wait for one", async () => {
    expect((await values())("uci_database_connections_most")).toBe(10);
    const lock = "select pg_advisory_lock(1)";
    await withClient(server.connection, async (client) => {
      await client.query(lock);
      const held = Array.from({ length: 13 }, () =>
        sql`select pg_advisory_lock_shared(1)`.execute(store.database).catch(() => undefined),
      );
      await expect.poll(() => store.poolUse()).toEqual({ inUse: 10, waiting: 3, most: 10 });
      await client.query("select pg_advisory_unlock(1)");
      await Promise.all(held);
    });
    expect((await values())("uci_database_connections_in_use")).toBeLessThan(10);
    expect((await values())("uci_database_connections_waited_for")).toBe(0);
    expect((await values())("uci_database_writable")).toBe(1);
  });

  it("tell how many answers are accepted and not stored, and how long ago the oldest was", async () => {
    expect((await values())("uci_accepted_answers")).toBe(0);
    expect((await values())("uci_accepted_oldest_seconds")).toBe(0);
    await store.conversations.users.ensure("user_1");
    const accept = (message: string) =>
      store.conversations.turns.acceptTurn({
        ...{ user_id: "user_1", session_id: undefined, message, parent_message_id: undefined, attachments: [] },
        ...{ ai_provider: undefined, model: undefined, context: {}, temporary: null, idempotency: null },
        correlation_id: "corr_1",
        limits: { job_bytes: 1024 * 1024, running_answers: 100, waiting_answers: 100 },
      });
    await accept("one");
    await accept("two");
    await sql`update workflow_jobs set created_at = created_at - interval '5 minutes' where message_id = (
      select min(message_id) from workflow_jobs)`.execute(store.database);
    expect((await values())("uci_accepted_answers")).toBe(2);
    const oldest = (await values())("uci_accepted_oldest_seconds");
    expect(oldest).toBeGreaterThanOrEqual(300);
    expect(oldest).toBeLessThan(600);
  });
});
