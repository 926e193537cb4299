import { z } from "zod";
import type { ProviderLimits } from "./limits.ts";
import { continuationStyles, reasoningEfforts } from "./provider-model.ts";

export type ProviderKind = "openai" | "anthropic" | "openai-compatible";

/** A setting of a provider is wrong; `message` is one sentence that names it. */
export class ProviderSettingsError extends Error {
  override readonly name = "ProviderSettingsError";
}

/** `true` is the plainest of the styles: the beginning is simply the last message. */
const continuePrefix = z
  .union([z.boolean(), z.enum(continuationStyles)])
  .transform((given) => (given === true ? "assistant" : given === false ? null : given));

export const modelSettingSchema = z.strictObject({
  id: z.string().min(1).max(200),
  name: z.string().min(1).max(200).optional(),
  context_window_tokens: z.number().int().positive().optional(),
  /** How the model goes on from the beginning of an answer, where it does. */
  continue_prefix: continuePrefix.optional(),
  reasoning: z.enum(reasoningEfforts).optional(),
  /** Whether the model can see images; where it is not said, those of OpenAI and Anthropic can and others cannot. */
  images: z.boolean().optional(),
});
export type ModelSetting = z.infer<typeof modelSettingSchema>;

export const baseUrlSchema = z
  .url({ protocol: /^https?$/, error: "must be an address beginning with http:// or https://" })
  .refine((address) => !/^https?:\/\/[^/]*@/i.test(address), "must not hold a user name or password; use a key")
  .transform((address) => address.replace(/\/+$/, ""));

/** A key as it can stand in a header; white space around it, as files and secrets often have it, is taken away. */
export const apiKeySchema = z
  .string()
  .trim()
  .min(1, "must not be empty")
  .regex(/^[\x21-\x7e]*$/, "holds a character that no key has");

/** A provider as `createProviders` takes it. `models` empty: the known ones of this kind, or those the provider lists. */
export type ConfiguredProvider = {
  readonly id: string;
  readonly name: string;
  readonly kind: ProviderKind;
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly models: readonly ModelSetting[];
  /** OpenAI only: responses are made in the background and stored there, so that a cut-off one can be picked up. */
  readonly resumable: boolean;
  readonly configuredBy: string;
};

type ModelNames = readonly (string | z.input<typeof modelSettingSchema>)[];

/** What `createProviders` is given: plain values, read from the environment and the providers file by whoever starts. */
export type ProviderSettings = {
  readonly openai?: {
    readonly apiKey: string;
    readonly baseUrl?: string;
    readonly models?: ModelNames;
    readonly resumable?: boolean;
  };
  readonly anthropic?: { readonly apiKey: string; readonly baseUrl?: string; readonly models?: ModelNames };
  readonly openaiCompatible?: {
    readonly baseUrl: string;
    readonly apiKey?: string;
    readonly name?: string;
    readonly models?: ModelNames;
  };
  /** What `readProvidersFile` gave. */
  readonly providersFile?: readonly ConfiguredProvider[];
  readonly offline?: {
    /** Pace of the built-in program; 0: as fast as possible. */
    readonly wordsPerSecond?: number;
  };
  readonly limits?: Partial<ProviderLimits>;
};

/** The public addresses. They are always given to the SDK, which otherwise reads the environment by itself. */
export const publicBaseUrls = {
  openai: "https://api.openai.com/v1",
  anthropic: "https://api.anthropic.com/v1",
} as const;

/** All configured providers in the order in which they are offered. Throws `ProviderSettingsError`. */
export function configuredProviders(settings: ProviderSettings): ConfiguredProvider[] {
  const { openai, anthropic, openaiCompatible } = settings;
  const found: ConfiguredProvider[] = [];
  if (openai !== undefined) {
    found.push({
      id: "openai",
      name: "OpenAI",
      kind: "openai",
      baseUrl: baseUrl(openai.baseUrl ?? publicBaseUrls.openai, "openai.baseUrl"),
      apiKey: apiKey(openai.apiKey, "openai.apiKey"),
      models: modelSettings(openai.models, "openai.models"),
      resumable: openai.resumable ?? false,
      configuredBy: "OPENAI_API_KEY",
    });
  }
  if (anthropic !== undefined) {
    found.push({
      id: "anthropic",
      name: "Anthropic",
      kind: "anthropic",
      baseUrl: baseUrl(anthropic.baseUrl ?? publicBaseUrls.anthropic, "anthropic.baseUrl"),
      apiKey: apiKey(anthropic.apiKey, "anthropic.apiKey"),
      models: modelSettings(anthropic.models, "anthropic.models"),
      resumable: false,
      configuredBy: "ANTHROPIC_API_KEY",
    });
  }
  if (openaiCompatible !== undefined) {
    found.push({
      id: "openai-compatible",
      name: openaiCompatible.name ?? "OpenAI-compatible",
      kind: "openai-compatible",
      baseUrl: baseUrl(openaiCompatible.baseUrl, "openaiCompatible.baseUrl"),
      apiKey:
        openaiCompatible.apiKey === undefined ? undefined : apiKey(openaiCompatible.apiKey, "openaiCompatible.apiKey"),
      models: modelSettings(openaiCompatible.models, "openaiCompatible.models"),
      resumable: false,
      configuredBy: "OPENAI_COMPATIBLE_BASE_URL",
    });
  }
  found.push(...(settings.providersFile ?? []));
  refuseRepeatedIds(found);
  return found;
}

function refuseRepeatedIds(providers: readonly ConfiguredProvider[]): void {
  const seen = new Map<string, string>([["offline", "the built-in program"]]);
  for (const { id, configuredBy } of providers) {
    const before = seen.get(id);
    if (before !== undefined) {
      throw new ProviderSettingsError(`The provider id "${id}" of ${configuredBy} is taken already by ${before}.`);
    }
    seen.set(id, configuredBy);
  }
}

function apiKey(given: string, setting: string): string {
  return checked(apiKeySchema, given, setting);
}

function baseUrl(given: string, setting: string): string {
  return checked(baseUrlSchema, given, setting);
}

function checked(schema: z.ZodType<string>, given: string, setting: string): string {
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw new ProviderSettingsError(`${setting} ${parsed.error.issues[0]!.message}.`);
  return parsed.data;
}

function modelSettings(given: ModelNames | undefined, setting: string): ModelSetting[] {
  return (given ?? []).map((model, index) => {
    const parsed = modelSettingSchema.safeParse(typeof model === "string" ? { id: model } : model);
    if (!parsed.success) throw new ProviderSettingsError(`${setting}[${index}]: ${parsed.error.issues[0]!.message}.`);
    return parsed.data;
  });
}
