import fs from "node:fs";
import path from "node:path";
import { holdsDatabase } from "@uci/adapters/postgres";
import { SettingError } from "@uci/adapters/settings";
import { z } from "zod";
import { writeInFolder } from "./folder-write.ts";

/** What a data folder says about its database. `none`: it was prepared, but no start has succeeded yet. */
export type FolderRecord =
  | { readonly database: "none" | "embedded" }
  | { readonly database: "external"; readonly address: string };

const recordVersion = 1;
const recordSchema = z.intersection(
  z.object({ version: z.literal(recordVersion) }),
  z.union([
    z.object({ database: z.enum(["none", "embedded"]) }),
    z.object({ database: z.literal("external"), address: z.string() }),
  ]),
);

const fileIn = (dataFolder: string) => path.join(dataFolder, "database.json");

/** The folder of the embedded database. */
export function embeddedFolder(dataFolder: string): string {
  return path.join(dataFolder, "postgres");
}

/**
 * Refuses to begin with an empty database where the data folder has had another: a copy that lacks it, or one in a
 * PostgreSQL that is no longer named. Throws `SettingError`.
 */
export function refuseEmptyDatabase(dataFolder: string): void {
  const folder = embeddedFolder(dataFolder);
  if (holdsDatabase(folder)) return;
  const record = readRecord(dataFolder);
  const otherwise = `choose another data folder with --data, or remove ${fileIn(dataFolder)} to begin with an empty one`;
  if (record?.database === "external") {
    throw new SettingError(
      `The chats of the data folder ${dataFolder} are in the database ${record.address}: set DATABASE_URL, ${otherwise}.`,
    );
  }
  if (record?.database === "embedded") {
    throw new SettingError(
      `The database of the data folder, ${folder}, is missing: put it back from a backup, ${otherwise}.`,
    );
  }
  if (record === null && fs.existsSync(path.join(dataFolder, "auth-secret"))) {
    throw new SettingError(
      `The data folder ${dataFolder} was in use, but its database is not in it: set DATABASE_URL if it was another ` +
        "PostgreSQL; start release 0.2 or newer on the original folder once if this is a copy made with 0.1.0, which kept " +
        "databases under /var/lib/universal-chat; or remove auth-secret from it to begin with an empty one.",
    );
  }
}

/** Whether the folder has a database of its own, which is not used while `DATABASE_URL` names another. */
export function hasUnusedDatabase(dataFolder: string): boolean {
  return holdsDatabase(embeddedFolder(dataFolder));
}

/** Notes where the chats of this folder are; one with a database of its own keeps saying so. */
export function writeRecord(dataFolder: string, record: FolderRecord): void {
  const kept =
    record.database === "embedded" || !holdsDatabase(embeddedFolder(dataFolder)) ? record : { database: "embedded" };
  if (record.database === "none" && readRecord(dataFolder) !== null) return;
  const file = fileIn(dataFolder);
  const unfinished = `${file}.${process.pid}`;
  writeInFolder(dataFolder, () => {
    try {
      fs.writeFileSync(unfinished, `${JSON.stringify({ version: recordVersion, ...kept }, null, 2)}\n`);
      fs.renameSync(unfinished, file);
    } catch (error) {
      fs.rmSync(unfinished, { force: true });
      throw error;
    }
  });
}

function readRecord(dataFolder: string): FolderRecord | null {
  const file = fileIn(dataFolder);
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new SettingError(`The file ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
  const parsed = recordSchema.safeParse(parsedJson(text));
  if (parsed.success) return parsed.data;
  throw new SettingError(`The file ${file} is not one this release knows; a newer one may have written it.`);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
