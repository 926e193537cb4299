import type { Compilable, RawBuilder } from "kysely";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { admitQuery, openAnswersQuery, waitingOwnerQuery, waitingPeopleQuery } from "../store/admission.ts";
import { unusedCountQuery } from "../store/attachments.ts";
import { currentCatalogueQuery, expiredCataloguesQuery } from "../store/catalogue.ts";
import {
  changeQuery,
  forgetQuery,
  holdersQuery,
  presentPodsQuery,
  seenQuery,
  staleQuery,
} from "../store/connection-queries.ts";
import { folderListQuery } from "../store/folders.ts";
import type { PostgresStore } from "../store/index.ts";
import { endedQuery, unfinishedQuery } from "../store/ledger.ts";
import { openJobsQuery } from "../store/open-jobs.ts";
import {
  expiredJobsQuery,
  expiredKeysQuery,
  pendingQuery,
  temporarySessionsQuery,
  temporaryTextsQuery,
} from "../store/outbox.ts";
import { formatPageCursor } from "../store/page-cursor.ts";
import { promptListQuery } from "../store/prompts.ts";
import { searchQuery } from "../store/search.ts";
import { messageListQuery, sessionListQuery } from "../store/sessions.ts";
import { shareListQuery } from "../store/shares.ts";
import { treeQuery } from "../store/tree.ts";
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

/**
 * 5,000 users, 50 of them with 5,000 sessions, most of them u7's; 40,000 messages, half of them s7's; every tenth is not final. 40,000
 * connections of 2,000 pods, every hundredth long gone.
 */
