const longestTitleCharacters = 60;
/** A message says within so many characters what it is about, or its first line is none. */
const charactersRead = 4_000;

/**
 * A session's first title, from the first message: its first line that says something, without markdown signs, cut at
 * a word. Null when nothing readable is left.
 */
export function titleFromMessage(message: string): string | null {
  const line = message
    .trimStart()
    .slice(0, charactersRead)
    .split(/\r?\n/)
    .map(withoutMarks)
    .find((candidate) => /[\p{Letter}\p{Number}]/u.test(candidate));
  if (line === undefined) return null;
  const characters = [...line];
  if (characters.length <= longestTitleCharacters) return line;
  const cut = characters.slice(0, longestTitleCharacters).join("");
  const lastSpace = cut.lastIndexOf(" ");
  const shortened = lastSpace > longestTitleCharacters / 2 ? cut.slice(0, lastSpace) : cut;
  return `${shortened.replace(/[\s,;:.–-]+$/u, "")}…`;
}

function withoutMarks(line: string): string {
  return line
    .replace(/^\s*(?:#{1,6}\s+|>\s*|[-*+]\s+|\d+[.)]\s+|```.*$)/u, "")
    .replace(/[*_`~]{1,3}/gu, "")
    .replace(/[\p{Control}\p{Format}]+/gu, " ")
    .replace(/\s+/gu, " ")
    .trim();
}
