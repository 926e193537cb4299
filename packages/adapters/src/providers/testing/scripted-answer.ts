/** Words of an answer whose length the prompt does not name. */
export const usualAnswerWords = 24;

/**
 * Words that find faults: of one to four UTF-8 bytes a character, joined emoji, surrogate pairs, what JSON escapes, line
 * breaks, and text that looks like the wire's own end markers.
 */
const vocabulary: readonly string[] = [
  "river",
  "Grüße",
  "日本語",
  "👩‍💻",
  "𝄞",
  "naïve",
  '"quoted"',
  "back\\slash",
  "Привет",
  "e\u0301",
  "tab\there",
  "[DONE]",
  "data:",
  "line\nbreak",
  "event:",
  "message_stop",
  "🇩🇪",
  "<b>",
  "…",
  "para\n\ngraph",
];

/**
 * The answer the scripted server gives to a prompt (the text of the last user message). "N words" in it names the number
 * of words, 24 otherwise; which words they are depends on the whole prompt. Each carries its number ("17.river"), so that
 * a lost or repeated piece shows.
 */
export function scriptedAnswer(prompt: string): string {
  const count = Number(/\b(\d{1,7}) words?\b/i.exec(prompt)?.[1] ?? usualAnswerWords);
  let seed = 7;
  for (let index = 0; index < prompt.length; index++) seed = (seed * 31 + prompt.charCodeAt(index)) >>> 0;
  const words = Array.from({ length: count }, (_none, index) => {
    const word = vocabulary[(seed + index * (1 + (seed % 7))) % vocabulary.length]!;
    return `${index}.${word}`;
  });
  return words.join(" ");
}

/** What the scripted server "thinks" before answering a prompt that asks for it with the word "reason". */
export function scriptedReasoning(prompt: string): string | null {
  return /\breason\b/i.test(prompt) ? `Thinking about ${prompt.length} characters … ready.` : null;
}

/** The pieces in which the answer is sent: words with the space before them, long ones in parts. */
export function tokensOf(text: string): string[] {
  return text.match(/\s*\S{1,12}|\s+$/gu) ?? [];
}
