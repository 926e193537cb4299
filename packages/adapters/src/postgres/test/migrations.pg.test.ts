import type { Kysely } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ConnectionSettings } from "../embedded/index.ts";
import { MigrationError } from "../store/index.ts";
import { type MigrationSteps, migrate, steps } from "../store/migrations.ts";
import { openDatabase } from "../store/pool.ts";
import type { Database } from "../store/schema.ts";
import { newDatabase, startPackagedServer, type TestServer, withClient } from "./database.ts";

let server: TestServer;
const opened: Kysely<Database>[] = [];

beforeAll(async () => {
  server = await startPackagedServer();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((database) => database.destroy()));
});
afterAll(() => server.stop());

function open(connection: ConnectionSettings): Kysely<Database> {
  const { database } = openDatabase({ connection, connections: 2, connectionLost: () => {} });
  opened.push(database);
  return database;
}

async function tablesOf(connection: ConnectionSettings): Promise<string[]> {
  const query = "select table_name from information_schema.tables where table_schema = 'public' order by 1";
  return withClient(connection, async (client) => (await client.query(query)).rows.map((row) => row.table_name));
}

const some: MigrationSteps = { "0001_a": ["create table a (id integer)"], "0002_b": ["create table b (id integer)"] };

describe("migrations", () => {
  it("make all tables, and do nothing the second time", async () => {
    const connection = await newDatabase(server);
    const database = open(connection);
    await migrate(database);
    const tables = await tablesOf(connection);
    expect(tables).toEqual(expect.arrayContaining(["users", "chat_sessions", "messages", "workflow_jobs"]));
    expect(tables).toEqual(expect.arrayContaining(["active_connections", "idempotency_keys", "auth_sessions"]));
    expect(tables).toContain("model_catalogue");
    await migrate(database);
    expect(await tablesOf(connection)).toEqual(tables);
  });

  it("run once when several processes start at the same time", async () => {
    for (let round = 0; round < 3; round++) {
      const connection = await newDatabase(server);
      await Promise.all(Array.from({ length: 6 }, () => migrate(open(connection))));
      const history = await withClient(connection, (client) =>
        client.query("select name from schema_history order by 1"),
      );
      expect(history.rows.map((row) => row.name)).toEqual(Object.keys(steps));
    }
  });

  it("add what services need to a database that has rows", async () => {
    const connection = await newDatabase(server);
    const earlier = Object.fromEntries(Object.entries(steps).slice(0, 2));
    await migrate(open(connection), earlier);
    await withClient(connection, async (client) => {
      await client.query("insert into users (id, name, email) values ('u', 'u', 'u@x')");
      await client.query("insert into chat_sessions (session_id, user_id) values ('s', 'u')");
      await client.query(
        "insert into messages (message_id, session_id, role, status) values ('m', 's', 'assistant', 'queued')",
      );
      await client.query(
        "insert into workflow_jobs (job_id, message_id, session_id, user_id) values ('j', 'm', 's', 'u')",
      );
    });
    await migrate(open(connection));
    const jobs = await withClient(connection, (client) => client.query("select job_id, plain from workflow_jobs"));
    expect(jobs.rows).toEqual([{ job_id: "j", plain: false }]);
    const sessions = await withClient(connection, (client) =>
      client.query("select pinned, search_due from chat_sessions"),
    );
    expect(sessions.rows).toEqual([{ pinned: false, search_due: true }]);
  });

  it("give the connections that are open their users, and drop those of sessions that are gone", async () => {
    const connection = await newDatabase(server);
    const names = Object.keys(steps);
    const before = names.slice(0, names.indexOf("0012_connection_owners"));
    await migrate(open(connection), Object.fromEntries(before.map((name) => [name, steps[name]!])));
    const rows = await withClient(connection, async (client) => {
      await client.query("insert into users (id, name, email) values ('u', 'u', 'u@x')");
      await client.query("insert into chat_sessions (session_id, user_id) values ('s', 'u')");
      await client.query(
        "insert into active_connections (connection_id, session_id, pod_id) values ('c', 's', 'p'), ('d', 'gone', 'p')",
      );
      await migrate(open(connection));
      return (await client.query("select connection_id, user_id, address, user_agent from active_connections")).rows;
    });
    expect(rows).toEqual([{ connection_id: "c", user_id: "u", address: null, user_agent: null }]);
  });

  it("are refused when a step was changed after it had run, before anything else is done", async () => {
    const connection = await newDatabase(server);
    await migrate(open(connection), some);
    const changed = { ...some, "0001_a": ["create table a (id bigint)"], "0003_c": ["create table c (id integer)"] };
    const refusal = await migrate(open(connection), changed).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(MigrationError);
    expect(refusal).toMatchObject({ message: expect.stringContaining("0001_a") });
    expect(await tablesOf(connection)).not.toContain("c");
  });

  it("are refused when the database has a step this program does not know", async () => {
    const connection = await newDatabase(server);
    await migrate(open(connection), some);
    const older = { "0001_a": some["0001_a"]! };
    const refusal = await migrate(open(connection), older).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(MigrationError);
    expect(refusal).toMatchObject({ message: expect.stringMatching(/newer version.*0002_b/) });
  });

  it("leave nothing behind when a step fails, and can be run again", async () => {
    const connection = await newDatabase(server);
    const failing = { ...some, "0002_b": ["create table b (id integer)", "create table b (id integer)"] };
    await expect(migrate(open(connection), failing)).rejects.toBeInstanceOf(MigrationError);
    expect(await tablesOf(connection)).not.toContain("b");
    await migrate(open(connection), some);
    expect(await tablesOf(connection)).toEqual(expect.arrayContaining(["a", "b"]));
  });

  it("say that the database cannot be reached as such, not as a fault of the tables", async () => {
    const database = open({ ...server.connection, host: "/nonexistent" });
    await expect(migrate(database)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
