import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { defaultCacheFolder, packagedBinaries, reachableBinaries, type ServerAccount } from "@uci/adapters/postgres";

/** Where `initdb` and `postgres` are, and their major version. */
export type PostgresPrograms = { readonly folder: string; readonly majorVersion: number };

const systemFolder = "/usr/lib/postgresql";
const oldestMajorVersion = 15;

/** The system's newest PostgreSQL if it has 15 or a newer one, else the one that comes with the packages from npm. */
export function postgresPrograms(account: ServerAccount | null): PostgresPrograms {
  const installed = installedVersions().at(-1);
  if (installed !== undefined) return installed;
  const binaries = reachableBinaries(packagedBinaries(), account, defaultCacheFolder());
  const folder = path.join(binaries.folder, "bin");
  const told = spawnSync(path.join(folder, "postgres"), ["--version"], { encoding: "utf8" }).stdout;
  return { folder, majorVersion: Number(/(\d+)/.exec(told)?.[1]) };
}

/** Debian keeps every version in a folder of its own, off the PATH; oldest first. */
function installedVersions(): readonly PostgresPrograms[] {
  const names = fs.existsSync(systemFolder) ? fs.readdirSync(systemFolder) : [];
  return names
    .map((name) => ({ folder: path.join(systemFolder, name, "bin"), majorVersion: Number(name) }))
    .filter(({ folder, majorVersion }) => majorVersion >= oldestMajorVersion && hasServer(folder))
    .sort((a, b) => a.majorVersion - b.majorVersion);
}

function hasServer(folder: string): boolean {
  return ["initdb", "postgres"].every((name) => fs.existsSync(path.join(folder, name)));
}
