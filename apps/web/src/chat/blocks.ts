import { closes, fenceOf, leavesWhole } from "./segments.ts";

/** What a block is, as far as it matters for where it ends. */
type Kind = "text" | "list" | "table" | "quote" | "closed";

/**
 * The blocks of a piece of Markdown: headings, paragraphs, lists, tables, code; joined, they are the text. Null where they
 * may hang together (footnotes, link definitions, HTML): then the library has to read all of it. Its reader took a third
 * of the time in which an answer is set, and up to a tenth of a second when it first ran.
 */
export function blocksOf(text: string): string[] | null {
  const blocks: string[] = [];
  let kind: Kind = "closed";
  let fence: string | null = null;
  let blankBefore = false;
  let blockStart = 0;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline + 1;
    const line = text.slice(start, newline === -1 ? end : newline);
    if (fence !== null) {
      if (closes(line, fence)) fence = null;
    } else {
      if (leavesWhole(line)) return null;
      const { kind: next, begins } = read(line, kind, blankBefore);
      if (begins && start > blockStart) {
        blocks.push(text.slice(blockStart, start));
        blockStart = start;
      }
      kind = next;
      fence = fenceOf(line);
      blankBefore = line.trim() === "";
    }
    start = end;
  }
  if (blockStart < text.length) blocks.push(text.slice(blockStart));
  return blocks;
}

/** What a line is part of after one of this kind, and whether that begins with it. Where it is not sure, it does not. */
function read(indented: string, before: Kind, blankBefore: boolean): { readonly kind: Kind; readonly begins: boolean } {
  // In a list, what is indented is part of it.
  const line = before === "list" ? indented : indented.replace(/^ {1,3}/, "");
  const goesOn = { kind: before, begins: false };
  if (line === "") return goesOn;
  const free = blankBefore || before === "closed";
  if (/^\s/.test(line)) return before === "closed" ? { kind: "text", begins: true } : goesOn;
  if (/^(?:#{1,6}(?:\s|$)|`{3}|~{3})/.test(line)) return { kind: "closed", begins: true };
  if (line.startsWith(">")) return { kind: "quote", begins: before !== "quote" };
  if (/^(?:[-*+]|\d{1,9}[.)])(?:\s|$)/.test(line)) {
    // Without an empty line before it, only a list that begins at its beginning is one; a bar may make it a table's line.
    const begins = free || (before === "text" && /^(?:[-*+]|1[.)]) +[^\s|]/.test(line));
    return { kind: "list", begins: before !== "list" && begins };
  }
  return free && !(before === "table" && line.startsWith("|"))
    ? { kind: line.startsWith("|") ? "table" : "text", begins: true }
    : goesOn;
}
