/** A segment is closed at the first safe place after this many characters. */
const segmentCharacters = 1_500;

/**
 * Cuts Markdown into pieces that can be set one by one, so that a long answer is not read from its start with every
 * word that arrives. A longer text begins with the same pieces as its beginning did: all but the last are settled.
 * A cut is made before a paragraph or heading at the line's start, after an empty line, outside of code and formulas;
 * texts that refer across paragraphs (footnotes, link definitions) or contain HTML are left whole from there on.
 * A piece in which another worker went on (`joins`, places in the text) ends at the first safe place, however short.
 */
export class Segmenter {
  #settled: string[] = [];
  #settledCharacters = 0;
  /** Where the search goes on, and what it knew there. */
  #scanned = 0;
  #fence: string | null = null;
  #blankBefore = false;
  #whole = false;
  #last = "";

  /** The pieces of a text; joined, they are the text. `joins` may only grow while the text does. */
  update(text: string, joins: readonly number[] = []): readonly string[] {
    if (!text.startsWith(this.#last.slice(0, this.#scanned))) this.#restart();
    this.#last = text;
    this.#scan(text, joins);
    return [...this.#settled, text.slice(this.#settledCharacters)];
  }

  #restart(): void {
    this.#settled = [];
    this.#settledCharacters = 0;
    this.#scanned = 0;
    this.#fence = null;
    this.#blankBefore = false;
    this.#whole = false;
  }

  #scan(text: string, joins: readonly number[]): void {
    // Only whole lines are judged: the beginning of one says too little.
    for (let end = text.indexOf("\n", this.#scanned); end !== -1; end = text.indexOf("\n", this.#scanned)) {
      this.#line(text, this.#scanned, text.slice(this.#scanned, end), joins);
      this.#scanned = end + 1;
    }
  }

  #line(text: string, start: number, line: string, joins: readonly number[]): void {
    const fence = fenceOf(line);
    if (this.#fence !== null) {
      if (closes(line, this.#fence)) this.#fence = null;
      return;
    }
    if (fence === null && leavesWhole(line)) this.#whole = true;
    const due = start - this.#settledCharacters >= segmentCharacters || this.#joined(start, joins);
    if (due && this.#blankBefore && !this.#whole && beginsParagraph(line)) {
      this.#settled.push(text.slice(this.#settledCharacters, start));
      this.#settledCharacters = start;
    }
    this.#fence = fence;
    this.#blankBefore = line.trim() === "";
  }

  #joined(start: number, joins: readonly number[]): boolean {
    return joins.some((join) => join > this.#settledCharacters && join <= start);
  }
}

/** What a line opens that must stay whole: code, or a formula of several lines. */
function fenceOf(line: string): string | null {
  const code = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
  if (code !== undefined) return code;
  const formula = /^\s*(\$\$|\\\[)/.exec(line)?.[1];
  if (formula === undefined) return null;
  const rest = line.trim().slice(2);
  return rest.includes(formula === "$$" ? "$$" : "\\]") ? null : formula;
}

function closes(line: string, fence: string): boolean {
  if (fence === "$$") return line.includes("$$");
  if (fence === "\\[") return line.includes("\\]");
  const marks = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
  return marks?.startsWith(fence) === true && /^\s*[`~]+\s*$/.test(line);
}

function beginsParagraph(line: string): boolean {
  return /^(#{1,6} |[\p{L}"'“‘*_[(])/u.test(line) && !/^[*_] /.test(line) && !/^[a-z0-9]+[.)] /i.test(line);
}

function leavesWhole(line: string): boolean {
  return /^ {0,3}(<[a-z!/]|\[[^\]]+\]:)/i.test(line) || line.includes("[^") || line.includes("][");
}
