import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { folderError, systemCode } from "./errors.ts";

/** The password kept in a file that this process's user alone can read; null when there is none yet. */
export function readPassword(file: string): string | null {
  try {
    const password = fs.readFileSync(file, "utf8").trim();
    return password === "" ? null : password;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw folderError(file, error);
  }
}

/** Makes a password and keeps it; returns once it is on the disk, since a cluster without its password is lost. */
export function createPassword(file: string): string {
  const password = randomBytes(24).toString("base64url");
  try {
    const descriptor = fs.openSync(file, "w", 0o600);
    fs.fchmodSync(descriptor, 0o600);
    fs.writeSync(descriptor, `${password}\n`);
    fs.fsyncSync(descriptor);
    fs.closeSync(descriptor);
  } catch (error) {
    throw folderError(file, error);
  }
  return password;
}
