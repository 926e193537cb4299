import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sessionRegistryConformance } from "@uci/stream/conformance";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { startEmbeddedPostgres } from "../embedded/index.ts";
import { type ConnectionTableSettings, PostgresConnectionTable, type PostgresStore } from "../store/index.ts";
import { lockedSession } from "../store/turn-rows.ts";
import { openStore, startDebianServer, startPackagedServer, type TestServer } from "./database.ts";
import { temporaryFolder } from "./folders.ts";

/** How much faster time goes by here. */
const faster = 20;
const connection = (connection_id: string, session_id: string) => ({ connection_id, session_id });

/** Sessions `s0` and on, of the user `u`. */
async function makeSessions(store: PostgresStore, count: number): Promise<void> {
  await sql`insert into users (id, name, email) values ('u', 'u', 'u@x')`.execute(store.database);
  await sql`
    insert into chat_sessions (session_id, user_id) select 's' || n, 'u' from generate_series(0, ${count}::integer - 1) n`.execute(
    store.database,
  );
}

const servers = [
  ["PostgreSQL 18", startPackagedServer],
  ["PostgreSQL 15", startDebianServer],
] as const;

for (const [name, start] of servers) {
  describe(name, () => {
    let server: TestServer;
    let store: PostgresStore;
    beforeAll(async () => {
      server = await start();
      store = await openStore(server.connection);
      await makeSessions(store, 1_000);
    });
    afterAll(async () => {
      await store.close();
      await server.stop();
    });

    sessionRegistryConformance(
      "the table of connections",
      async () => {
        await sql`truncate active_connections`.execute(store.database);
        const registry = new PostgresConnectionTable(store.database, { staleMs: 30_000 / faster });
        const pass = async (durationMs: number) => {
          // What was registered counts from the moment it is written.
          await registry.flush();
          await sleep(durationMs / faster);
        };
        return { registry, pass };
      },
      // It stands behind the registry, whose heartbeats cost it nothing.
      "ignored",
    );
  });
}

