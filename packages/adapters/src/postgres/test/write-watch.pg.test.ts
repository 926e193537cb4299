import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isDatabaseUnavailable, type PostgresStore } from "../store/index.ts";
import { openStore, startPackagedServer, type TestServer, withClient } from "./database.ts";

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

async function setReadOnly(value: "on" | "off"): Promise<void> {
  await withClient(server.connection, async (client) => {
    // The session that changes it may be read-only itself, which `alter system` does not mind.
    await client.query(`alter system set default_transaction_read_only = ${value}`);
    await client.query("select pg_reload_conf()");
  });
}

describe("a real server", () => {
  it("made read-only is noticed without a write, refuses writes in a way that tells so, and is noticed when it is not", async () => {
    expect(store.trouble()).toBeNull();
    await setReadOnly("on");
    await expect.poll(() => store.trouble(), { timeout: 15_000 }).toBe("read_only");
    const error = await store.conversations.users.ensure("somebody").catch((thrown: unknown) => thrown);
    expect(isDatabaseUnavailable(error), String(error)).toBe(true);
    expect(await store.ledger.load("msg_none")).toBeNull();
    await setReadOnly("off");
    await expect.poll(() => store.trouble(), { timeout: 15_000 }).toBeNull();
    await store.conversations.users.ensure("somebody");
  });

  it("that refuses a statement for want of room is full from then until it gives room, and nothing is left of the trial", async () => {
    const full = "create function full_disk() returns trigger language plpgsql as $$ begin raise disk_full; end $$";
    await withClient(server.connection, async (client) => {
      await client.query(full);
      await client.query("create trigger full_disk before insert on users execute function full_disk()");
    });
    const error = await store.conversations.users.ensure("another").catch((thrown: unknown) => thrown);
    expect(isDatabaseUnavailable(error), String(error)).toBe(true);
    expect(store.trouble()).toBe("full");
    await expect.poll(() => store.trouble(), { timeout: 15_000 }).toBeNull();
    const { rows } = await withClient(server.connection, (client) =>
      client.query("select 1 from pg_class where relname = 'write_probe'"),
    );
    expect(rows).toEqual([]);
  });
});
