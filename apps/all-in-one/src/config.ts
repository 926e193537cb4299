import { parseArgs } from "node:util";
import { postgresSettingSchemas } from "@uci/adapters/postgres/settings";
import { personSettings, readSettings, SettingError, type SettingsOf, serverSettings } from "@uci/adapters/settings";
import { backendSettings, refuseOpenTrust } from "@uci/backend";
import { withProxyNames, workflowSettings } from "@uci/workflow";
import { z } from "zod";

/** Settings of the one process: its own, the pod's and the workflow service's. */
export const allSettings = {
  PORT: z.coerce
    .number()
    .int()
    .min(1)
    .max(65_535)
    .default(8080)
    .describe("Where the page is; more pods take the ports after it. --port"),
  HOST: serverSettings.HOST.describe("The address to listen on; 0.0.0.0 lets other machines in. --host"),
  DATA: z.string().min(1).default("./data").describe("The folder that holds everything that lasts. --data"),
  DATABASE_URL: postgresSettingSchemas.DATABASE_URL.describe(
    "A PostgreSQL of yours, 15 or newer, instead of the one in the data folder.",
  ),
  DATABASE_PASSWORD: postgresSettingSchemas.DATABASE_PASSWORD,
  DATABASE_POOL_SIZE: postgresSettingSchemas.DATABASE_POOL_SIZE,
  DATABASE_TLS_CA: postgresSettingSchemas.DATABASE_TLS_CA,
  LOG_LEVEL: serverSettings.LOG_LEVEL,
  ...backendSettings,
  ...personSettings,
  ...workflowSettings,
} as const;

export type Settings = SettingsOf<typeof allSettings>;

export type StartOptions = {
  readonly settings: Settings;
  readonly pods: number;
  readonly workers: number;
  /** For keys that a providers file names by their variable. */
  readonly environment: Readonly<Record<string, string | undefined>>;
};

const mostPods = 16;

/** Options given on the command line, over settings from the environment. Null: help was asked for. Throws `SettingError`. */
export function readStartOptions(
  commandLine: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): StartOptions | null {
  const { values } = parsed(commandLine);
  if (values.help === true) return null;
  const settings = readSettings(allSettings, {
    ...withProxyNames(environment),
    ...(values.port === undefined ? {} : { PORT: values.port }),
    ...(values.host === undefined ? {} : { HOST: values.host }),
    ...(values.data === undefined ? {} : { DATA: values.data }),
  });
  refuseOpenTrust(settings);
  const pods = count("--pods", values.pods);
  if (settings.PORT + pods - 1 > 65_535)
    throw new SettingError("There are not enough ports after --port for that many pods.");
  return { settings, pods, workers: count("--workers", values.workers), environment };
}

function parsed(commandLine: readonly string[]) {
  try {
    return parseArgs({
      args: [...commandLine],
      strict: true,
      allowPositionals: false,
      options: {
        port: { type: "string" },
        host: { type: "string" },
        data: { type: "string" },
        pods: { type: "string" },
        workers: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    const reason = (error as Error).message.split(". To specify", 1)[0]?.replace(/\.$/, "");
    throw new SettingError(`${reason}. Try --help.`);
  }
}

function count(option: string, text: string | undefined): number {
  if (text === undefined) return 1;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > mostPods) {
    throw new SettingError(`${option} takes a whole number from 1 to ${mostPods}.`);
  }
  return number;
}
