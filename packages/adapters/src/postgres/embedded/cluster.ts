import { type SpawnOptions, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { Binaries } from "./binaries.ts";
import { type DataFolder, giveTo } from "./data-folder.ts";
import { EmbeddedDatabaseError, folderError, systemCode } from "./errors.ts";
import { clusterAsSeen, statsOf } from "./folder-access.ts";
import { createPassword, readPassword } from "./password.ts";
import type { ServerAccount } from "./server-account.ts";

export const databaseUser = "chat";
export const databaseName = "postgres";
/** The major version of the programs, which is that of the data they make. */
const majorVersion = "18";

/** What is needed to start programs of PostgreSQL. */
export type ProgramContext = { readonly binaries: Binaries; readonly account: ServerAccount | null };

/** Makes the cluster where there is none; returns its password. `durable: false` skips the wait for the disk. */
export async function prepareCluster(context: ProgramContext, data: DataFolder, durable: boolean): Promise<string> {
  removeUnfinished(data);
  if (statsOf(data.cluster) === undefined) return initialize(context, data, durable);
  checkVersion(data);
  const password = readPassword(data.passwordFile);
  if (password !== null) return password;
  const message = `The database's password, ${data.passwordFile}, is missing; put it back or choose another data folder.`;
  throw new EmbeddedDatabaseError("start_failed", message);
}

/** Options under which programs of PostgreSQL run: their account, and an environment without the user's settings. */
export function programOptions({ account }: ProgramContext, folder: string): SpawnOptions {
  const environment = { LC_ALL: "C", TZ: "UTC", PATH: "/usr/local/bin:/usr/bin:/bin" };
  // Programs of Windows find its own folders by the environment.
  const environmentOption = process.platform === "win32" ? {} : { env: environment };
  return { cwd: folder, ...environmentOption, windowsHide: true, ...account };
}

async function initialize(context: ProgramContext, data: DataFolder, durable: boolean): Promise<string> {
  const folder = unfinishedFolder(data);
  const clusterFolder = path.join(folder, "cluster");
  const passwordCopy = path.join(folder, "password");
  const password = createPassword(data.passwordFile);
  try {
    // initdb fills an empty folder; everything is made beside its place and moved there when it is whole.
    fs.mkdirSync(clusterFolder, { recursive: true, mode: 0o700 });
    fs.writeFileSync(passwordCopy, password, { mode: 0o600 });
    for (const target of [folder, clusterFolder, passwordCopy]) giveTo(target, context.account);
    await runInitdb(context, clusterFolder, data.folder, durable);
    fs.renameSync(clusterFolder, data.cluster);
  } catch (error) {
    throw folderError(data.folder, error);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  return password;
}

/** Runs in the new cluster's folder, whose parent holds the password. */
function runInitdb(context: ProgramContext, clusterFolder: string, dataFolder: string, durable: boolean) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const access = [`--username=${databaseUser}`, "--auth=scram-sha-256", "--pwfile=../password"];
  const programArguments = [
    "-D",
    clusterAsSeen(clusterFolder, context.account),
    ...locale,
    ...access,
    "--no-instructions",
    ...(durable ? [] : ["--no-sync"]),
  ];
  const program = path.join(context.binaries.folder, "bin", "initdb");
  const child = spawn(program, programArguments, {
    ...programOptions(context, clusterFolder),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (piece: string) => {
      output = (output + piece).slice(-8192);
    });
  }
  child.on("error", reject);
  child.on("close", (code) => (code === 0 ? resolve() : reject(failureFrom(output, dataFolder))));
  return promise;
}

/** The error that lines of `initdb` or `postgres` tell of. */
export function failureFrom(output: string, folder: string): EmbeddedDatabaseError {
  if (/No space left on device|Disk quota exceeded/i.test(output)) {
    return new EmbeddedDatabaseError("disk_full", `There is no space left for the database in ${folder}.`);
  }
  if (/error while loading shared libraries|GLIBC_|cannot execute|Exec format error/i.test(output)) {
    const message =
      "The embedded database cannot run on this system; start a PostgreSQL 15 or newer and name it with DATABASE_URL";
    return new EmbeddedDatabaseError("unsupported_platform", `${message} (${lastWords(output)}).`);
  }
  if (/Permission denied|Read-only file system/i.test(output)) {
    const message = `The database folder ${folder} cannot be written to`;
    return new EmbeddedDatabaseError("not_writable", `${message} (${lastWords(output)}).`);
  }
  const said = lastWords(output);
  return new EmbeddedDatabaseError(
    "start_failed",
    `The embedded database did not start: ${said === "" ? "it ended without a word" : said}.`,
  );
}

/** The last line that names an error, without its prefix. */
function lastWords(output: string): string {
  const lines = output.split("\n").map((line) => line.trim());
  const telling = lines.filter(
    (line) => /error|fatal|panic|cannot|could not/i.test(line) && !/^(?:HINT|DETAIL)/.test(line),
  );
  const line = telling.at(-1) ?? lines.findLast((candidate) => candidate !== "") ?? "";
  return line
    .replace(/^.*?(?:FATAL|PANIC|ERROR|error):\s*/, "")
    .replace(/\.$/, "")
    .slice(0, 300);
}

function checkVersion(data: DataFolder): void {
  const version = readVersion(data.cluster);
  if (version === majorVersion) return;
  const message =
    `The database in ${data.folder} was made by PostgreSQL ${version}, this program brings ${majorVersion}; ` +
    "move its data with pg_dump or choose another data folder.";
  throw new EmbeddedDatabaseError("wrong_version", message);
}

function readVersion(cluster: string): string {
  try {
    return fs.readFileSync(path.join(cluster, "PG_VERSION"), "utf8").trim();
  } catch (error) {
    if (systemCode(error) === "ENOENT") {
      const message = `The database in ${cluster} is not whole (PG_VERSION is missing); put a backup there, or move it away.`;
      throw new EmbeddedDatabaseError("start_failed", message, { cause: error });
    }
    throw folderError(cluster, error);
  }
}

function unfinishedFolder(data: DataFolder): string {
  return path.join(data.folder, `unfinished-${process.pid}`);
}

/** Clusters whose making was cut off; the caller holds the lock, so nobody is still making them. */
function removeUnfinished(data: DataFolder): void {
  try {
    for (const name of fs.readdirSync(data.folder)) {
      if (name.startsWith("unfinished-")) fs.rmSync(path.join(data.folder, name), { recursive: true, force: true });
    }
  } catch (error) {
    throw folderError(data.folder, error);
  }
}
