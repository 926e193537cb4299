import { randomBytes } from "node:crypto";
import path from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { makeId } from "@uci/adapters/ids";
import { openPostgresStore, replacePassword } from "@uci/adapters/postgres";
import { SettingError } from "@uci/adapters/settings";
import { hashPassword, isEasyPassword } from "@uci/backend";
import { errorRegistry } from "@uci/protocol";
import type { PoolConfig } from "pg";
import { readStartOptions } from "./config.ts";
import { withDatabase } from "./database.ts";

const newPasswordBytes = 12;
const usage = "Usage: npm run reset-password -- EMAIL [--data FOLDER]   (a new password on stdin, or one is made)";

/**
 * Gives an account a new password, from the standard input where something is piped in, else one that is made and
 * printed; its owner is signed out everywhere. Returns what to print. Throws `SettingError` for what a person can mend.
 */
export async function resetPassword(commandLine: readonly string[], input: NodeJS.ReadStream): Promise<string> {
  const { values, positionals } = parsed(commandLine);
  const [email] = positionals;
  if (email === undefined || positionals.length > 1) throw new SettingError(usage);
  const given = input.isTTY === true ? "" : (await text(input)).trim();
  if (given !== "" && (given.length < 8 || given.length > 128)) {
    throw new SettingError("A password has 8 to 128 characters.");
  }
  if (given !== "" && isEasyPassword(given, { email })) throw new SettingError(errorRegistry.weak_password.meaning);
  const password = given === "" ? randomBytes(newPasswordBytes).toString("base64url") : given;
  const options = readStartOptions(values.data === undefined ? [] : ["--data", values.data]);
  const settings = options?.settings;
  const log = { info: () => undefined, warn: (line: string) => process.stderr.write(`${line}\n`) };
  const found = await withDatabase(
    { settings: settings ?? {}, dataFolder: path.resolve(settings?.DATA ?? "./data"), log },
    (connection) => replace(connection, email, password),
  );
  if (!found) throw new SettingError(`There is no account with the address ${email}.`);
  const shown = given === "" ? `: ${password}` : ".";
  return `${email} has a new password${shown}\nEverybody who was signed in as ${email} has to sign in again.\n`;
}

function parsed(commandLine: readonly string[]) {
  try {
    return parseArgs({ args: [...commandLine], allowPositionals: true, options: { data: { type: "string" } } });
  } catch {
    throw new SettingError(usage);
  }
}

async function replace(connection: PoolConfig, email: string, password: string): Promise<boolean> {
  const store = await openPostgresStore({ connection, connections: 1, connectionLost: () => undefined }, makeId);
  try {
    return await replacePassword(store.database, email, await hashPassword(password));
  } finally {
    await store.close();
  }
}
