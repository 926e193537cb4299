import fs from "node:fs";

const accountsWanted = ["www-data", "nginx", "nobody"];

/** The account for nginx's worker processes, as `user group`, when this process is root; null otherwise. */
export function workerAccount(): string | null {
  if (process.getuid?.() !== 0) return null;
  return accountFrom(readLines("/etc/passwd"), readLines("/etc/group"));
}

/** The first of the wanted accounts in lines like those of `/etc/passwd`, with its group's name from `/etc/group`. */
export function accountFrom(accounts: readonly string[], groups: readonly string[]): string | null {
  const entries = accounts.map((line) => line.split(":"));
  for (const wanted of accountsWanted) {
    const groupId = entries.find(([name]) => name === wanted)?.[3];
    if (groupId === undefined) continue;
    const group = groups.map((line) => line.split(":")).find(([, , id]) => id === groupId)?.[0];
    return group === undefined ? wanted : `${wanted} ${group}`;
  }
  return null;
}

function readLines(file: string): string[] {
  try {
    return fs.readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}