async function fill(client: pg.Client): Promise<void> {
  await client.query(
    "insert into users (id, name, email) select 'u' || n, 'n', n || '@x' from generate_series(1, 5000) n",
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
     select 'j' || message_id, message_id, session_id, 'u' || (1 + abs(hashtext(message_id)) % 50), case when status = 'queued' then 'open' else 'done' end, '{}', now() - length(message_id) * interval '1 hour'
     from messages`,
  );
  await client.query(
    `insert into attachments (attachment_id, user_id, name, media_type, size, bytes, created_at)
     select 'a' || n, 'u' || (1 + n % 50), 'n', 'text/plain', 1, 'x', now() - n * interval '1 minute'
     from generate_series(1, 20000) n`,
  );
  await client.query(
    "insert into message_attachments select 'm' || n, 'a' || n from generate_series(1, 20000) n where n % 100 > 0",
  );
  await client.query(
    `insert into idempotency_keys (user_id, key, body_hash, correlation_id, created_at)
     select 'u' || (1 + n % 50), 'k' || n, 'h', 'c', now() - n * interval '1 minute' from generate_series(1, 20000) n`,
  );
  await client.query(
    `insert into active_connections (connection_id, session_id, pod_id, last_seen_at)
     select 'c' || n, 's' || (1 + n % 5000), 'pod-' || n % 2000,
       now() - case when n % 100 = 0 then n * interval '1 minute' else n % 100 * interval '1 second' end
     from generate_series(1, 40000) n`,
  );
  await client.query(
    `insert into model_catalogue (name, catalogue, updated_at)
     select 'worker-' || n, '{}', now() - n * interval '1 minute' from generate_series(1, 20000) n`,
  );
  await client.query(
    `insert into folders (folder_id, user_id, name, created_at)
     select 'f' || n, 'u' || (1 + n % 50), 'n', now() - n * interval '1 minute' from generate_series(1, 5000) n`,
  );
  await client.query(
    `insert into prompts (prompt_id, user_id, name, content, created_at)
     select 'p' || n, 'u' || (1 + n % 50), 'n' || n, 't', now() - n * interval '1 minute' from generate_series(1, 5000) n`,
  );
  await client.query(
    `update chat_sessions set pinned = session_id like 's%00', archived = session_id like 's%1',
       folder_id = case when session_id like 's%5' then 'f' || (1 + length(session_id)) end`,
  );
  await client.query(
    `insert into shares (share_id, session_id, user_id, messages, created_at)
     select 'h' || n, 's' || (1 + n % 50), 'u7', '[]', now() - n * interval '1 minute' from generate_series(1, 5000) n`,
  );
  await client.query(
    `insert into search_entries (session_id, entry_id, user_id, message_id, words, created_at)
     select session_id, message_id, 'u7', message_id, array_to_tsvector(array['the', 'w' || substr(message_id, 2)]), created_at
     from messages`,
  );
  await client.query("vacuum analyze");
}

type Plan = {
  readonly "Node Type": string;
  readonly "Index Name"?: string;
  readonly "Conflict Arbiter Indexes"?: readonly string[];
  readonly Plans?: readonly Plan[];
};

/** A statement that is written out, as one that is built. */
function written(query: RawBuilder<unknown>): Compilable {
  return { compile: () => query.compile(store.database) } as Compilable;
}

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
  const indexes = plans.flatMap((plan) => [
    ...(plan["Index Name"] === undefined ? [] : [plan["Index Name"]]),
    ...(plan["Conflict Arbiter Indexes"] ?? []),
  ]);
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
    [
      "archived sessions",
      ["chat_sessions_of_user"],
      () => sessionListQuery(store.database, "u7", { cursor, limit: 50 }, { archived: true }),
    ],
    [
      "pinned sessions",
      ["chat_sessions_pinned"],
      () => sessionListQuery(store.database, "u7", { cursor, limit: 50 }, { pinned: true }),
    ],
    [
      "sessions of a folder",
      ["chat_sessions_in_folder"],
      () => sessionListQuery(store.database, "u7", { cursor, limit: 50 }, { folder_id: "f5" }),
    ],
    ["folders", ["folders_of_user"], () => folderListQuery(store.database, "u7", { cursor, limit: 50 })],
    ["shares", ["shares_of_session"], () => shareListQuery(store.database, "s7", { cursor, limit: 50 })],
    ["prompts", ["prompts_of_user"], () => promptListQuery(store.database, "u7", { cursor, limit: 50 })],
    [
      "messages",
      ["chat_sessions_pkey", "messages_of_session"],
      () => messageListQuery(store.database, "u7", "s7", { cursor: null, limit: 50 }),
    ],
    [
      "messages, a later page",
      ["chat_sessions_pkey", "messages_of_session"],
      () => messageListQuery(store.database, "u7", "s7", { cursor, limit: 50 }),
    ],
    ["the tree of a session", ["messages_of_session"], () => treeQuery(store.database, "s11")],
    ["open jobs", ["workflow_jobs_pending"], () => pendingQuery(store.database, null, 100)],
    ["how many jobs are open", ["workflow_jobs_open"], () => openJobsQuery(store.database, 100)],
    ["open jobs, a later page", ["workflow_jobs_pending"], () => pendingQuery(store.database, "m5", 100)],
    [
      "unfinished answers",
      ["workflow_jobs_open_of_session", "messages_pkey"],
      () => written(unfinishedQuery(["s1", "s11"])),
    ],
    [
      "answers that ended lately",
      ["workflow_jobs_ended_of_session", "messages_pkey"],
      () => written(endedQuery(["s1", "s11"], 30_000)),
    ],
    ["the newest catalogue", ["model_catalogue_by_age"], () => currentCatalogueQuery(store.database)],
  ];
  for (const [name, indexes, query] of cases) {
    it(name, async () => {
      const plan = await planOf(query());
      expect(plan.indexes.sort()).toEqual([...indexes].sort());
      expect(plan.nodes.filter((node) => /Sort|Seq Scan/.test(node))).toEqual([]);
    });
  }
});

describe("search", () => {
  const after = { atMs: Date.now(), id: "m1" };
  const planned = async (query: Compilable) => {
    const { sql, parameters } = query.compile();
    const answer = await withClient(server.connection, (client) =>
      client.query(`explain (format json) ${sql}`, [...parameters]),
    );
    return JSON.stringify(answer.rows);
  };

  it("looks a rare word up in the index of words", async () => {
    const plan = await planned(written(searchQuery("u7", "'w777'", 20, after, "all")));
    expect(plan).toContain("search_entries_by_word");
    expect(plan).not.toContain("Seq Scan");
  });

  it("walks the newest entries for a word that is everywhere", async () => {
    const plan = await planned(written(searchQuery("u7", "'the'", 20, after, "newest")));
    expect(plan).toContain("search_entries_of_user");
    expect(plan).not.toContain("Seq Scan");
  });
});

describe("what keeps the tables small, and the table of connections, is served by an index", () => {
  const some = (podId: string) =>
    Array.from({ length: 50 }, (_, index) => ({
      connection_id: `c${index}`,
      session_id: `s${1 + index}`,
      pod_id: podId,
    }));
  const cases: [name: string, index: string[], query: () => Compilable][] = [
    [
      "texts of temporary answers",
      ["chat_sessions_temporary", "messages_pkey", "workflow_jobs_ended_of_session"],
      () => written(temporaryTextsQuery()),
    ],
    [
      "temporary sessions",
      ["chat_sessions_pkey", "chat_sessions_temporary", "workflow_jobs_open_of_session"],
      () => written(temporarySessionsQuery()),
    ],
    ["keys that expired", ["idempotency_keys_by_age"], () => written(expiredKeysQuery())],
    [
      "files of a user that nobody uses",
      ["attachments_of_user", "message_attachments_of_attachment"],
      () => written(unusedCountQuery("u7")),
    ],
    [
      "answers a person has under way, and what the person keeps",
      ["attachments_sizes", "chat_sessions_bytes", "shares_of_user", "workflow_jobs_open_of_user"],
      () => written(openAnswersQuery("u2")),
    ],
    ["people whose answers wait", ["workflow_jobs_waiting"], () => written(waitingPeopleQuery())],
    [
      "whether a person's answers wait",
      ["chat_sessions_pkey", "messages_pkey", "workflow_jobs_waiting"],
      () => written(waitingOwnerQuery("m5")),
    ],
    [
      "answers that may begin",
      ["workflow_jobs_message_id_key", "workflow_jobs_waiting"],
      () => written(admitQuery("u1", 4)),
    ],
    ["jobs done long ago", ["workflow_jobs_finished"], () => written(expiredJobsQuery())],
    ["catalogues of workers long gone", ["model_catalogue_by_age"], () => written(expiredCataloguesQuery())],
    [
      "connections seen",
      ["active_connections_pkey", "chat_sessions_pkey", "users_pkey"],
      () => written(seenQuery(some("pod-1"))),
    ],
    [
      "connections changed",
      ["active_connections_pkey", "chat_sessions_pkey", "users_pkey"],
      () => written(changeQuery(some("pod-1"), some("pod-2"))),
    ],
    ["pods of sessions", ["active_connections_of_session"], () => written(holdersQuery(["s1", "s2"], 300_000))],
    ["connections not seen", ["active_connections_by_age"], () => written(staleQuery(300_000, 5_000))],
    ["pods that are there", ["active_connections_of_pod"], () => written(presentPodsQuery(["pod-1", "pod-2"]))],
    ["pods that are gone", ["active_connections_of_pod"], () => written(forgetQuery(["pod-1", "pod-2"]))],
  ];
  for (const [name, indexes, query] of cases) {
    it(name, async () => {
      const plan = await planOf(query());
      expect(plan.indexes.sort()).toEqual([...indexes].sort());
      expect(plan.nodes.filter((node) => node === "Seq Scan")).toEqual([]);
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
