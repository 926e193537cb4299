import type { ModelPart, ModelRequest } from "@uci/stream";
import { generateWithRetries } from "./generation.ts";
import { anthropicKind } from "./kinds/anthropic.ts";
import { openaiKind } from "./kinds/openai.ts";
import { openaiCompatibleKind } from "./kinds/openai-compatible.ts";
import type { Endpoint, WireKind } from "./kinds/wire-kind.ts";
import { anthropicContinuation, anthropicModels, type KnownModel, openaiModels } from "./known-models.ts";
import { ModelListing } from "./model-listing.ts";
import type { ContinuationStyle, ModelProvider, ProviderModel } from "./provider-model.ts";
import type { ConfiguredProvider, ModelSetting, ProviderKind } from "./settings.ts";
import type { Surroundings } from "./surroundings.ts";

const kinds: Readonly<Record<ProviderKind, WireKind>> = {
  openai: openaiKind,
  anthropic: anthropicKind,
  "openai-compatible": openaiCompatibleKind,
};

const knownModels: Readonly<Record<ProviderKind, readonly KnownModel[]>> = {
  openai: openaiModels,
  anthropic: anthropicModels,
  "openai-compatible": [],
};

/** A provider that is called over HTTP. */
export class WireProvider implements ModelProvider {
  readonly id: string;
  readonly name: string;
  readonly configuredBy: string;
  readonly #settings: ConfiguredProvider;
  readonly #endpoint: Endpoint;
  readonly #surroundings: Surroundings;
  /** Null where the models are known beforehand. */
  readonly #listing: ModelListing | null;
  readonly #named: readonly ProviderModel[];
  #listed: readonly ProviderModel[] = [];
  #listedFrom: readonly ModelSetting[] = [];

  constructor(settings: ConfiguredProvider, surroundings: Surroundings) {
    this.id = settings.id;
    this.name = settings.name;
    this.configuredBy = settings.configuredBy;
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#endpoint = { name: settings.name, baseUrl: settings.baseUrl, apiKey: settings.apiKey };
    const named = settings.models.length > 0 ? settings.models : knownModels[settings.kind].map(knownSetting);
    this.#named = named.map((model) => this.#model(model));
    this.#listing = named.length > 0 ? null : new ModelListing(this.#endpoint, surroundings);
  }

  models(): readonly ProviderModel[] {
    if (this.#listing === null) return this.#named;
    const listed = this.#listing.models();
    if (listed !== this.#listedFrom) {
      this.#listedFrom = listed;
      this.#listed = listed.map((model) => this.#model(model));
    }
    return this.#listed;
  }

  /** Without any list, whatever the caller names is tried: the provider itself will say when it has no such model. */
  find(modelId: string): ProviderModel | null {
    const models = this.models();
    const found = models.find((model) => model.id === modelId);
    if (found !== undefined) return found;
    return this.#listing !== null && models.length === 0 ? this.#model({ id: modelId }) : null;
  }

  async ready(): Promise<void> {
    await this.#listing?.ask();
  }

  generate(model: ProviderModel, request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelPart> {
    const kind = kinds[this.#settings.kind];
    return generateWithRetries(
      { kind, endpoint: this.#endpoint, model, request, surroundings: this.#surroundings },
      signal,
    );
  }

  #model(setting: ModelSetting): ProviderModel {
    const { kind, resumable } = this.#settings;
    const continuation = continuationOf(kind, setting);
    return {
      id: setting.id,
      name: setting.name ?? setting.id,
      continuation,
      images: setting.images ?? kind !== "openai-compatible",
      ...(setting.context_window_tokens === undefined ? {} : { contextWindowTokens: setting.context_window_tokens }),
      ...(setting.reasoning === undefined ? {} : { reasoning: setting.reasoning }),
      abilities: { resume: kind === "openai" && resumable, continuePrefix: continuation !== null },
    };
  }
}

function continuationOf(
  kind: ProviderKind,
  { id, continue_prefix, reasoning }: ModelSetting,
): ContinuationStyle | null {
  // OpenAI's Responses API takes an earlier answer for a message that is finished, whatever is declared.
  if (kind === "openai") return null;
  if (continue_prefix !== undefined) return continue_prefix;
  // With thinking switched on, Anthropic takes no beginning of an answer either.
  const thinks = reasoning !== undefined && reasoning !== "none";
  return kind === "anthropic" && !thinks ? anthropicContinuation(id) : null;
}

function knownSetting({ id, name, contextWindowTokens }: KnownModel): ModelSetting {
  return { id, name, ...(contextWindowTokens === undefined ? {} : { context_window_tokens: contextWindowTokens }) };
}
