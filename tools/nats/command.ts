import fs from "node:fs";
import { parseArgs } from "node:util";
import { BrokerSetupError, connectNats, natsSettingsFrom } from "@uci/adapters/nats";
import { sharedServerSettings } from "@uci/adapters/server-settings";
import { readSettings, SettingError } from "@uci/adapters/settings";
import { natsConfiguration } from "./configuration.ts";

export const natsUsage = [
  "npm run nats -- config [--partitions N] [--servers N] [--output FILE]",
  "    writes a nats.conf whose users have the rights that JOURNAL_PARTITIONS=N needs [1], for N servers [3]; deploy/nats-start.sh starts one with it",
  "npm run nats -- migrate",
  "    gives the streams at NATS_URL as many copies as NATS_REPLICAS says; as the user worker, while the system runs",
  "",
].join("\n");

const mostServers = 5;

/** Does what the command line asks for; returns what to print. Throws `SettingError` or `BrokerSetupError`, one sentence each. */
export async function runNatsCommand(
  commandLine: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const { values, positionals } = parsed(commandLine);
  const [task, ...more] = positionals;
  if (values.help === true || more.length > 0) return natsUsage;
  if (task === "config") return writtenConfiguration(values);
  if (task === "migrate") return migrated(environment);
  throw new SettingError("Say config or migrate; --help tells more.");
}

function parsed(commandLine: readonly string[]) {
  const text = { type: "string" } as const;
  const options = { partitions: text, servers: text, output: text, help: { type: "boolean", short: "h" } } as const;
  try {
    return parseArgs({ args: [...commandLine], allowPositionals: true, options });
  } catch {
    throw new SettingError("That option is not known; --help tells which are.");
  }
}

type ConfigurationValues = {
  readonly partitions?: string | undefined;
  readonly servers?: string | undefined;
  readonly output?: string | undefined;
};

function writtenConfiguration({ partitions, servers, output }: ConfigurationValues): string {
  const settings = readSettings(sharedServerSettings, { JOURNAL_PARTITIONS: partitions });
  const count = servers === undefined ? 3 : Number(servers);
  if (!Number.isInteger(count) || count < 1 || count > mostServers) {
    throw new SettingError(`--servers takes a whole number from 1 to ${mostServers}.`);
  }
  const text = natsConfiguration({ partitions: settings.JOURNAL_PARTITIONS, servers: count });
  if (output === undefined) return text;
  try {
    fs.writeFileSync(output, text);
  } catch (error) {
    throw new SettingError(`The file ${output} cannot be written (${(error as NodeJS.ErrnoException).code}).`);
  }
  return `${output}: written\n`;
}

async function migrated(environment: Readonly<Record<string, string | undefined>>): Promise<string> {
  const settings = natsSettingsFrom(readSettings(sharedServerSettings, environment), "worker", "migration");
  const events = { connected: () => undefined, disconnected: () => undefined, error: () => undefined };
  const broker = await connectNats(settings, events);
  try {
    const changes = await broker.raiseReplicas();
    if (changes.length === 0) return "Every stream has as many copies as NATS_REPLICAS says.\n";
    return changes.map(({ stream, from, to }) => `${stream}: ${to} copies, before ${from}\n`).join("");
  } finally {
    await broker.close();
  }
}

/** One sentence for what an operator can mend; null for what is a fault of the program. */
export function natsSentence(error: unknown): string | null {
  return error instanceof SettingError || error instanceof BrokerSetupError ? error.message : null;
}
