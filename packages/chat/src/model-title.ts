import type { ModelMessage } from "@uci/stream";

const excerptCharacters = 1_500;
const longestTitleCharacters = 80;

const request =
  "Give the conversation below a title: two to six words, in the language of the user's message, saying what it is " +
  "about. Reply with the title alone: no quotation marks, no full stop, no markdown, no preamble.";

/** What a model is asked for a title: the beginning of the first question and of its answer. */
export function titleRequest(question: string, answer: string): readonly ModelMessage[] {
  const excerpt = (text: string) => [...text.slice(0, excerptCharacters)].join("").toWellFormed().trim();
  const conversation = `<user>\n${excerpt(question)}\n</user>\n<assistant>\n${excerpt(answer)}\n</assistant>`;
  return [
    { role: "system", content: request },
    { role: "user", content: `${conversation}\n\nThe title:` },
  ];
}

/** The title in a model's reply; null where the reply is none. */
export function titleFromReply(reply: string): string | null {
  const line = reply
    .split(/\r?\n/)
    .map((candidate) =>
      candidate
        .replace(/[\p{Control}\p{Format}]+/gu, " ")
        .replace(/^[\s#>*_`-]+|[\s*_`]+$/gu, "")
        .replace(/^(?:title|titel|标题|العنوان)\s*[:：]\s*/iu, "")
        .replace(/^["'“”„«»‘’「」『』]+|["'“”„«»‘’「」『』]+$/gu, "")
        .replace(/[.。]+$/u, "")
        .replace(/\s+/gu, " ")
        .trim(),
    )
    .find((candidate) => /[\p{Letter}\p{Number}]/u.test(candidate));
  // A reply that goes on and on is an answer, not a title.
  return line === undefined || [...line].length > longestTitleCharacters ? null : line;
}
