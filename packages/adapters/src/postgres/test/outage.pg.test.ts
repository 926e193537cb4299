import path from "node:path";
import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../embedded/index.ts";
import { GuardedPool } from "../store/guarded-pool.ts";
import { isDatabaseUnavailable, type PostgresStore } from "../store/index.ts";
import { openStore, startPackagedServer, type TestServer, withClient } from "./database.ts";
import { temporaryFolder } from "./folders.ts";

const silent = { info: () => {}, warn: () => {} };
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startIn(dataFolder: string): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataFolder, log: silent });
  closers.push(() => server.stop());
  return server;
}

/** Asks again and again until it works; everything thrown meanwhile. */
async function untilItWorks(store: PostgresStore, limitMs: number): Promise<unknown[]> {
  const thrown: unknown[] = [];
  for (const untilMs = Date.now() + limitMs; ; ) {
    try {
      await store.ledger.load("msg_none");
      return thrown;
    } catch (error) {
      thrown.push(error);
      if (Date.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

describe("while the database is away", () => {
  it("calls fail in a way that tells so, and work again once it is back", async () => {
    const folder = path.join(temporaryFolder(), "data");
    const first = await startIn(folder);
    const lost: Error[] = [];
    const store = await openStore(first.connection, (error) => lost.push(error));
    closers.push(() => store.close());
    await Promise.all(Array.from({ length: 5 }, () => store.ledger.load("msg_none")));
    await first.stop();
    const errors = await Promise.all(
      Array.from({ length: 5 }, () => store.ledger.load("msg_none").catch((error) => error)),
    );
    for (const error of errors) expect(isDatabaseUnavailable(error), String(error)).toBe(true);
    expect(lost.length).toBeGreaterThan(0);
    // What a log would make of it names nothing that the connection was set up with.
    expect(JSON.stringify(lost.map((error) => ({ ...error })))).not.toContain("connectionParameters");
    await startIn(folder);
    const thrown = await untilItWorks(store, 5_000);
    expect(thrown.filter((error) => !isDatabaseUnavailable(error))).toEqual([]);
  });

  it("a killed server costs errors that tell so, and nothing else", async () => {
    const server = await startIn(path.join(temporaryFolder(), "data"));
    const store = await openStore(server.connection);
    closers.push(() => store.close());
    await store.conversations.users.ensure("u");
    const asking = Array.from({ length: 8 }, async () => {
      const thrown: unknown[] = [];
      for (let index = 0; index < 200; index++) {
        await store.conversations.sessions.create("u", null).catch((error: unknown) => thrown.push(error));
      }
      return thrown;
    });
    process.kill(server.processIds()[0]!, "SIGKILL");
    const thrown = (await Promise.all(asking)).flat();
    expect(thrown.filter((error) => !isDatabaseUnavailable(error))).toEqual([]);
    await untilItWorks(store, 15_000);
  });

  it("tells it apart from a refused row", () => {
    const refused = Object.assign(new Error("null value"), { code: "23502" });
    expect([refused, new TypeError("x"), "text", null].map(isDatabaseUnavailable)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("the edge of the store", () => {
  let server: TestServer;

  async function open(settings: pg.PoolConfig): Promise<Kysely<unknown>> {
    server = await startPackagedServer();
    closers.push(() => server.stop());
    const pool = new pg.Pool({ ...server.connection, max: 1, ...settings });
    pool.on("error", () => {});
    const database = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new GuardedPool(pool) }) });
    closers.push(() => database.destroy());
    return database;
  }

  it("throws away a connection whose answer is overdue", async () => {
    const database = await open({ query_timeout: 200 });
    await sql`select 1`.execute(database);
    const error = await sql`select pg_sleep(5)`.execute(database).catch((thrown: unknown) => thrown);
    expect(isDatabaseUnavailable(error)).toBe(true);
    const startedMs = Date.now();
    await sql`select 1`.execute(database);
    expect(Date.now() - startedMs).toBeLessThan(2_000);
  });

  it("survives a table changed under its prepared statements", async () => {
    const database = await open({});
    await withClient(server.connection, (client) => client.query("create table things as select 1 as number"));
    const read = () => sql`select * from things`.execute(database).then((result) => result.rows);
    for (let index = 0; index < 5; index++) expect(await read()).toEqual([{ number: 1 }]);
    const prepared = await sql`select count(*)::int as count from pg_prepared_statements`.execute(database);
    expect(prepared.rows).toEqual([{ count: 1 }]);
    await withClient(server.connection, (client) => client.query("alter table things add column name text"));
    expect(await read()).toEqual([{ number: 1, name: null }]);
    expect(await read()).toEqual([{ number: 1, name: null }]);
  });

  it("tells a transaction that met a changed table that it may be tried again", async () => {
    const database = await open({});
    await withClient(server.connection, (client) => client.query("create table things as select 1 as number"));
    const read = () => database.transaction().execute((open) => sql`select * from things`.execute(open));
    for (let index = 0; index < 5; index++) await read();
    await withClient(server.connection, (client) => client.query("alter table things add column name text"));
    const error = await read().catch((thrown: unknown) => thrown);
    expect(isDatabaseUnavailable(error)).toBe(true);
    expect((await read()).rows).toEqual([{ number: 1, name: null }]);
  });

  it("replaces U+0000 in every parameter, lists as well", async () => {
    const database = await open({});
    const { rows } = await sql`select ${"a\u0000"}::text as text, ${["b\u0000"]}::text[] as texts`.execute(database);
    expect(rows).toEqual([{ text: "a\ufffd", texts: ["b\ufffd"] }]);
  });
});