describe("the table of connections", () => {
  let server: TestServer;
  let store: PostgresStore;
  let failures: unknown[];
  const tables: PostgresConnectionTable[] = [];

  beforeAll(async () => {
    server = await startPackagedServer();
    store = await openStore(server.connection);
    await makeSessions(store, 10);
  });
  afterAll(async () => {
    await store.close();
    await server.stop();
  });
  beforeEach(async () => {
    failures = [];
    await sql`truncate active_connections`.execute(store.database);
  });
  afterEach(async () => {
    await Promise.all(tables.splice(0).map((table) => table.close()));
  });

  function open(settings: Partial<ConnectionTableSettings> = {}, database = store.database): PostgresConnectionTable {
    const table = new PostgresConnectionTable(database, { failed: (error) => failures.push(error), ...settings });
    tables.push(table);
    return table;
  }

  async function rows(): Promise<string[]> {
    const { rows } = await sql<{ row: string }>`
      select pod_id || ' ' || connection_id || ' ' || session_id as row from active_connections order by 1`.execute(
      store.database,
    );
    return rows.map(({ row }) => row);
  }

  it("is written by itself, many changes together, and not by heartbeats", async () => {
    /** Where each row lies: a row that is written anew lies elsewhere. */
    const places = async () =>
      (await sql`select ctid::text as place, last_seen_at from active_connections`.execute(store.database)).rows;
    const table = open({ flushIntervalMs: 50 });
    for (let index = 0; index < 100; index++) await table.register("pod-a", [connection(`c${index}`, "s1")]);
    expect(await rows()).toEqual([]);
    await vi.waitFor(async () => expect(await rows()).toHaveLength(100));
    await table.deregister(
      "pod-a",
      Array.from({ length: 99 }, (_, index) => connection(`c${index}`, "s1")),
    );
    await vi.waitFor(async () => expect(await rows()).toEqual(["pod-a c99 s1"]));
    const before = await places();
    for (let beat = 0; beat < 5; beat++) expect(await table.renew("pod-a", null)).toBe(true);
    await table.flush();
    expect(await places()).toEqual(before);
  });

  it("holds the last of several changes", async () => {
    const table = open();
    await table.register("pod-a", [connection("c1", "s1"), connection("c2", "s1"), connection("c2", "s1")]);
    await table.deregister("pod-a", [connection("c1", "s1")]);
    await table.deregister("pod-a", [connection("c3", "s1")]);
    await table.register("pod-a", [connection("c3", "s1")]);
    await table.flush();
    expect(await rows()).toEqual(["pod-a c2 s1", "pod-a c3 s1"]);
  });

  it("gets back at a renewal what it lacks, and loses what nobody renews", async () => {
    const table = open({ staleMs: 400 });
    await table.renew("pod-a", [connection("c1", "s1"), connection("orphan", "s1")]);
    await sleep(300);
    await table.renew("pod-a", [connection("c1", "s1"), connection("c2", "s2")]);
    await vi.waitFor(async () => {
      await table.renew("pod-a", [connection("c1", "s1"), connection("c2", "s2")]);
      // The pod lives, so it is not named.
      expect(await table.sweep()).toEqual([]);
      expect(await rows()).toEqual(["pod-a c1 s1", "pod-a c2 s2"]);
    });
  });

  it("forgets pods that are known to be gone", async () => {
    const table = open();
    await table.renew("pod-a", [connection("a1", "s1")]);
    await table.renew("pod-b", [connection("b1", "s1")]);
    await table.renew("pod-c", [connection("c1", "s1")]);
    await table.forgetPods(["pod-a", "pod-c", "pod-d"]);
    await table.forgetPods([]);
    expect(await rows()).toEqual(["pod-b b1 s1"]);
  });

  it("writes what is left when it is closed, and takes nothing more", async () => {
    const table = open();
    await table.register("pod-a", [connection("c1", "s1")]);
    await table.close();
    expect(await rows()).toEqual(["pod-a c1 s1"]);
    await table.register("pod-a", [connection("c2", "s1")]);
    await table.flush();
    expect(await rows()).toEqual(["pod-a c1 s1"]);
  });

  it("says whose a connection is, from where and by what program", async () => {
    const table = open();
    const caller = { address: "2001:db8::7", user_agent: "Browser/1 (ü)" };
    await table.register("pod-a", [{ ...connection("c1", "s1"), caller }, connection("c2", "s1")]);
    await table.renew("pod-a", [{ ...connection("c3", "s1"), caller }]);
    await table.flush();
    await table.renew("pod-a", [{ ...connection("c1", "s1"), caller }]);
    const stored = await sql`
      select connection_id, user_id, address, user_agent from active_connections order by 1`.execute(store.database);
    const known = { user_id: "u", ...caller };
    const unknown = { user_id: "u", address: null, user_agent: null };
    expect(stored.rows).toEqual([
      { connection_id: "c1", ...known },
      { connection_id: "c2", ...unknown },
      { connection_id: "c3", ...known },
    ]);
  });

  it("leaves out sessions that are gone, and keeps the rest of the batch", async () => {
    const table = open();
    await table.register("pod-a", [connection("c1", "gone"), connection("c2", "s1"), connection("c3", "gone too")]);
    await table.flush();
    await table.renew("pod-a", [connection("c4", "gone"), connection("c5", "s1")]);
    await table.close();
    expect(failures).toEqual([]);
    expect(await rows()).toEqual(["pod-a c2 s1", "pod-a c5 s1"]);
  });

  it("loses the connections of a session and of a user with them", async () => {
    await sql`insert into users (id, name, email) values ('v', 'v', 'v@x'), ('w', 'w', 'w@x')`.execute(store.database);
    await sql`
      insert into chat_sessions (session_id, user_id) values ('v1', 'v'), ('v2', 'v'), ('w1', 'w')`.execute(
      store.database,
    );
    const table = open();
    await table.register("pod-a", [connection("c1", "v1"), connection("c2", "v2"), connection("c3", "w1")]);
    await table.flush();
    await sql`delete from chat_sessions where session_id = 'v1'`.execute(store.database);
    expect(await rows()).toEqual(["pod-a c2 v2", "pod-a c3 w1"]);
    await sql`delete from users where id = 'w'`.execute(store.database);
    expect(await rows()).toEqual(["pod-a c2 v2"]);
  });

  it("is written while a turn has the session locked", async () => {
    const table = open();
    await store.database.transaction().execute(async (turn) => {
      expect(await lockedSession(turn, "s1")).toMatchObject({ user_id: "u" });
      await table.register("pod-a", [connection("c1", "s1")]);
      await table.flush();
      expect(await rows()).toEqual(["pod-a c1 s1"]);
      // As the release before did it, which names no user.
      await sql`
        insert into active_connections (connection_id, session_id, pod_id) values ('c2', 's1', 'pod-b')`.execute(
        store.database,
      );
      expect(await rows()).toEqual(["pod-a c1 s1", "pod-b c2 s1"]);
    });
  });

  it("does not wait for a session that is being deleted, and stores its connections later where it was not", async () => {
    const table = open({ flushIntervalMs: 20 });
    await store.database.transaction().execute(async (deletion) => {
      await sql`select from chat_sessions where session_id = 's1' for update`.execute(deletion);
      await table.register("pod-a", [connection("c1", "s1"), connection("c2", "s2")]);
      await table.renew("pod-a", [connection("c3", "s1"), connection("c4", "s2")]);
      await table.flush();
      expect(await rows()).toEqual(["pod-a c2 s2", "pod-a c4 s2"]);
      // What ended meanwhile does not come back.
      await table.deregister("pod-a", [connection("c3", "s1")]);
    });
    await vi.waitFor(async () => expect(await rows()).toEqual(["pod-a c1 s1", "pod-a c2 s2", "pod-a c4 s2"]));
    expect(failures).toEqual([]);
  });

  it("takes what pods of the release before store, whatever sessions their readers show", async () => {
    await sql`
      insert into active_connections (connection_id, session_id, pod_id)
      select * from unnest(array['c1', 'c2', 'c3'], array['s1', 'gone', 's2'], array['old', 'old', 'old'])
      on conflict (connection_id, session_id) do update set pod_id = excluded.pod_id, last_seen_at = now()`.execute(
      store.database,
    );
    expect(await rows()).toEqual(["old c1 s1", "old c3 s2"]);
    const owners = await sql`select distinct user_id from active_connections`.execute(store.database);
    expect(owners.rows).toEqual([{ user_id: "u" }]);
  });

  it("is written by many at once, without a deadlock", async () => {
    const pods = ["pod-a", "pod-b", "pod-c", "pod-d"];
    await Promise.all(
      pods.map(async (podId) => {
        const table = open({ rowsAtOnce: 100, staleMs: 5 });
        const some = Array.from({ length: 300 }, (_, index) => connection(`${podId}${index}`, `s${index % 7}`));
        for (let round = 0; round < 10; round++) {
          await Promise.all([table.renew(podId, some), table.register(podId, some), table.flush()]);
          await table.deregister(podId, some.slice(0, 100));
          await Promise.all([table.flush(), table.sweep()]);
        }
      }),
    );
    expect(failures).toEqual([]);
  });
});

