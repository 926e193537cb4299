import type { ContinuationStyle } from "./provider-model.ts";

export type KnownModel = { readonly id: string; readonly name: string; readonly contextWindowTokens?: number };

/** Offered when `OPENAI_API_KEY` is set and no models are named; the first is the default. */
export const openaiModels: readonly KnownModel[] = [
  { id: "gpt-6.1-terra", name: "GPT-6.1 Terra" },
  { id: "gpt-6.1-sol", name: "GPT-6.1 Sol" },
  { id: "gpt-6-luna", name: "GPT-6 Luna" },
];

/** Offered when `ANTHROPIC_API_KEY` is set and no models are named; the first is the default. */
export const anthropicModels: readonly KnownModel[] = [
  { id: "claude-sonnet-5-5", name: "Claude Sonnet 5.5" },
  { id: "claude-opus-5-5", name: "Claude Opus 5.5" },
  { id: "claude-haiku-5-5", name: "Claude Haiku 5.5" },
  { id: "claude-sonnet-4-5", name: "Claude Sonnet 4.5", contextWindowTokens: 200_000 },
];

/** Models up to 4.5 go on from a beginning of their answer; from 4.6 on the API answers 400 to one. */
const prefillingClaude = /claude-(?:3(?!\d)|instant|2(?!\d)|(?:opus|sonnet|haiku)-4(?:$|@|-(?:[0-5](?!\d)|20\d{6})))/;

export function anthropicContinuation(modelId: string): ContinuationStyle | null {
  return prefillingClaude.test(modelId) ? "assistant" : null;
}
