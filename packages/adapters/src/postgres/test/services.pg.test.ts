import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PostgresStore } from "../store/index.ts";
import { openStore, startPackagedServer, type TestServer } from "./database.ts";

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

describe("the catalogue of models", () => {
  beforeEach(() => sql`truncate model_catalogue`.execute(store.database).then(() => {}));

  it("is what was published last, whatever it is", async () => {
    expect(await store.catalogue.current()).toBeNull();
    const catalogues = [[], [{ id: "a", models: ["\u0000\u{1F990}"] }], { of: "another form" }];
    for (const [index, catalogue] of catalogues.entries()) {
      await store.catalogue.publish(`worker-${index}`, catalogue);
      await sleep(2);
    }
    expect(await store.catalogue.current()).toEqual(catalogues[2]);
    await store.catalogue.publish("worker-1", catalogues[1]);
    expect(await store.catalogue.current()).toEqual([{ id: "a", models: ["\ufffd\u{1F990}"] }]);
    await store.catalogue.remove("worker-1");
    expect(await store.catalogue.current()).toEqual(catalogues[2]);
  });

  it("does not keep what workers long gone have said, but for the last word", async () => {
    await store.catalogue.publish("old", ["old"]);
    await sql`update model_catalogue set updated_at = now() - interval '8 days'`.execute(store.database);
    expect(await store.catalogue.current()).toEqual(["old"]);
    await store.catalogue.publish("new", ["new"]);
    const { rows } = await sql`select name from model_catalogue`.execute(store.database);
    expect(rows).toEqual([{ name: "new" }]);
  });
});

describe("what has served its time", () => {
  it("is removed, and nothing else", async () => {
    await sql`insert into users (id, name, email) values ('u', 'u', 'u@x')`.execute(store.database);
    await sql`insert into chat_sessions (session_id, user_id) values ('s', 'u')`.execute(store.database);
    await sql`
      insert into messages (message_id, session_id, role, status)
      select 'm' || n, 's', 'assistant', 'queued' from generate_series(1, 6000) n`.execute(store.database);
    await sql`
      insert into workflow_jobs (job_id, message_id, session_id, user_id, state, created_at, finished_at)
      select 'j' || n, 'm' || n, 's', 'u', case n when 1 then 'open' else 'done' end, now() - interval '9 days',
        case n when 1 then null when 2 then now() - interval '6 days' else now() - interval '8 days' end
      from generate_series(1, 6000) n`.execute(store.database);
    await sql`
      insert into idempotency_keys (user_id, key, body_hash, correlation_id, created_at)
      select 'u', 'k' || n, 'h', 'c', now() - n * interval '10 hours' from generate_series(1, 6) n`.execute(
      store.database,
    );
    await store.outbox.removeExpired();
    const jobs = await sql`select job_id from workflow_jobs order by 1`.execute(store.database);
    expect(jobs.rows).toEqual([{ job_id: "j1" }, { job_id: "j2" }]);
    const keys = await sql`select key from idempotency_keys order by 1`.execute(store.database);
    expect(keys.rows).toEqual([{ key: "k1" }, { key: "k2" }]);
    const messages = await sql`select count(*)::int as count from messages`.execute(store.database);
    expect(messages.rows).toEqual([{ count: 6000 }]);
  });
});

describe("an idempotency key", () => {
  it("that has served its time and was not removed yet is taken anew, by one of many at once", async () => {
    const { turns, users } = store.conversations;
    await users.ensure("keyed");
    const accept = (body_hash: string, message: string) =>
      turns.acceptTurn({
        ...{ user_id: "keyed", session_id: undefined, message, parent_message_id: undefined },
        ...{ ai_provider: undefined, model: undefined, context: {}, attachments: [], temporary: null },
        ...{ idempotency: { key: "again", body_hash }, correlation_id: `corr-${message}` },
        limits: { job_bytes: 1024 * 1024, running_answers: 100, waiting_answers: 100 },
      });
    const first = await accept("one", "first");
    expect(await accept("other", "too early")).toEqual({ kind: "key_reused" });
    await sql`update idempotency_keys set created_at = now() - interval '25 hours' where user_id = 'keyed'`.execute(
      store.database,
    );
    const later = await Promise.all([1, 2, 3, 4].map(() => accept("other", "later")));
    const turnsTaken = later.flatMap((outcome) => (outcome.kind === "accepted" ? [outcome.turn] : []));
    expect(turnsTaken).toHaveLength(4);
    expect(turnsTaken.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(new Set(turnsTaken.map(({ answer }) => answer.message_id)).size).toBe(1);
    if (first.kind === "accepted") expect(turnsTaken[0]!.answer.message_id).not.toBe(first.turn.answer.message_id);
    expect(first.kind).toBe("accepted");
  });
});

describe("one task at a time", () => {
  it("holds for tasks of two processes, of many each", async () => {
    const other = await openStore(server.connection);
    try {
      let running = 0;
      let most = 0;
      const task = async () => {
        running++;
        most = Math.max(most, running);
        await sql`select pg_sleep(0.005)`.execute(store.database);
        running--;
      };
      const stores = [store, other];
      // More than a pool has connections: those who wait must leave some to the one that runs.
      const tasks = stores.flatMap(({ conversations }) =>
        Array.from({ length: 25 }, () => conversations.users.oneAtATime(task)),
      );
      await Promise.all(tasks);
      expect(most).toBe(1);
    } finally {
      await other.close();
    }
  });
});
