import type { ModelMessage } from "@uci/stream";
import { Eliza } from "./eliza.ts";
import { showpiece } from "./showpieces.ts";

/** What the first answer of a conversation begins with. */
export const introduction =
  "*I am a small built-in program in the manner of ELIZA, not a real model: I answer while no AI provider is configured. Put `OPENAI_API_KEY` or `ANTHROPIC_API_KEY`, or `OPENAI_COMPATIBLE_BASE_URL` for a model server of your own, into `.env` and start again; real models then appear in the list. Type `help` to see what I can show.*";

/**
 * What the built-in program answers to a conversation: a function of its messages and of nothing else, so that any
 * worker can go on with an answer another one began.
 */
export function offlineAnswer(messages: readonly ModelMessage[]): string {
  const eliza = new Eliza();
  let reply = "Tell me what is on your mind.";
  for (const { role, content } of messages) {
    if (role !== "user") continue;
    // Said in passing or not, every statement counts for what is remembered and whose turn a reply is.
    const shown = showpiece(content);
    reply = shown ?? (isForeign(content) ? english : eliza.reply(content));
  }
  const isFirst = !messages.some(({ role }) => role === "assistant");
  return isFirst ? `${introduction}\n\n${reply}` : reply;
}

const english = "I am sorry, I understand only English, and not much of that.";

/** Letters, but hardly any that English is written with. */
function isForeign(text: string): boolean {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  const latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0;
  return letters > 0 && latin < letters / 2;
}
