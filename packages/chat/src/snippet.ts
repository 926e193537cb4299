import type { SnippetPart } from "@uci/protocol";
import { firstMatchIn, matchesIn } from "./search-words.ts";

const charactersBefore = 50;
const charactersInAll = 180;
const charactersLookedAt = 200_000;
/** Signs of Markdown, which say nothing in one line. */
const marks = /[*`~#>|]+/gu;

/** The place of a text where a query matches, in one line, cut into what matches and what does not. */
export function snippetOf(text: string, query: string): SnippetPart[] {
  const looked = text.slice(0, charactersLookedAt);
  const first = firstMatchIn(looked, query) ?? 0;
  const start = first <= charactersBefore ? 0 : wordStart(looked, first - charactersBefore);
  const end = Math.min(looked.length, start + charactersInAll);
  // Cut first, so that spaces made one do not move the ranges.
  const line = looked.slice(start, end).toWellFormed().replace(marks, " ").replace(/\s+/gu, " ").trim();
  const parts: SnippetPart[] = [];
  let at = 0;
  const add = (piece: string, match: boolean) => piece !== "" && parts.push({ text: piece, match });
  add(start > 0 ? "… " : "", false);
  for (const range of matchesIn(line, query)) {
    add(line.slice(at, range.start), false);
    add(line.slice(range.start, range.end), true);
    at = range.end;
  }
  add(line.slice(at), false);
  add(end < text.length ? " …" : "", false);
  return parts;
}

/** The beginning of a text in one line, for want of the place that matches. */
export function beginningOf(text: string): SnippetPart[] {
  return snippetOf(text.slice(0, charactersInAll), "");
}

/** The next beginning of a word, if there is one near. */
function wordStart(text: string, from: number): number {
  const space = text.slice(from, from + charactersBefore).search(/\s/u);
  return space === -1 ? from : from + space + 1;
}
