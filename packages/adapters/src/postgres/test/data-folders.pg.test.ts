import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { packagedBinaries, reachableBinaries } from "../embedded/binaries.ts";
import { type ServerAccount, serverAccount } from "../embedded/server-account.ts";
import { placeInStateFolder } from "../embedded/state-folder.ts";
import { EmbeddedElsewhere, type EmbeddedProcessOptions, type Started } from "./embedded-elsewhere.ts";
import { temporaryFolder } from "./folders.ts";

const isRoot = process.getuid?.() === 0;
/** Two accounts of the machine that are not root and not the server's; `initdb` wants them to have a name. */
const [ann, bob] = ["daemon", "bin"].map(accountOf) as [ServerAccount, ServerAccount];
const running: EmbeddedElsewhere[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((database) => database.stop()));
});

/** Each run is a process of its own; the programs lie where every account reaches them. */
function begin(dataFolder: string, given: Partial<EmbeddedProcessOptions> = {}): EmbeddedElsewhere {
  const open = reachableBinaries(packagedBinaries(), isRoot ? ann : null, path.join(cache, "programs"));
  const database = new EmbeddedElsewhere({
    dataFolder,
    binaries: open,
    stateFolder: path.join(cache, "state"),
    ...given,
  });
  running.push(database);
  return database;
}
const cache = temporaryFolder();

function accountOf(name: string): ServerAccount {
  const entry = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, "m").exec(fs.readFileSync("/etc/passwd", "utf8"));
  return { uid: Number(entry?.[1]), gid: Number(entry?.[2]) };
}

function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function withDatabase(
  dataFolder: string,
  given: Partial<EmbeddedProcessOptions>,
  task: (started: Started) => Promise<unknown>,
): Promise<void> {
  const database = begin(dataFolder, given);
  await task(await database.started());
  await database.stop();
}

async function query({ connection }: Started, text: string): Promise<unknown[]> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return (await client.query({ text, rowMode: "array" })).rows.flat();
  } finally {
    await client.end();
  }
}

const write = (started: Started) => query(started, "create table kept as select 'the chats' as text");
const expectChats = async (started: Started) =>
  expect(await query(started, "select text from kept")).toEqual(["the chats"]);

/** It says why not, in one sentence. */
async function expectRefusal(database: EmbeddedElsewhere, sentence: RegExp): Promise<void> {
  const said = await database.said;
  expect(said).toEqual({ refusal: expect.stringMatching(sentence) });
  expect((said as { refusal: string }).refusal).toMatch(/^[A-Z][^\n]*\.$/);
}

/** A folder in which an account may make its data folder; `closed` to everybody else. */
function home(owner: ServerAccount | null, mode = 0o755): string {
  const folder = path.join(temporaryFolder(), "home");
  fs.mkdirSync(folder);
  fs.chmodSync(folder, mode);
  if (owner !== null) fs.chownSync(folder, owner.uid, owner.gid);
  return folder;
}

const copy = (from: string, to: string, option = "-a") =>
  expect(spawnSync("cp", [option, from, to], { encoding: "utf8" })).toMatchObject({ status: 0 });
const clusters = (folder: string) =>
  fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("PG_VERSION") && !name.includes("base"));

