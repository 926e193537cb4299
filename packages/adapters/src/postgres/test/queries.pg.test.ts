import type { Compilable } from "kysely";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PostgresStore } from "../store/index.ts";
import { unfinishedQuery } from "../store/ledger.ts";
import { pendingQuery } from "../store/outbox.ts";
import { formatPageCursor } from "../store/page-cursor.ts";
import { messageListQuery, sessionListQuery } from "../store/sessions.ts";
import { openStore, startPackagedServer, type TestServer, withClient } from "./database.ts";

let server: TestServer;
let store: PostgresStore;

beforeAll(async () => {
  server = await startPackagedServer();
  store = await openStore(server.connection);
  await withClient(server.connection, fill);
});
afterAll(async () => {
  await store.close();
  await server.stop();
});

/** 50 users with 5,000 sessions, most of them u7's; 40,000 messages, half of them s7's; every tenth is not final. */
async function fill(client: pg.Client): Promise<void> {
  await client.query(
    "insert into users (id, name, email) select 'u' || n, 'n', n || '@x' from generate_series(1, 50) n",
  );
  await client.query(
    `insert into chat_sessions (session_id, user_id, updated_at)
     select 's' || n, case n % 5 when 0 then 'u' || (1 + n % 50) else 'u7' end, now() - n * interval '1 minute' from generate_series(1, 5000) n`,
  );
  await client.query(
    `insert into messages (message_id, session_id, role, status, created_at)
     select 'm' || n, case n % 2 when 0 then 's' || (1 + n % 5000) else 's7' end, 'assistant', case when n % 10 = 0 then 'queued' else 'complete' end,
       now() - n * interval '1 second' from generate_series(1, 40000) n`,
  );
  await client.query(
    `insert into workflow_jobs (job_id, message_id, session_id, user_id, state, request, finished_at)
     select 'j' || message_id, message_id, session_id, 'u1', case when status = 'queued' then 'open' else 'done' end, '{}', now()
     from messages`,
  );
  await client.query("analyze");
}

type Plan = { readonly "Node Type": string; readonly "Index Name"?: string; readonly Plans?: readonly Plan[] };

async function planOf(query: Compilable): Promise<{ nodes: string[]; indexes: string[] }> {
  const { sql, parameters } = query.compile();
  const plans: Plan[] = [];
  const collect = (plan: Plan): void => {
    plans.push(plan);
    for (const inner of plan.Plans ?? []) collect(inner);
  };
  await withClient(server.connection, async (client) => {
    // For a handful of rows a bitmap and a sort are as good; the question is whether the index gives the order.
    await client.query("set enable_bitmapscan = off");
    const { rows } = await client.query(`explain (format json) ${sql}`, [...parameters]);
    collect(rows[0]["QUERY PLAN"][0].Plan);
  });
  const indexes = plans.flatMap((plan) => plan["Index Name"] ?? []);
  return { nodes: plans.map((plan) => plan["Node Type"]), indexes: [...new Set(indexes)] };
}

const cursor = formatPageCursor({ atMs: Date.now() - 1_000_000, id: "s1" });

describe("every list is served by an index, without a sort", () => {
  const cases: [name: string, index: string[], query: () => Compilable][] = [
    ["sessions", ["chat_sessions_of_user"], () => sessionListQuery(store.database, "u7", { cursor: null, limit: 50 })],
    [
      "sessions, a later page",
      ["chat_sessions_of_user"],
      () => sessionListQuery(store.database, "u7", { cursor, limit: 50 }),
    ],
    ["messages", ["messages_of_session"], () => messageListQuery(store.database, "s7", { cursor: null, limit: 50 })],
    [
      "messages, a later page",
      ["messages_of_session"],
      () => messageListQuery(store.database, "s7", { cursor, limit: 50 }),
    ],
    ["open jobs", ["workflow_jobs_open"], () => pendingQuery(store.database, null, 100)],
    ["open jobs, a later page", ["workflow_jobs_open"], () => pendingQuery(store.database, "m5", 100)],
    [
      "unfinished answers",
      ["workflow_jobs_open_of_session", "messages_pkey"],
      () => ({ compile: () => unfinishedQuery(["s1", "s11"]).compile(store.database) }) as Compilable,
    ],
  ];
  for (const [name, indexes, query] of cases) {
    it(name, async () => {
      const plan = await planOf(query());
      expect(plan.indexes.sort()).toEqual([...indexes].sort());
      expect(plan.nodes.filter((node) => /Sort|Seq Scan/.test(node))).toEqual([]);
    });
  }
});

describe("deleting", () => {
  it("finds what belongs to a session or user by an index", async () => {
    const unindexed = await withClient(server.connection, (client) =>
      client.query(
        `select conrelid::regclass || '.' || attname as reference
         from pg_constraint join pg_attribute on attrelid = conrelid and attnum = conkey[1]
         where contype = 'f' and not exists (
           select from pg_index where indrelid = conrelid and indkey[0] = conkey[1])`,
      ),
    );
    expect(unindexed.rows).toEqual([]);
  });
});
