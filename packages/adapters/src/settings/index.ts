import type { z } from "zod";

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
        `The setting ${name} is not usable: ${reason.replace(/^./, (letter) => letter.toLowerCase())}.`,
      );
    }
    values[name] = parsed.data;
  }
  return Object.freeze(values) as SettingsOf<Schemas>;
}

/** One line a setting: name, default and meaning. */
export function describeSettings(schemas: SettingSchemas): { name: string; standard: string; meaning: string }[] {
  return Object.entries(schemas).map(([name, schema]) => {
    const standard = schema.safeParse(undefined);
    const value = standard.success && standard.data !== undefined ? String(standard.data) : "";
    return { name, standard: value, meaning: schema.description ?? "" };
  });
}
