import fs from "node:fs";

/** Whether a path names a file that can be looked at: for settings that name one. */
export function isReadableFile(path: string): boolean {
  try {
    return fs.statSync(path).isFile();
  } catch {
    return false;
  }
}