describe.runIf(isRoot)("the data folder, by who starts it and where it lies", () => {
  const starters = [
    { who: "root", account: null, mode: 0o755 },
    { who: "root, below a folder closed to the server's account", account: null, mode: 0o700 },
    { who: "somebody", account: ann, mode: 0o755 },
    { who: "somebody, in a home closed to others", account: ann, mode: 0o700 },
  ];
  describe.each(starters)("$who", ({ account, mode }) => {
    const as = account === null ? {} : { account };

    it("a new one holds the whole database; copied or moved it has the chats, and nothing is elsewhere", async () => {
      const place = home(account, mode);
      const [data, copied, moved] = ["data", "copied", "moved"].map((name) => path.join(place, name));
      await withDatabase(data!, as, write);
      expect(clusters(place)).toEqual([path.join("data", "cluster", "PG_VERSION")]);
      expect(fs.existsSync(path.join(cache, "state"))).toBe(false);
      copy(data!, copied!);
      await withDatabase(copied!, as, expectChats);
      fs.renameSync(data!, moved!);
      await withDatabase(moved!, as, expectChats);
      // The two are independent from now on.
      await withDatabase(copied!, as, (started) => query(started, "update kept set text = 'changed'"));
      await withDatabase(moved!, as, expectChats);
    });

    it("one that root copied without owners and rights is used by root, and told to others", async () => {
      const place = home(account, mode);
      const [data, copied] = ["data", "copied"].map((name) => path.join(place, name));
      await withDatabase(data!, as, write);
      copy(data!, copied!, "-r");
      fs.chmodSync(path.join(copied!, "cluster"), 0o755);
      if (account === null) return withDatabase(copied!, as, expectChats);
      await expectRefusal(begin(copied!, as), /cannot be created or written to/);
      fs.chownSync(copied!, account.uid, account.gid);
      await expectRefusal(begin(copied!, as), /belongs to the account 0 and this runs as \d+.*chown/);
      await withDatabase(copied!, {}, expectChats);
    });

    it("one of somebody else is used by root, who leaves it theirs, and refused to others", async () => {
      const [theirs, data] = [home(bob), path.join(home(account, mode), "data")];
      await withDatabase(path.join(theirs, "data"), { account: bob }, write);
      fs.renameSync(path.join(theirs, "data"), data);
      if (account === null) await withDatabase(data, as, expectChats);
      else await expectRefusal(begin(data, as), /cannot be created or written to|belongs to the account \d+/);
      expect(clusters(path.dirname(data))).toEqual([path.join("data", "cluster", "PG_VERSION")]);
      fs.renameSync(data, path.join(theirs, "data"));
      await withDatabase(path.join(theirs, "data"), { account: bob }, expectChats);
    });
  });

  it("a server that a killed run left below a closed folder is found and stopped", async () => {
    const data = path.join(home(null, 0o700), "data");
    const first = begin(data);
    const { processIds } = await first.started();
    const [server, watchdog] = processIds;
    process.kill(watchdog!, "SIGKILL");
    first.child.kill("SIGKILL");
    await withDatabase(data, {}, async (started) => {
      expect(started.processIds).not.toContain(server);
      expect(isRunning(server!)).toBe(false);
    });
  });
});

describe.runIf(isRoot)("a database that release 0.1.0 put elsewhere", () => {
  /** As that release left it: nothing in the data folder, the cluster under the state folder. */
  async function ofThatRelease(data: string, stateFolder: string): Promise<string> {
    const old = placeInStateFolder(data, stateFolder);
    await withDatabase(old.folder, {}, write);
    return old.folder;
  }

  it("is moved into the data folder, where a copy takes it along", async () => {
    const [data, stateFolder] = [path.join(home(null, 0o700), "data"), path.join(temporaryFolder(), "state")];
    const old = await ofThatRelease(data, stateFolder);
    await withDatabase(data, { stateFolder }, expectChats);
    expect(fs.existsSync(old)).toBe(false);
    copy(data, `${data}-copied`);
    await withDatabase(`${data}-copied`, { stateFolder }, expectChats);
  });

  it("is left alone while that release still runs", async () => {
    const [data, stateFolder] = [path.join(home(null, 0o700), "data"), path.join(temporaryFolder(), "state")];
    const old = await ofThatRelease(data, stateFolder);
    const earlier = begin(old);
    await expectChats(await earlier.started());
    await expectRefusal(begin(data, { stateFolder }), /in use by process \d+/);
    await earlier.stop();
    await withDatabase(data, { stateFolder }, expectChats);
  });

  it("is not chosen over one in the data folder, nor passed over: both are named", async () => {
    const [data, stateFolder] = [path.join(home(null, 0o700), "data"), path.join(temporaryFolder(), "state")];
    await withDatabase(data, {}, write);
    const old = await ofThatRelease(data, stateFolder);
    const refusal = begin(data, { stateFolder });
    await expectRefusal(refusal, /two databases/);
    expect(await refusal.said).toEqual({ refusal: expect.stringContaining(old) });
  });
});

it("a cluster that is not whole is refused and left alone", async () => {
  const data = path.join(temporaryFolder(), "data");
  fs.mkdirSync(path.join(data, "cluster"), { recursive: true });
  await expectRefusal(begin(data), /not whole/);
  expect(fs.readdirSync(path.join(data, "cluster"))).toEqual([]);
});

it("where the server's account is concerned, data that is there keeps its owner", () => {
  const folder = temporaryFolder();
  expect(serverAccount(folder) === null).toBe(!isRoot);
  if (!isRoot) return;
  fs.chownSync(folder, ann.uid, ann.gid);
  expect(serverAccount(folder)).toEqual(ann);
});
