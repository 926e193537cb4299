import { clausesOf, reflect } from "./reflection.ts";
import { type Keyword, memoryReplies, nothingFound, script, synonyms } from "./script.ts";

type CompiledRule = {
  readonly pattern: RegExp;
  readonly replies: readonly string[];
  /** Number of the gap whose words are kept for later; 0: none. */
  readonly remembers: number;
};
type CompiledKeyword = { readonly word: RegExp; readonly rank: number; readonly rules: readonly CompiledRule[] };

const keywords: readonly CompiledKeyword[] = script.map(compile).sort((one, other) => other.rank - one.rank);

/** Statements kept for later, at most. */
const mostMemories = 20;

/**
 * A conversation in the manner of Joseph Weizenbaum's ELIZA (1966): the keyword of the highest rank chooses rules, the
 * first rule whose pattern fits takes the sentence apart and puts a reply together from the parts, with the persons
 * turned round. Replies of a rule take turns. Where nothing fits, an earlier statement is taken up again. No clock and no
 * chance: the same messages in the same order always get the same replies.
 */
export class Eliza {
  readonly #uses = new Map<readonly string[], number>();
  readonly #memories: string[] = [];

  /** The reply to the next message of this conversation. */
  reply(message: string): string {
    const clauses = clausesOf(message);
    for (const keyword of keywords) {
      const clause = clauses.find((candidate) => keyword.word.test(candidate));
      if (clause === undefined) continue;
      for (const rule of keyword.rules) {
        const match = rule.pattern.exec(clause);
        if (match === null) continue;
        this.#remember(rule, match);
        return assemble(this.#next(rule.replies), match);
      }
    }
    const memory = this.#memories.shift();
    if (memory !== undefined) return this.#next(memoryReplies).replace("(1)", memory);
    return this.#next(nothingFound);
  }

  #next(replies: readonly string[]): string {
    const used = this.#uses.get(replies) ?? 0;
    this.#uses.set(replies, used + 1);
    return replies[used % replies.length]!;
  }

  #remember(rule: CompiledRule, match: RegExpExecArray): void {
    const words = reflect(match[rule.remembers] ?? "");
    if (rule.remembers > 0 && words !== "" && this.#memories.length < mostMemories) this.#memories.push(words);
  }
}

/** Puts the matched parts into a reply. A part that is missing leaves no hole. */
function assemble(reply: string, match: RegExpExecArray): string {
  const text = reply.replace(/\((\d)\)/g, (_found, number: string) => reflect(match[Number(number)] ?? ""));
  const tidy = text.replace(/\s+([?.!,])/g, "$1").replace(/\s{2,}/g, " ");
  return tidy.charAt(0).toUpperCase() + tidy.slice(1);
}

function compile(keyword: Keyword): CompiledKeyword {
  const words = keyword.words.join("|");
  return {
    word: new RegExp(`(?<![\\p{L}'])(?:${words})(?![\\p{L}'])`, "iu"),
    rank: keyword.rank,
    rules: keyword.rules.map(([pattern, replies, remembers]) => ({
      pattern: compilePattern(pattern),
      replies,
      remembers: remembers ?? 0,
    })),
  };
}

/** `*`: any words, also none · `@name`: one of a group of words · both are numbered from 1 · other words stand for themselves. */
function compilePattern(pattern: string): RegExp {
  const parts = pattern.split(" ").map((part) => {
    if (part === "*") return "(.*?)";
    if (part.startsWith("@")) return `(${synonyms[part.slice(1)]!.join("|")})`;
    return part;
  });
  let source = "";
  for (const [index, part] of parts.entries()) {
    const open = part === "(.*?)";
    const besideOpen = open || parts[index - 1] === "(.*?)";
    if (index > 0) source += besideOpen ? "\\s*" : "\\s+";
    source += open ? part : `(?<![\\p{L}'])${part}(?![\\p{L}'])`;
  }
  return new RegExp(`^${source}$`, "iu");
}