describe("the table of connections while the database is away", () => {
  const many = Array.from({ length: 8 }, (_, index) => connection(`c${index}`, "s1"));
  const silent = { info: () => {}, warn: () => {} };

  it("keeps the newest changes for later, and never throws at who registers", async () => {
    const dataFolder = path.join(temporaryFolder(), "data");
    const start = () => startEmbeddedPostgres({ dataFolder, log: silent, durable: false });
    let server = await start();
    const store = await openStore(server.connection);
    await makeSessions(store, 10);
    const failures: unknown[] = [];
    const failed = (error: unknown) => failures.push(error);
    const table = new PostgresConnectionTable(store.database, { flushIntervalMs: 20, mostBuffered: 5, failed });
    try {
      await server.stop();
      await table.register("pod-a", many);
      expect(failures).toMatchObject([{ message: expect.stringContaining("3 changes") }]);
      await vi.waitFor(() => expect(failures.length).toBeGreaterThan(3));
      await expect(table.find(["s1"])).rejects.toThrow();
      await expect(table.renew("pod-a", many)).rejects.toThrow();
      server = await start();
      await vi.waitFor(async () => expect((await table.find(["s1"])).get("s1")?.size).toBe(1));
      const { rows } = await sql<{ id: string }>`select connection_id as id from active_connections order by 1`.execute(
        store.database,
      );
      expect(rows.map(({ id }) => id)).toEqual(["c3", "c4", "c5", "c6", "c7"]);
    } finally {
      await table.close();
      await store.close();
      await server.stop();
    }
  });

  it("gives up what the database refuses as such", async () => {
    const server = await startPackagedServer();
    const store = await openStore(server.connection);
    await makeSessions(store, 10);
    const failures: unknown[] = [];
    const failed = (error: unknown) => failures.push(error);
    const table = new PostgresConnectionTable(store.database, { flushIntervalMs: 60_000, failed });
    try {
      await sql`alter table active_connections add constraint wanted check (pod_id <> 'pod-bad')`.execute(
        store.database,
      );
      await table.register("pod-bad", many);
      await table.flush();
      expect(failures).toHaveLength(1);
      await table.register("pod-a", many);
      await table.flush();
      expect(failures).toHaveLength(1);
      expect([...(await table.find(["s1"])).get("s1")!]).toEqual(["pod-a"]);
    } finally {
      await table.close();
      await store.close();
      await server.stop();
    }
  });
});
