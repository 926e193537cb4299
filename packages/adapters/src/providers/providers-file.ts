import { z } from "zod";
import {
  apiKeySchema,
  baseUrlSchema,
  type ConfiguredProvider,
  modelSettingSchema,
  ProviderSettingsError,
} from "./settings.ts";

const providerSchema = z
  .strictObject({
    id: z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, "must be 1 to 100 letters, digits, _ or -"),
    name: z.string().min(1).max(100),
    kind: z.enum(["openai", "anthropic", "openai-compatible"]),
    base_url: baseUrlSchema,
    /** The key itself, or better: */
    api_key: apiKeySchema.optional(),
    /** the name of the environment variable that holds it. */
    api_key_env: z.string().min(1).optional(),
    models: z
      .array(
        z.union([
          z
            .string()
            .min(1)
            .max(200)
            .transform((id) => ({ id })),
          modelSettingSchema,
        ]),
      )
      .default([]),
    /** Kind `openai` only: responses are stored at the provider and picked up after a crash. */
    resumable: z.boolean().default(false),
  })
  .refine((provider) => provider.api_key === undefined || provider.api_key_env === undefined, {
    path: ["api_key_env"],
    error: "must not stand beside api_key",
  })
  .refine(
    (provider) => provider.kind === "openai-compatible" || (provider.api_key ?? provider.api_key_env) !== undefined,
    {
      path: ["api_key_env"],
      error: "is missing: this kind of provider needs a key (api_key_env or api_key)",
    },
  );

/**
 * The form of the providers file: a JSON list of providers. `models` may name a model by its id alone. A kind
 * `openai-compatible` without models is asked for its list.
 */
export const providersFileSchema = z.array(providerSchema).max(100);

/**
 * Checks the parsed JSON of a providers file and resolves the keys it takes from the environment. Throws
 * `ProviderSettingsError`, one sentence that begins with the path of the first wrong field, like
 * `[1].models[0].id must …`. Keys are never part of the sentence.
 */
export function parseProvidersFile(
  json: unknown,
  environment: Readonly<Record<string, string | undefined>>,
): ConfiguredProvider[] {
  const parsed = providersFileSchema.safeParse(json);
  if (!parsed.success) {
    const issue = innermost(parsed.error.issues[0]!);
    throw new ProviderSettingsError(`${fieldPath(issue.path)}${issue.message.replace(/[.\s]+$/, "")}.`);
  }
  return parsed.data.map((provider, index) => {
    const fromEnvironment =
      provider.api_key_env === undefined ? undefined : keyFrom(environment, provider.api_key_env, index);
    return {
      id: provider.id,
      name: provider.name,
      kind: provider.kind,
      baseUrl: provider.base_url,
      apiKey: provider.api_key ?? fromEnvironment,
      models: provider.models,
      resumable: provider.resumable && provider.kind === "openai",
      configuredBy: "the providers file",
    };
  });
}

function keyFrom(environment: Readonly<Record<string, string | undefined>>, variable: string, index: number): string {
  const value = environment[variable];
  if (value === undefined || value === "") {
    throw new ProviderSettingsError(`[${index}].api_key_env names ${variable}, which is not set.`);
  }
  const parsed = apiKeySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ProviderSettingsError(
    `[${index}].api_key_env names ${variable}, which ${parsed.error.issues[0]!.message}.`,
  );
}

type Issue = { readonly path: readonly PropertyKey[]; readonly message: string };

/** Of a union, the complaint of the alternative that came furthest: it is about the form that was meant. */
function innermost(issue: z.core.$ZodIssue, above: readonly PropertyKey[] = []): Issue {
  const path = [...above, ...issue.path];
  if (issue.code !== "invalid_union") return { path, message: issue.message };
  const deepest = issue.errors
    .map((alternative) => alternative[0])
    .filter((first) => first !== undefined)
    .sort((one, other) => other.path.length - one.path.length)[0];
  return deepest === undefined ? { path, message: issue.message } : innermost(deepest, path);
}

function fieldPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "The file as a whole: ";
  const words = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
  return `${words.replace(/^\./, "")} `;
}
