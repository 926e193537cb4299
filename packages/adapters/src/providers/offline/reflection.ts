/** Whose word it is, turned round: what the speaker says of himself, the program says of him. */
const reflections: ReadonlyMap<string, string> = new Map([
  ["i", "you"],
  ["me", "you"],
  ["my", "your"],
  ["mine", "yours"],
  ["myself", "yourself"],
  ["i'm", "you're"],
  ["i've", "you've"],
  ["i'd", "you'd"],
  ["i'll", "you'll"],
  ["am", "are"],
  ["you", "I"],
  ["your", "my"],
  ["yours", "mine"],
  ["yourself", "myself"],
  ["yourselves", "ourselves"],
  ["you're", "I'm"],
  ["you've", "I've"],
  ["you'd", "I'd"],
  ["you'll", "I'll"],
]);

/** Words after which "you" is an object, so that it comes back as "me": "I hate you", "because of you". */
const takesObject =
  /^(?:to|for|with|of|at|by|from|about|on|in|like|than|without|love|hate|need|want|see|saw|show|hear|know|trust|tell|told|ask|asked|help|helped|miss|missed|thank|thanks|believe|understand|give|gave|call|called)$/i;

/** Turns the persons of a fragment round, keeping the rest as it was written. */
export function reflect(fragment: string): string {
  const words = fragment.trim().split(/\s+/).filter(Boolean);
  return words.map((word, index) => reflectWord(word, words[index - 1], words[index + 1])).join(" ");
}

function reflectWord(word: string, before: string | undefined, after: string | undefined): string {
  const lower = word.toLowerCase();
  if (lower === "you") {
    const isObject =
      (before !== undefined && takesObject.test(before)) || (before !== undefined && after === undefined);
    return isObject ? "me" : "I";
  }
  if (lower === "are" && before?.toLowerCase() === "you") return "am";
  if (lower === "was" && before?.toLowerCase() === "i") return "were";
  if (lower === "were" && before?.toLowerCase() === "you") return "was";
  return reflections.get(lower) ?? word;
}

const contractions: readonly (readonly [RegExp, string])[] = [
  [/[‘’`´]/g, "'"],
  [/\bim\b/gi, "I'm"],
  [/\bive\b/gi, "I've"],
  [/\bdont\b/gi, "don't"],
  [/\bcant\b/gi, "can't"],
  [/\bwont\b/gi, "won't"],
  [/\bdoesnt\b/gi, "doesn't"],
  [/\bisnt\b/gi, "isn't"],
  [/\byoure\b/gi, "you're"],
  [/\bcannot\b/gi, "can't"],
];

/** Words that are written large only because they begin a sentence; others may be names. */
const ordinary =
  /^(?:everyone|everybody|nobody|no|my|the|a|an|this|that|it|we|they|he|she|you|your|what|why|how|if|because|and|but|so|all)\b/i;

/** Longer ones are cut: patterns with several gaps are matched against each clause. */
const clauseCharacters = 400;
const clausesLooked = 40;

/** The clauses of a message: one space between words, no punctuation, usual spellings. */
export function clausesOf(text: string): string[] {
  let plain = text.slice(0, clauseCharacters * clausesLooked);
  for (const [pattern, replacement] of contractions) plain = plain.replace(pattern, replacement);
  return plain
    .split(/[.!?;:\n]+|,\s*(?=but\b)|,\s*(?=because\b)/i)
    .map((clause) =>
      clause
        .replace(/[^\p{L}\p{N}' -]+/gu, " ")
        .replace(/\s+/g, " ")
        .trim()
        .slice(0, clauseCharacters)
        .replace(ordinary, (word) => word.toLowerCase()),
    )
    .filter((clause) => clause !== "")
    .slice(0, clausesLooked);
}
