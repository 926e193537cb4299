import type { LanguageModelV4FinishReason, LanguageModelV4StreamPart, LanguageModelV4Usage } from "@ai-sdk/provider";
import type { ModelPart } from "@uci/stream";
import type { TextJoin } from "./text-join.ts";

type Finish = Extract<ModelPart, { type: "finish" }>;

export type TranslationRules = {
  /** Text items are messages of their own and get a blank line between them; otherwise they are pieces of one text. */
  readonly separatesTextItems: boolean;
  /** The provider's response id can be used again and is handed on. */
  readonly reportsResponseId: boolean;
};

/** Turns the AI SDK's stream parts of one answer into the port's. */
export class PartTranslator {
  readonly #rules: TranslationRules;
  readonly #join: TextJoin;
  #hasText = false;
  #hasReasoning = false;
  #textGap = "";
  #reasoningGap = "";

  constructor(rules: TranslationRules, join: TextJoin) {
    this.#rules = rules;
    this.#join = join;
  }

  /** Null: nothing of it is handed on. `error` and `finish` are not this function's business. */
  translate(part: LanguageModelV4StreamPart): ModelPart | null {
    switch (part.type) {
      case "text-delta":
        return this.#text(part.delta);
      case "reasoning-delta":
        return this.#reasoning(part.delta);
      case "text-start":
        if (this.#hasText && this.#rules.separatesTextItems) this.#textGap = "\n\n";
        return null;
      case "reasoning-start":
        if (this.#hasReasoning) this.#reasoningGap = "\n\n";
        return null;
      case "tool-call":
        if (!this.#join.open) return null;
        return { type: "tool_call", id: part.toolCallId, name: part.toolName, input: part.input };
      case "tool-result":
        if (!this.#join.open) return null;
        return { type: "tool_result", id: part.toolCallId, name: part.toolName, output: JSON.stringify(part.result) };
      case "response-metadata":
        if (!this.#rules.reportsResponseId || part.id === undefined) return null;
        return { type: "response", responseId: part.id };
      default:
        return null;
    }
  }

  #text(delta: string): ModelPart | null {
    if (delta === "") return null;
    const text = this.#join.push(this.#textGap + delta);
    this.#textGap = "";
    this.#hasText = true;
    return text === "" ? null : { type: "text", text };
  }

  /** Before new text is reached, reasoning was seen by the reader already, or stands between pieces of text that were. */
  #reasoning(delta: string): ModelPart | null {
    if (delta === "" || !this.#join.open) return null;
    const text = this.#reasoningGap + delta;
    this.#reasoningGap = "";
    this.#hasReasoning = true;
    return { type: "reasoning", text };
  }
}

const finishReasons: Readonly<Record<LanguageModelV4FinishReason["unified"], Finish["finishReason"] | null>> = {
  stop: "stop",
  length: "length",
  "content-filter": "content_filter",
  "tool-calls": "tool_calls",
  other: "other",
  error: null,
  interrupted: null,
};

/** The port's finish; null when the SDK says that the answer did not come to its end. */
export function translateFinish(reason: LanguageModelV4FinishReason, usage: LanguageModelV4Usage): Finish | null {
  const finishReason = finishReasons[reason.unified] ?? null;
  if (finishReason === null) return null;
  const inputTokens = usage.inputTokens.total;
  const outputTokens = usage.outputTokens.total;
  if (inputTokens === undefined && outputTokens === undefined) return { type: "finish", finishReason };
  return {
    type: "finish",
    finishReason,
    usage: {
      ...(inputTokens === undefined ? {} : { inputTokens }),
      ...(outputTokens === undefined ? {} : { outputTokens }),
    },
  };
}
