import type { LanguageModelV4, LanguageModelV4CallOptions } from "@ai-sdk/provider";
import type { ModelRequest } from "@uci/stream";
import type { ProviderModel } from "../provider-model.ts";
import type { TranslationRules } from "../stream-parts.ts";
import type { TextJoin } from "../text-join.ts";

/** Where a provider is and how it is spoken to. */
export type Endpoint = {
  readonly name: string;
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
};

/** One call, ready to be made: the SDK's model over a given `fetch`, its options, and what follows on what is there. */
export type PreparedCall = {
  readonly model: LanguageModelV4;
  readonly options: LanguageModelV4CallOptions;
  readonly join: TextJoin;
};

/** What differs between the wires that providers speak. */
export type WireKind = TranslationRules & {
  /** Beginnings of the lines by which the provider says that the answer is over. */
  readonly endMarkers: readonly string[];
  /** The SDK reports a finish without the end marker, so its finish alone proves nothing. */
  readonly finishNeedsEndMarker: boolean;
  prepare(endpoint: Endpoint, model: ProviderModel, request: ModelRequest, fetchFunction: typeof fetch): PreparedCall;
  /** An event the SDK could not make sense of and that may be passed over. */
  mayIgnore?(error: unknown): boolean;
  /** The caller wants no more of a response that lives on at the provider without the connection. */
  cancel?(endpoint: Endpoint, responseId: string, fetchFunction: typeof fetch, signal: AbortSignal): Promise<void>;
};

/** Options common to all kinds. */
export function commonOptions(
  model: ProviderModel,
  request: ModelRequest,
  prompt: LanguageModelV4CallOptions["prompt"],
): LanguageModelV4CallOptions {
  return {
    prompt,
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    ...(request.maxTokens === undefined ? {} : { maxOutputTokens: request.maxTokens }),
    ...(model.reasoning === undefined ? {} : { reasoning: model.reasoning }),
  };
}
