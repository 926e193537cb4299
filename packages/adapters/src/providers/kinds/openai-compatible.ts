import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { sdkPrompt } from "../prompt.ts";
import { plainJoin } from "../text-join.ts";
import { commonOptions, type WireKind } from "./wire-kind.ts";

/** The name under which the SDK keeps options for this wire; never shown, never sent. */
const sdkName = "compatible";

/** Chat completions, as OpenAI once defined them and most others speak them. */
export const openaiCompatibleKind: WireKind = {
  separatesTextItems: false,
  reportsResponseId: false,
  endMarkers: ["data: [DONE]", "data:[DONE]"],
  finishNeedsEndMarker: true,

  prepare(endpoint, model, request, fetchFunction) {
    const provider = createOpenAICompatible({
      name: sdkName,
      baseURL: endpoint.baseUrl,
      ...(endpoint.apiKey === undefined ? {} : { apiKey: endpoint.apiKey }),
      includeUsage: true,
      fetch: fetchFunction,
    });
    const prefix = request.continueFrom?.text;
    const prompt = sdkPrompt(request.messages, prefix);
    const options = commonOptions(model, request, prompt);
    if (prefix === undefined || prefix === "") return { model: provider(model.id), options, join: plainJoin() };
    if (model.continuation === "prefix_field") {
      // What stands under this name is written into the message.
      prompt.at(-1)!.providerOptions = { openaiCompatible: { prefix: true } };
    } else if (model.continuation === "continue_final_message") {
      const body = { continue_final_message: true, add_generation_prompt: false };
      return {
        model: provider(model.id),
        options: { ...options, providerOptions: { [sdkName]: body } },
        join: plainJoin(),
      };
    }
    return { model: provider(model.id), options, join: plainJoin() };
  },
};
