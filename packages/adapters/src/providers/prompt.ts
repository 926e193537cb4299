import type { LanguageModelV4Prompt } from "@ai-sdk/provider";
import type { ModelMessage } from "@uci/stream";

/** A conversation in the AI SDK's form; `prefix`, where given, is the beginning of the answer asked for. */
export function sdkPrompt(messages: readonly ModelMessage[], prefix?: string): LanguageModelV4Prompt {
  const prompt: LanguageModelV4Prompt = messages.map(({ role, content, images = [] }) => {
    if (role === "system") return { role, content };
    const text = { type: "text" as const, text: content };
    if (role === "assistant") return { role, content: [text] };
    const files = images.map(({ media_type: mediaType, data }) => ({
      type: "file" as const,
      mediaType,
      data: { type: "data" as const, data },
    }));
    return { role, content: [text, ...files] };
  });
  if (prefix !== undefined && prefix !== "") {
    prompt.push({ role: "assistant", content: [{ type: "text", text: prefix }] });
  }
  return prompt;
}
