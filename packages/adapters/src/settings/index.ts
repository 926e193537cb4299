import { z } from "zod";
import { logLevels } from "./log-levels.ts";

export { address, addressProblem, webAddress, webHost } from "../address.ts";
export { readableFile } from "../readable-file.ts";
export { type LogLevel, logLevels } from "./log-levels.ts";
export { isNetwork, networkList } from "./network.ts";
export { personSettings, storageLimits } from "./person.ts";

/** What every server process is told. */
export const serverSettings = {
  HOST: z.string().min(1).default("127.0.0.1").describe("The address to listen on; 0.0.0.0 lets other machines in."),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080).describe("The port to listen on; 0: any free one."),
  LOG_LEVEL: z.enum(logLevels).default("warn").describe("What is written to standard error, as JSON lines."),
} as const;

/** Settings by their name in the environment; each schema takes text and carries its description and default. */
export type SettingSchemas = Readonly<Record<string, z.ZodType>>;

export type SettingsOf<Schemas extends SettingSchemas> = Readonly<{ [Name in keyof Schemas]: z.output<Schemas[Name]> }>;

/** A setting that cannot be used; `message` is one sentence that names it. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}

/** Reads settings from an environment. Empty text counts as not given. Throws `SettingError` for the first one that is wrong. */
export function readSettings<Schemas extends SettingSchemas>(
  schemas: Schemas,
  environment: Readonly<Record<string, string | undefined>>,
): SettingsOf<Schemas> {
  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(schemas)) {
    const given = environment[name];
    const parsed = schema.safeParse(given === undefined || given.trim() === "" ? undefined : given.trim());
    if (!parsed.success) {
      const reason = parsed.error.issues[0]?.message ?? "is not valid";
      throw new SettingError(
        `The setting ${name} is not usable: ${reason.replace(/^./, (letter) => letter.toLowerCase()).replace(/\.$/, "")}.`,
      );
    }
    values[name] = parsed.data;
  }
  return Object.freeze(values) as SettingsOf<Schemas>;
}

/** The parts of a comma-separated list, without empty ones. */
export function commaList(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** One line a setting: name, default and meaning. */
export function describeSettings(schemas: SettingSchemas): { name: string; standard: string; meaning: string }[] {
  return Object.entries(schemas).map(([name, schema]) => {
    const standard = schema.safeParse(undefined);
    const value = standard.success && standard.data !== undefined ? String(standard.data) : "";
    return { name, standard: value, meaning: schema.description ?? "" };
  });
}
