import { readFile } from "node:fs/promises";
import { parseProvidersFile } from "./providers-file.ts";
import { type ConfiguredProvider, ProviderSettingsError } from "./settings.ts";

/**
 * Reads and checks a providers file. Throws `ProviderSettingsError` with one sentence that names the file and, where it
 * is readable, the wrong field.
 */
export async function readProvidersFile(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ConfiguredProvider[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    throw new ProviderSettingsError(`The providers file ${path} cannot be read (${code}).`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    // The parser's own words quote the text, which may hold keys.
    throw new ProviderSettingsError(`The providers file ${path} is not JSON.`);
  }
  try {
    return parseProvidersFile(json, environment);
  } catch (error) {
    if (!(error instanceof ProviderSettingsError)) throw error;
    throw new ProviderSettingsError(`The providers file ${path} is wrong: ${error.message}`);
  }
}
