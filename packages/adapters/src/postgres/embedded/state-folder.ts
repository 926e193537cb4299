import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { type DataFolder, giveTo, layout } from "./data-folder.ts";
import { EmbeddedDatabaseError, folderError, systemCode } from "./errors.ts";
import { takeInstanceLock } from "./instance-lock.ts";
import { stopLeftover } from "./leftover.ts";

const standardStateFolder = "/var/lib/universal-chat";

/** Where release 0.1.0 put the database of this folder when the server's account could not enter it, as root. */
export function placeInStateFolder(folder: string, stateFolder = standardStateFolder): DataFolder {
  const name = createHash("sha256").update(path.resolve(folder)).digest("hex").slice(0, 16);
  return layout(path.join(stateFolder, name));
}

/**
 * Moves such a database to where it belongs, so that a copy of the data folder is a copy of the database. Throws
 * `EmbeddedDatabaseError` when it is in use, when it does not fit, or when the folder has one of its own.
 */
export async function moveFromStateFolder(
  data: DataFolder,
  { stateFolder, moved }: { readonly stateFolder?: string | undefined; readonly moved: (from: string) => void },
): Promise<void> {
  const old = placeInStateFolder(data.folder, stateFolder);
  if (!fs.existsSync(old.cluster)) return;
  if (fs.existsSync(data.cluster)) {
    const message =
      `There are two databases for this data folder, ${data.cluster} and, of an earlier release, ${old.cluster}; ` +
      "move the one that is not wanted to another place.";
    throw new EmbeddedDatabaseError("not_usable", message);
  }
  const lock = await takeInstanceLock(old.lockFile, old.folder);
  try {
    await stopLeftover(old.cluster);
    // The cluster last: it is what says that a database is there.
    for (const name of ["passwordFile", "cluster"] as const) move(old[name], data[name], data.folder);
    moved(old.folder);
  } catch (error) {
    throw folderError(data.folder, error);
  } finally {
    lock.release();
  }
  fs.rmSync(old.folder, { recursive: true, force: true });
}

function move(from: string, to: string, folder: string): void {
  if (!fs.existsSync(from)) return;
  try {
    fs.renameSync(from, to);
  } catch (error) {
    if (systemCode(error) !== "EXDEV") throw error;
    // `unfinished-` is cleared away by the next start where this one is cut off.
    const copy = path.join(folder, `unfinished-${process.pid}`);
    try {
      fs.cpSync(from, copy, { recursive: true, verbatimSymlinks: true });
      copyOwners(from, copy);
      fs.renameSync(copy, to);
    } finally {
      fs.rmSync(copy, { recursive: true, force: true });
    }
    fs.rmSync(from, { recursive: true, force: true });
  }
}

function copyOwners(from: string, to: string): void {
  const stats = fs.lstatSync(from);
  if (stats.isSymbolicLink()) return;
  giveTo(to, stats);
  if (!stats.isDirectory()) return;
  for (const name of fs.readdirSync(from)) copyOwners(path.join(from, name), path.join(to, name));
}
