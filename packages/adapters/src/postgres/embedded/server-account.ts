import fs from "node:fs";
import path from "node:path";

/** The account the database server runs under. PostgreSQL refuses to run as root. */
export type ServerAccount = { readonly uid: number; readonly gid: number };

const accountsWanted = ["postgres", "nobody"];
const nobody: ServerAccount = { uid: 65534, gid: 65534 };

/**
 * The account for the server when this process is root, null when it runs as the process's own user. Data that is
 * there already keeps its owner: the server insists on that.
 */
export function serverAccount(databaseFolder: string): ServerAccount | null {
  if (process.getuid?.() !== 0) return null;
  const owner = fs.statSync(databaseFolder, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return accountFrom(readAccounts()) ?? nobody;
}

/** The first of the wanted accounts in a text like `/etc/passwd`. */
export function accountFrom(accounts: string): ServerAccount | null {
  const entries = accounts.split("\n").map((line) => line.split(":"));
  for (const wanted of accountsWanted) {
    const entry = entries.find(([name]) => name === wanted);
    const [uid, gid] = [Number(entry?.[2]), Number(entry?.[3])];
    if (Number.isInteger(uid) && Number.isInteger(gid) && uid > 0) return { uid, gid };
  }
  return null;
}

function readAccounts(): string {
  try {
    return fs.readFileSync("/etc/passwd", "utf8");
  } catch {
    return "";
  }
}

/**
 * Whether the account can enter a folder, judged by the permissions of all folders above it, as far as they exist.
 * Null, the process's own user, is not judged: trying will tell.
 */
export function canEnter(folder: string, account: ServerAccount | null): boolean {
  if (account === null) return true;
  for (let current = realFolder(folder); ; current = path.dirname(current)) {
    if (!mayPass(fs.statSync(current), account)) return false;
    if (current === path.dirname(current)) return true;
  }
}

function mayPass(stats: fs.Stats, account: ServerAccount): boolean {
  // A file where a folder was meant is another fault, which creating the folder will show.
  if (!stats.isDirectory()) return true;
  if (stats.uid === account.uid) return (stats.mode & 0o100) !== 0;
  if (stats.gid === account.gid) return (stats.mode & 0o010) !== 0;
  return (stats.mode & 0o001) !== 0;
}

/** The folder itself without symbolic links, or the nearest one above it that exists. */
function realFolder(folder: string): string {
  for (let current = path.resolve(folder); ; current = path.dirname(current)) {
    try {
      return fs.realpathSync(current);
    } catch {
      if (current === path.dirname(current)) return current;
    }
  }
}
