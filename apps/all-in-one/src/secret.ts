import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { writeInFolder } from "./folder-write.ts";

/** The secret that signs cookies: made at the first start, kept in the data folder, readable by its owner alone. */
export function keptSecret(dataFolder: string): string {
  const file = path.join(dataFolder, "auth-secret");
  try {
    const kept = fs.readFileSync(file, "utf8").trim();
    if (kept.length >= 32) return kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const secret = randomBytes(32).toString("base64url");
  writeInFolder(dataFolder, () => fs.writeFileSync(file, `${secret}\n`, { mode: 0o600 }));
  return secret;
}
