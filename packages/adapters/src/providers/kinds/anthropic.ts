import { createAnthropic } from "@ai-sdk/anthropic";
import { TypeValidationError } from "@ai-sdk/provider";
import { asRecord } from "../errors.ts";
import { sdkPrompt } from "../prompt.ts";
import { joinAfterWhitespace, plainJoin } from "../text-join.ts";
import { commonOptions, type WireKind } from "./wire-kind.ts";

/** Events the Messages API had when this was written; more may come, and clients are told to pass over those. */
const knownEvents: ReadonlySet<unknown> = new Set([
  "message_start",
  "content_block_start",
  "content_block_delta",
  "content_block_stop",
  "message_delta",
  "message_stop",
  "ping",
  "error",
]);

/** Anthropic's Messages API. A beginning of the answer is given as the last message, where the model takes one. */
export const anthropicKind: WireKind = {
  separatesTextItems: false,
  reportsResponseId: false,
  endMarkers: ["event: message_stop", "event:message_stop", 'data: {"type":"message_stop"'],
  finishNeedsEndMarker: false,

  prepare(endpoint, model, request, fetchFunction) {
    const provider = createAnthropic({
      baseURL: endpoint.baseUrl,
      apiKey: endpoint.apiKey ?? "",
      fetch: fetchFunction,
    });
    const prefix = request.continueFrom?.text ?? "";
    // The API refuses a beginning that ends in white space, so the model is not shown it.
    const shown = prefix.trimEnd();
    return {
      model: provider(model.id),
      options: commonOptions(model, request, sdkPrompt(request.messages, shown)),
      join: shown === prefix ? plainJoin() : joinAfterWhitespace(prefix.slice(shown.length)),
    };
  },

  mayIgnore(error) {
    if (!TypeValidationError.isInstance(error)) return false;
    const type = asRecord(error.value)?.type;
    return typeof type === "string" && !knownEvents.has(type);
  },
};
