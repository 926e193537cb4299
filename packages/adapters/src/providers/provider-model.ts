import type { ModelAbilities, ModelPart, ModelRequest } from "@uci/stream";

/** How hard a model is asked to think; the provider's own default when absent. */
export const reasoningEfforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;
export type ReasoningEffort = (typeof reasoningEfforts)[number];

/**
 * How a model is told to go on from the beginning of an answer. `assistant`: the beginning is the last message, nothing
 * else (Anthropic, llama.cpp, OpenRouter) · `prefix_field`: that message carries `prefix: true` (DeepSeek, Mistral) ·
 * `continue_final_message`: the request says so (vLLM, SGLang).
 */
export const continuationStyles = ["assistant", "prefix_field", "continue_final_message"] as const;
export type ContinuationStyle = (typeof continuationStyles)[number];

/** One model of a configured provider. */
export type ProviderModel = {
  readonly id: string;
  readonly name: string;
  readonly contextWindowTokens?: number;
  readonly continuation: ContinuationStyle | null;
  /** It can see images. */
  readonly images: boolean;
  readonly reasoning?: ReasoningEffort;
  readonly abilities: ModelAbilities;
};

/** A configured provider. */
export interface ModelProvider {
  readonly id: string;
  readonly name: string;
  /** What made it appear: the name of a setting, or of the file. */
  readonly configuredBy: string;
  /** Models now, the default one first. Empty while a list that has to be asked for is not there. */
  models(): readonly ProviderModel[];
  /** The model of this name; null when it is not offered. */
  find(modelId: string): ProviderModel | null;
  /** Learns what must be asked for. Never throws. */
  ready(): Promise<void>;
  generate(model: ProviderModel, request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelPart>;
}
