import { type ChildProcess, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import {
  type ConnectionSettings,
  EmbeddedDatabaseError,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from "../embedded/index.ts";
import { EmbeddedElsewhere } from "./embedded-elsewhere.ts";
import { temporaryFolder } from "./folders.ts";

const isRoot = process.getuid?.() === 0;
const lines: string[] = [];
const log = { info: (line: string) => lines.push(line), warn: (line: string) => lines.push(line) };
const running: EmbeddedPostgres[] = [];

async function start(dataFolder: string, options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const database = await startEmbeddedPostgres({ dataFolder, log, durable: false, ...options });
  running.push(database);
  return database;
}

async function query(connection: ConnectionSettings, text: string): Promise<unknown[]> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return (await client.query({ text, rowMode: "array" })).rows.flat();
  } finally {
    await client.end();
  }
}

async function until(condition: () => boolean | Promise<boolean>, limitMs: number): Promise<void> {
  const untilMs = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > untilMs) throw new Error(`not so within ${limitMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** A process of its own that starts the database and then does nothing. */
async function startElsewhere(dataFolder: string): Promise<{ child: ChildProcess; processIds: readonly number[] }> {
  const elsewhere = new EmbeddedElsewhere({ dataFolder });
  return { child: elsewhere.child, processIds: (await elsewhere.started()).processIds };
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((database) => database.stop()));
  lines.length = 0;
});

describe("the embedded database", () => {
  it("starts in an empty folder, takes UTF-8, and keeps its data over a restart", async () => {
    const folder = path.join(temporaryFolder(), "deep", "data");
    const first = await start(folder, { durable: true });
    expect(fs.readdirSync(folder).sort()).toEqual(["cluster", "database-password", "instance.lock", "socket"]);
    await query(first.connection, "create table kept (text text)");
    await query(first.connection, "insert into kept values ('räksmörgås 🦐')");
    expect(await query(first.connection, "show fsync")).toEqual(["on"]);
    expect(await query(first.connection, "show server_encoding")).toEqual(["UTF8"]);
    await first.stop();
    await first.stop();
    expect(first.processIds()).toEqual([]);
    const second = await start(folder, { durable: true });
    expect(await query(second.connection, "select text from kept")).toEqual(["räksmörgås 🦐"]);
    expect(lines).toEqual([]);
  });

  it("lets nobody in without the password, which others cannot read, and listens to no network", async () => {
    const dataFolder = path.join(temporaryFolder(), "data");
    const { connection } = await start(dataFolder);
    await expect(query({ ...connection, password: "wrong" }, "select 1")).rejects.toThrow(/password/);
    await expect(query({ ...connection, user: "nobody" }, "select 1")).rejects.toThrow(/password/);
    expect(await query(connection, "show listen_addresses")).toEqual([""]);
    expect(fs.statSync(path.join(dataFolder, "database-password")).mode & 0o777).toBe(0o600);
    expect(fs.statSync(path.join(dataFolder, "cluster")).mode & 0o077).toBe(0);
    expect(fs.statSync(connection.host).mode & 0o077).toBe(0);
  });

  it("is not started twice in one folder, and says who has it", async () => {
    const folder = path.join(temporaryFolder(), "data");
    await start(folder);
    const refusal = await start(folder).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(EmbeddedDatabaseError);
    expect(refusal).toMatchObject({ reason: "in_use", message: expect.stringContaining(`process ${process.pid};`) });
  });

  it("puts its socket into a short folder when the data folder's path is long", async () => {
    const folder = path.join(temporaryFolder(), "long".repeat(12), "longer".repeat(10));
    const database = await start(folder);
    expect(Buffer.byteLength(database.connection.host)).toBeLessThan(80);
    expect(await query(database.connection, "select 1")).toEqual([1]);
    await database.stop();
    expect(fs.existsSync(database.connection.host)).toBe(false);
  });

  it("starts the server again when it dies", async () => {
    const { connection, processIds } = await start(path.join(temporaryFolder(), "data"), { durable: true });
    await query(connection, "create table kept as select 1 as number");
    const [serverPid] = processIds();
    process.kill(serverPid!, "SIGKILL");
    await until(() => processIds().length > 0 && processIds()[0] !== serverPid, 15_000);
    expect(await query(connection, "select number from kept")).toEqual([1]);
    expect(lines).toContainEqual(expect.stringContaining("ended unexpectedly"));
  });
});

describe("after a killed run", () => {
  it("the server ends by itself and the next start takes the folder over", async () => {
    const folder = path.join(temporaryFolder(), "data");
    const { child, processIds } = await startElsewhere(folder);
    const refusal = await start(folder).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ reason: "in_use", message: expect.stringContaining(`process ${child.pid};`) });
    child.kill("SIGKILL");
    await until(() => processIds.every((pid) => !isRunning(pid)), 10_000);
    const database = await start(folder);
    expect(await query(database.connection, "select 1")).toEqual([1]);
  });

  it("a server that did not end is stopped first", async () => {
    const folder = path.join(temporaryFolder(), "data");
    const { child, processIds } = await startElsewhere(folder);
    const [serverPid, watchdogPid] = processIds;
    process.kill(watchdogPid!, "SIGKILL");
    child.kill("SIGKILL");
    await until(() => !isRunning(child.pid!), 5_000);
    expect(isRunning(serverPid!)).toBe(true);
    const database = await start(folder);
    expect(isRunning(serverPid!)).toBe(false);
    expect(await query(database.connection, "select 1")).toEqual([1]);
    expect(lines).toContainEqual(expect.stringContaining("left over"));
  });

  it("a note that names another program's process is ignored", async () => {
    const folder = path.join(temporaryFolder(), "data");
    const database = await start(folder);
    await database.stop();
    const note = [process.pid, path.join(folder, "cluster"), 1, 5432, "", "", "0 0", "ready"].join("\n");
    fs.writeFileSync(path.join(folder, "cluster", "postmaster.pid"), note);
    expect(await query((await start(folder)).connection, "select 1")).toEqual([1]);
  });

  it("a first start that was cut off begins anew", async () => {
    const folder = path.join(temporaryFolder(), "data");
    fs.mkdirSync(path.join(folder, "unfinished-1", "cluster"), { recursive: true });
    fs.writeFileSync(path.join(folder, "database-password"), "half");
    expect(await query((await start(folder)).connection, "select 1")).toEqual([1]);
    expect(fs.readdirSync(folder).filter((name) => name.startsWith("unfinished"))).toEqual([]);
  });
});

describe("folders", () => {
  it("one that cannot be created is named", async () => {
    const file = path.join(temporaryFolder(), "file");
    fs.writeFileSync(file, "");
    for (const folder of [path.join(file, "data"), file]) {
      const refusal = await start(folder).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ reason: "not_writable", message: expect.stringContaining(folder) });
    }
  });

  it.runIf(!isRoot)("one that is read-only (nothing is for root) is named", async () => {
    const folder = temporaryFolder();
    fs.chmodSync(folder, 0o500);
    const refusal = await start(path.join(folder, "data")).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ reason: "not_writable" });
  });

  it("one of another major version is refused and left alone", async () => {
    const folder = path.join(temporaryFolder(), "data");
    await (await start(folder)).stop();
    fs.writeFileSync(path.join(folder, "cluster", "PG_VERSION"), "17\n");
    const refusal = await start(folder).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ reason: "wrong_version", message: expect.stringContaining("17") });
  });

  it("a full disk is named, and nothing half-made is left", async (context) => {
    const folder = temporaryFolder();
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m,mode=755", "tmpfs", folder]);
    if (mounted.status !== 0) context.skip("a small file system can be mounted by a privileged root alone");
    try {
      const refusal = await start(path.join(folder, "data")).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ reason: "disk_full", message: expect.stringContaining(folder) });
      expect(fs.readdirSync(path.join(folder, "data"))).toEqual(["database-password"]);
    } finally {
      spawnSync("umount", [folder]);
    }
  });
});
