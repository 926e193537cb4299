import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { throwAway } from "./watchdog.ts";

/** A new empty folder that is removed when this process is gone. Servers under other accounts may pass through it. */
export function temporaryFolder(name: string): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `uci-${name}-`));
  fs.chmodSync(folder, 0o711);
  throwAway(folder);
  return folder;
}
