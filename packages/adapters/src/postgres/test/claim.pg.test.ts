import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { claimDatabase, type DatabaseClaim, DatabaseClaimedError } from "../claim.ts";
import type { ConnectionSettings } from "../embedded/index.ts";
import { newDatabase, startPackagedServer, type TestServer, withClient } from "./database.ts";

let server: TestServer;
const held: DatabaseClaim[] = [];
const processes: ChildProcess[] = [];

beforeAll(async () => {
  server = await startPackagedServer();
});
afterEach(async () => {
  for (const child of processes.splice(0)) child.kill("SIGKILL");
  await Promise.all(held.splice(0).map((claim) => claim.release()));
});
afterAll(() => server.stop());

type Heard = { readonly waiting: string[]; readonly taken: DatabaseClaimedError[] };
const nothingHeard = (): Heard => ({ waiting: [], taken: [] });

async function claim(connection: ConnectionSettings, heard = nothingHeard(), waitMs = 60_000): Promise<DatabaseClaim> {
  const taken = await claimDatabase({
    ...{ connection, waitMs },
    waiting: (sentence) => heard.waiting.push(sentence),
    taken: (error) => heard.taken.push(error),
  });
  held.push(taken);
  return taken;
}

/** Another process that claims it; `lines` is what it has said. */
function elsewhere(connection: ConnectionSettings): { child: ChildProcess; lines: string[] } {
  const script = fileURLToPath(new URL("./claim-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(connection)], { stdio: ["ignore", "pipe", "inherit"] });
  processes.push(child);
  const lines: string[] = [];
  child.stdout!.setEncoding("utf8").on("data", (text: string) => lines.push(...text.trimEnd().split("\n")));
  return { child, lines };
}

const until = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 20_000, interval: 20 });
/** Ends the connections that hold or wait for the lock, as a network or a restart of the server would. */
const cutOff = (connection: ConnectionSettings) =>
  withClient(connection, (client) =>
    client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'the instance on %'",
    ),
  );

/** Processes of the server whose connections hold the lock. */
const holders = (connection: ConnectionSettings) =>
  withClient(connection, async (client) => {
    const { rows } = await client.query("select pid from pg_locks where locktype = 'advisory' and granted");
    return rows.map(({ pid }) => pid as number);
  });

describe("a claim on a database", () => {
  it("is one instance's at a time: a second says whom it waits for, and refuses in one sentence", async () => {
    const connection = await newDatabase(server);
    const first = elsewhere(connection);
    await until(() => expect(first.lines).toEqual(["claimed"]));
    const heard = nothingHeard();
    const refusal = await claim(connection, heard, 300).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(DatabaseClaimedError);
    const holder = new RegExp(
      `^The database .*/test_\\w+ is in use by the instance on .*, process ${first.child.pid};.*\\.$`,
    );
    expect(heard.waiting).toEqual([expect.stringMatching(holder)]);
    expect((refusal as Error).message).toMatch(holder);
  });

  it("is handed over when its holder stops, and when it is killed; another database is another's", async () => {
    const [connection, other] = [await newDatabase(server), await newDatabase(server)];
    await claim(other);
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const first = elsewhere(connection);
      await until(() => expect(first.lines).toEqual(["claimed"]));
      const heard = nothingHeard();
      const second = claim(connection, heard);
      await until(() => expect(heard.waiting).toHaveLength(1));
      first.child.kill(signal);
      await (await second).release();
      expect(heard.taken).toEqual([]);
    }
  });

  it("is taken again after a broken connection, so that others still wait", async () => {
    const connection = await newDatabase(server);
    const heard = nothingHeard();
    await claim(connection, heard);
    for (let round = 0; round < 3; round++) {
      const before = await holders(connection);
      await cutOff(connection);
      await until(async () => {
        const now = await holders(connection);
        expect(now).toHaveLength(1);
        expect(now).not.toEqual(before);
      });
      await expect(claim(connection, nothingHeard(), 0)).rejects.toThrow(DatabaseClaimedError);
    }
    expect(heard.taken).toEqual([]);
  });

  it("that another took meanwhile is lost for good, and its holder hears of it once", async () => {
    const connection = await newDatabase(server);
    const heard = nothingHeard();
    await claim(connection, heard);
    // The lock goes to this session while the other's connection is cut off.
    await withClient({ ...connection, application_name: "the thief" } as ConnectionSettings, async (thief) => {
      await thief.query("begin");
      const waiting = thief.query("select pg_advisory_lock(7235419906142)");
      await cutOff(connection);
      await waiting;
      await until(() => expect(heard.taken).toEqual([expect.any(DatabaseClaimedError)]));
      expect(heard.taken[0]?.message).toContain("the thief");
    });
    await claim(connection);
    expect(heard.taken).toHaveLength(1);
  });
});
