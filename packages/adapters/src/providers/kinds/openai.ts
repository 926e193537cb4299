import { createOpenAI } from "@ai-sdk/openai";
import type { ModelRequest } from "@uci/stream";
import { sdkPrompt } from "../prompt.ts";
import type { ProviderModel } from "../provider-model.ts";
import { joinAfterReplay, plainJoin } from "../text-join.ts";
import { commonOptions, type Endpoint, type WireKind } from "./wire-kind.ts";

type FetchFunction = typeof fetch;

/**
 * OpenAI's Responses API. A response can be picked up by its id only if it was made in the background and stored: any
 * other is given up by OpenAI together with the connection. Where that is not wanted nothing is stored there.
 */
export const openaiKind: WireKind = {
  separatesTextItems: true,
  reportsResponseId: true,
  endMarkers: endMarkersOf(["response.completed", "response.incomplete", "response.failed"]),
  finishNeedsEndMarker: false,

  prepare(endpoint, model, request, fetchFunction) {
    const resumed = model.abilities.resume ? request.continueFrom : undefined;
    const provider = createOpenAI({
      baseURL: endpoint.baseUrl,
      apiKey: endpoint.apiKey ?? "",
      fetch: fetchOf(model, resumed, fetchFunction),
    });
    const options = commonOptions(model, request, sdkPrompt(request.messages));
    const replays = resumed?.responseId !== undefined && resumed.sequenceNumber === undefined;
    return {
      model: provider.responses(model.id),
      options: { ...options, providerOptions: { openai: { store: model.abilities.resume } } },
      join: replays ? joinAfterReplay(resumed.text) : plainJoin(),
    };
  },

  async cancel(endpoint, responseId, fetchFunction, signal) {
    const address = `${endpoint.baseUrl}/responses/${encodeURIComponent(responseId)}/cancel`;
    const headers = authorization(endpoint);
    const response = await fetchFunction(address, { method: "POST", headers, signal, redirect: "manual" });
    await response.body?.cancel();
  },
};

function authorization(endpoint: Endpoint): Record<string, string> {
  return { Authorization: `Bearer ${endpoint.apiKey ?? ""}` };
}

function endMarkersOf(types: readonly string[]): string[] {
  return types.flatMap((type) => [`event: ${type}`, `event:${type}`, `data: {"type":"${type}"`]);
}

/** The SDK knows neither background responses nor picking one up, but it reads the events of both. */
function fetchOf(
  model: ProviderModel,
  resumed: ModelRequest["continueFrom"],
  fetchFunction: FetchFunction,
): FetchFunction {
  if (!model.abilities.resume) return fetchFunction;
  const responseId = resumed?.responseId;
  if (responseId === undefined) {
    return (input, init) =>
      fetchFunction(input, { ...init, body: `{"background":true,${String(init?.body).slice(1)}` });
  }
  return (input, init) => {
    const address = new URL(`${String(input)}/${encodeURIComponent(responseId)}`);
    address.searchParams.set("stream", "true");
    if (resumed?.sequenceNumber !== undefined) {
      address.searchParams.set("starting_after", String(resumed.sequenceNumber));
    }
    const { body: _body, ...rest } = init ?? {};
    return fetchFunction(address, { ...rest, method: "GET" });
  };
}
