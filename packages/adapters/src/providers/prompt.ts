import type { LanguageModelV4Prompt } from "@ai-sdk/provider";
import type { ModelMessage } from "@uci/stream";

/** A conversation in the AI SDK's form; `prefix`, where given, is the beginning of the answer asked for. */
export function sdkPrompt(messages: readonly ModelMessage[], prefix?: string): LanguageModelV4Prompt {
  const prompt: LanguageModelV4Prompt = messages.map(({ role, content }) =>
    role === "system" ? { role, content } : { role, content: [{ type: "text", text: content }] },
  );
  if (prefix !== undefined && prefix !== "") {
    prompt.push({ role: "assistant", content: [{ type: "text", text: prefix }] });
  }
  return prompt;
}
