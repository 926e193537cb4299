import fs from "node:fs";
import path from "node:path";
import { type DataFolder, giveTo, layout, prepareDataFolder } from "./data-folder.ts";
import { EmbeddedDatabaseError, folderError } from "./errors.ts";
import { type InstanceLock, takeInstanceLock } from "./instance-lock.ts";
import { canEnter, type ServerAccount, serverAccount } from "./server-account.ts";
import { moveFromStateFolder, placeInStateFolder } from "./state-folder.ts";

/** A data folder that is ready for a server of this account, null: the process's own user; and held by this process. */
export type OpenedFolder = {
  readonly layout: DataFolder;
  readonly account: ServerAccount | null;
  readonly lock: InstanceLock;
};

export type OpeningOptions = {
  readonly folder: string;
  /** Where releases before 0.2 kept databases whose wanted folder the server's account could not enter. */
  readonly stateFolder?: string | undefined;
  /** Called when a database came from there. */
  readonly moved: (from: string) => void;
};

/** The server's own working folder. The link needs no right to search the folders above, as a path would. */
const workingFolder = "/proc/self/cwd";
const groupAndOthers = 0o077;
/** PostgreSQL takes its folder for itself alone, or readable by its group. */
const acceptedModes = new Set([0o000, 0o050]);

/**
 * Makes the folder usable by the server, and what is in it the server's own. A database that is there is used or
 * refused, never passed over. Throws `EmbeddedDatabaseError`.
 */
export async function openDataFolder(options: OpeningOptions): Promise<OpenedFolder> {
  const data = layout(path.resolve(options.folder));
  prepareDataFolder(data, serverAccount(data.cluster));
  refuseUnreachable(data, serverAccount(data.cluster));
  const lock = await takeInstanceLock(data.lockFile, data.folder);
  try {
    if (serverAccount(data.cluster) !== null) await moveFromStateFolder(data, options);
    const account = serverAccount(data.cluster);
    if (statsOf(data.cluster) !== undefined) takePossession(data, account);
    return { layout: data, account, lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Whether `openDataFolder` would find a database for this folder. */
export function holdsDatabase(folder: string, stateFolder?: string): boolean {
  const data = layout(path.resolve(folder));
  if (statsOf(data.cluster) !== undefined) return true;
  return process.getuid?.() === 0 && fs.existsSync(placeInStateFolder(folder, stateFolder).cluster);
}

/** The path by which a server that is started in its cluster's folder finds it. */
export function clusterAsSeen(cluster: string, account: ServerAccount | null): string {
  return canEnter(cluster, account) ? cluster : workingFolder;
}

function refuseUnreachable(data: DataFolder, account: ServerAccount | null): void {
  if (canEnter(data.folder, account) || fs.existsSync(workingFolder)) return;
  const message =
    `The database cannot live in ${data.folder}, since the account it runs under (${account?.uid}) may not pass ` +
    "through a folder above it; allow that (chmod o+x) or choose another data folder.";
  throw new EmbeddedDatabaseError("not_writable", message);
}

/** PostgreSQL insists on owning its files, and on a folder closed to others; copies often have neither. */
function takePossession(data: DataFolder, account: ServerAccount | null): void {
  const stats = statsOf(data.cluster)!;
  const own = account?.uid ?? process.getuid?.();
  try {
    if (own !== undefined && stats.uid !== own) {
      if (account === null) throw ownedByAnother(data, stats.uid, own);
      giveAll(data.cluster, account);
    }
    if (process.platform !== "win32" && !acceptedModes.has(stats.mode & groupAndOthers))
      fs.chmodSync(data.cluster, 0o700);
  } catch (error) {
    throw folderError(data.cluster, error);
  }
}

function ownedByAnother(data: DataFolder, owner: number, own: number): EmbeddedDatabaseError {
  const message =
    `The database in ${data.folder} belongs to the account ${owner} and this runs as ${own}; run it as that account ` +
    `or as root, or hand the data over (chown -R ${own} as root).`;
  return new EmbeddedDatabaseError("not_usable", message);
}

/** Hands a folder and all in it to the server's account. */
export function giveAll(folder: string, account: ServerAccount): void {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isSymbolicLink()) giveTo(path.join(entry.parentPath, entry.name), account);
  }
  giveTo(folder, account);
}

/** Throws where it cannot be told whether it exists: what cannot be seen must not be taken for missing. */
export function statsOf(target: string): fs.Stats | undefined {
  try {
    return fs.statSync(target, { throwIfNoEntry: false });
  } catch (error) {
    throw folderError(target, error);
  }
}
