import {
  createProviders,
  type ProviderSettings,
  type Providers,
  readProvidersFile,
  useProxy,
} from "@uci/adapters/providers";
import { commaList, type SettingsOf } from "@uci/adapters/settings";
import type { workflowSettings } from "./config.ts";

type Settings = SettingsOf<typeof workflowSettings>;

/** The providers that the settings name, and the built-in one. Throws with one sentence for a setting that cannot be used. */
export async function configuredProviders(
  settings: Settings,
  environment: Readonly<Record<string, string | undefined>>,
  warn: (message: string) => void,
): Promise<Providers> {
  useProxy(settings);
  const file = settings.PROVIDERS_FILE;
  const given: ProviderSettings = {
    ...endpoint("openai", settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL, settings.OPENAI_MODELS),
    ...endpoint("anthropic", settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL, settings.ANTHROPIC_MODELS),
    ...compatible(settings),
    ...(file === undefined ? {} : { providersFile: await readProvidersFile(file, environment) }),
    offline: { wordsPerSecond: settings.OFFLINE_WORDS_PER_SECOND },
    limits: {
      idleTimeoutMs: settings.PROVIDER_IDLE_TIMEOUT_SECONDS * 1000,
      firstTokenTimeoutMs: settings.PROVIDER_FIRST_TOKEN_TIMEOUT_SECONDS * 1000,
    },
  };
  return createProviders(given, { warn });
}

function endpoint(kind: "openai" | "anthropic", apiKey?: string, baseUrl?: string, models?: string): ProviderSettings {
  if (apiKey === undefined) return {};
  return { [kind]: { apiKey, ...(baseUrl === undefined ? {} : { baseUrl }), ...modelsOf(models) } };
}

function compatible(settings: Settings): ProviderSettings {
  const { OPENAI_COMPATIBLE_BASE_URL: baseUrl, OPENAI_COMPATIBLE_API_KEY: apiKey } = settings;
  if (baseUrl === undefined) return {};
  const models = modelsOf(settings.OPENAI_COMPATIBLE_MODELS);
  return { openaiCompatible: { baseUrl, ...(apiKey === undefined ? {} : { apiKey }), ...models } };
}

function modelsOf(list: string | undefined): { models?: string[] } {
  const models = commaList(list);
  return models.length === 0 ? {} : { models };
}
