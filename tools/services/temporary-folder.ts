import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const made = new Set<string>();

/** A new empty folder that is removed when this process ends. Servers under other accounts may pass through it. */
export function temporaryFolder(name: string): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `uci-${name}-`));
  fs.chmodSync(folder, 0o711);
  if (made.size === 0) process.once("exit", removeAll);
  made.add(folder);
  return folder;
}

function removeAll(): void {
  for (const folder of made) fs.rmSync(folder, { recursive: true, force: true });
}
