import { errorRegistry } from "@uci/protocol";
import { type LanguageModel, type ModelAbilities, ModelError } from "@uci/stream";
import { defaultProviderLimits, type ProviderLimits } from "./limits.ts";
import { OfflineProvider } from "./offline/offline-provider.ts";
import type { ModelProvider, ProviderModel } from "./provider-model.ts";
import { configuredProviders, type ProviderSettings, ProviderSettingsError } from "./settings.ts";
import { completeSurroundings, type ProviderSurroundings } from "./surroundings.ts";
import { WireProvider } from "./wire-provider.ts";

/** One model as it is shown. Exactly one model of the whole catalogue is the default. */
export type ModelDescription = {
  readonly id: string;
  readonly name: string;
  readonly default: boolean;
  readonly images: boolean;
  readonly context_window_tokens?: number;
  readonly abilities: ModelAbilities;
};

/** One provider as it is shown; `configured_by` names the setting it comes from. Holds no secret. */
export type ProviderDescription = {
  readonly id: string;
  readonly name: string;
  readonly configured_by: string;
  readonly models: readonly ModelDescription[];
};

export type Providers = {
  readonly model: LanguageModel;
  /** Providers and models as they are now, in the order of preference; the built-in program is last. */
  catalogue(): ProviderDescription[];
  /** Context window of a model in tokens; undefined: not known. */
  contextWindowTokens(provider: string, model: string): number | undefined;
  /** Whether a model can see images. */
  seesImages(provider: string, model: string): boolean;
  /** Asks the providers whose models were not named for their lists. Bounded in time, never throws; warns instead. */
  ready(): Promise<void>;
};

const none: ModelAbilities = { resume: false, continuePrefix: false };

/** Longer would be Node's own limit, which ends as a broken connection instead of a time-out. */
const longestTimeoutMs = 290_000;

/** All providers that the settings name, and the built-in program. Makes no request by itself. Throws `ProviderSettingsError`. */
export function createProviders(settings: ProviderSettings, surroundings: ProviderSurroundings = {}): Providers {
  const limits = checkedLimits({ ...defaultProviderLimits, ...settings.limits });
  const complete = completeSurroundings(surroundings, limits);
  const providers: ModelProvider[] = configuredProviders(settings).map(
    (provider) => new WireProvider(provider, complete),
  );
  providers.push(new OfflineProvider(complete.clock, settings.offline?.wordsPerSecond));

  const find = (providerId: string, modelId: string): { provider: ModelProvider; model: ProviderModel } | null => {
    const provider = providers.find(({ id }) => id === providerId);
    const model = provider?.find(modelId);
    return provider === undefined || model === undefined || model === null ? null : { provider, model };
  };

  const model: LanguageModel = {
    abilities: (providerId, modelId) => find(providerId, modelId)?.model.abilities ?? none,
    resolve: (providerId, modelId) => resolve(providers, providerId, modelId),
    generate(request, signal) {
      const found = find(request.provider, request.model);
      if (found === null) return failing("model_not_found");
      return found.provider.generate(found.model, request, signal);
    },
  };

  return {
    model,
    catalogue: () => describe(providers),
    seesImages: (providerId, modelId) => find(providerId, modelId)?.model.images ?? false,
    contextWindowTokens: (providerId, modelId) => find(providerId, modelId)?.model.contextWindowTokens,
    async ready() {
      await Promise.all(providers.map((provider) => provider.ready()));
    },
  };
}

function resolve(
  providers: readonly ModelProvider[],
  providerId: string | undefined,
  modelId: string | undefined,
): { provider: string; model: string } | null {
  if (providerId !== undefined) {
    const provider = providers.find(({ id }) => id === providerId);
    const model = modelId === undefined ? provider?.models()[0] : provider?.find(modelId);
    return provider === undefined || model === undefined || model === null
      ? null
      : { provider: provider.id, model: model.id };
  }
  for (const provider of providers) {
    const model = provider.models().find(({ id }) => modelId === undefined || id === modelId);
    if (model !== undefined) return { provider: provider.id, model: model.id };
  }
  return null;
}

function describe(providers: readonly ModelProvider[]): ProviderDescription[] {
  let defaultGiven = false;
  return providers.map((provider) => ({
    id: provider.id,
    name: provider.name,
    configured_by: provider.configuredBy,
    models: provider.models().map(({ id, name, images, contextWindowTokens, abilities }) => {
      const isDefault = !defaultGiven;
      defaultGiven = true;
      return {
        id,
        name,
        default: isDefault,
        images,
        ...(contextWindowTokens === undefined ? {} : { context_window_tokens: contextWindowTokens }),
        abilities,
      };
    }),
  }));
}

// biome-ignore lint/correctness/useYield: the port answers with a stream even where there is nothing to stream.
async function* failing(code: "model_not_found"): AsyncGenerator<never> {
  throw new ModelError(code, errorRegistry[code].meaning, errorRegistry[code].retryable);
}

function checkedLimits(limits: ProviderLimits): ProviderLimits {
  for (const name of ["firstTokenTimeoutMs", "idleTimeoutMs"] as const) {
    const value = limits[name];
    if (!(value > 0 && value <= longestTimeoutMs)) {
      throw new ProviderSettingsError(`limits.${name} must be more than 0 and at most ${longestTimeoutMs} ms.`);
    }
  }
  if (!(Number.isInteger(limits.retries) && limits.retries >= 0 && limits.retries <= 10)) {
    throw new ProviderSettingsError("limits.retries must be a whole number from 0 to 10.");
  }
  return limits;
}
