/** Words of one text that are taken into the index, the characters looked at, and the size of all of them together. */
const mostWords = 20_000;
const charactersLookedAt = 200_000;
const mostWordBytes = 300_000;
const longestWordCharacters = 40;
const mostTerms = 16;

/** Scripts written without spaces: no rule of thumb tells where a word ends, so pairs of characters stand for words. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]+/gu;
const words = /[\p{Letter}\p{Number}\p{Mark}]+/gu;
/** Accents and vowel marks that people leave out when they look for something. */
const accents = /[\u0300-\u036f\u064b-\u065f\u0670\u0640]/g;

/** One thing that must be there; `prefix`: a word that begins so is enough. */
export type SearchTerm = { readonly word: string; readonly prefix: boolean };
/** A stretch of a text in UTF-16 units, `end` not included. */
export type TextRange = { readonly start: number; readonly end: number };

/** A text as it is compared: without case, accents and forms that only look different. */
export function foldedText(text: string): string {
  // Most words of most texts, and many times quicker.
  if (isAscii(text)) return text.toLowerCase();
  return text.normalize("NFKD").replace(accents, "").normalize("NFC").toLowerCase().replaceAll("ß", "ss");
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

/** The words under which a text is found, each once. Bounded: of a very long text, those of its beginning. */
export function searchWords(text: string): string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  let bytes = 0;
  for (const { run, spaced } of runsOf(text.slice(0, charactersLookedAt))) {
    // Folding is what takes the time, and most words of a text come again.
    if (seen.has(run)) continue;
    seen.add(run);
    for (const word of spaced ? [shortened(foldedText(run))] : pairs(foldedText(run))) {
      if (word === "" || found.has(word)) continue;
      bytes += word.length * 3;
      if (found.size === mostWords || bytes > mostWordBytes) return [...found];
      found.add(word);
    }
  }
  return [...found];
}

/** What must be there for a text to match. The last word need only be begun, since it is still being typed; so need longer ones, for their endings. */
export function searchTerms(query: string): SearchTerm[] {
  const runs = [...runsOf(query)];
  const terms = runs.flatMap(({ run, spaced }, index): SearchTerm[] => {
    const folded = foldedText(run);
    if (folded === "") return [];
    if (spaced) return [{ word: shortened(folded), prefix: index === runs.length - 1 || folded.length > 3 }];
    const characters = [...folded];
    if (characters.length === 1) return [{ word: folded, prefix: true }];
    return pairs(folded)
      .slice(0, -1)
      .map((word) => ({ word, prefix: false }));
  });
  return terms.slice(0, mostTerms);
}

/** Where in a text the query's words stand, in order. */
export function matchesIn(text: string, query: string): TextRange[] {
  return merged([...rangesIn(text, query)]);
}

/** Where the first of the query's words stands in a text; null: none does. No further than that is looked. */
export function firstMatchIn(text: string, query: string): number | null {
  for (const { start } of rangesIn(text, query)) return start;
  return null;
}

function* rangesIn(text: string, query: string): Generator<TextRange> {
  const wanted = [...runsOf(query)].map(({ run, spaced }) => ({ folded: foldedText(run), spaced }));
  const known = new Map<string, string>();
  for (const { run, spaced, start } of runsOf(text)) {
    const folded = known.get(run) ?? foldedText(run);
    known.set(run, folded);
    for (const term of wanted) {
      if (term.spaced !== spaced || term.folded === "") continue;
      if (spaced) {
        if (folded.startsWith(term.folded)) yield { start, end: start + run.length };
        continue;
      }
      // Folding keeps the number of characters in these scripts, save for rare forms, which are then marked as a whole.
      const same = folded.length === run.length;
      for (let at = folded.indexOf(term.folded); at !== -1; at = folded.indexOf(term.folded, at + 1)) {
        yield same ? { start: start + at, end: start + at + term.folded.length } : { start, end: start + run.length };
        if (!same) break;
      }
    }
  }
}

type Run = { readonly run: string; readonly spaced: boolean; readonly start: number };

/** Stretches of letters, cut where the script begins or ends to need no spaces. */
function* runsOf(text: string): Generator<Run> {
  for (const { 0: word, index } of text.matchAll(words)) {
    let at = 0;
    for (const { 0: run, index: inside } of word.matchAll(unspaced)) {
      if (inside > at) yield { run: word.slice(at, inside), spaced: true, start: index + at };
      yield { run, spaced: false, start: index + inside };
      at = inside + run.length;
    }
    if (at < word.length) yield { run: word.slice(at), spaced: true, start: index + at };
  }
}

/** Every two neighbours, and the last character alone, so that each character begins something. */
function pairs(run: string): string[] {
  const characters = [...run];
  return characters.map((character, index) => character + (characters[index + 1] ?? ""));
}

function shortened(word: string): string {
  return [...word].slice(0, longestWordCharacters).join("");
}

function merged(ranges: readonly TextRange[]): TextRange[] {
  const result: { start: number; end: number }[] = [];
  for (const { start, end } of [...ranges].sort((one, other) => one.start - other.start)) {
    const last = result.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else result.push({ start, end });
  }
  return result;
}
