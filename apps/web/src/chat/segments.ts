/** A segment is closed at the first safe place after this many characters. */
const segmentCharacters = 3_000;

/**
 * Cuts Markdown into pieces that can be set one by one, so that a long answer is not read from its start with every
 * word that arrives. A longer text begins with the same pieces as its beginning did: all but the last are settled.
 * A cut is made before a paragraph or heading at the line's start, after an empty line, outside of code; texts that
 * refer across paragraphs (footnotes, link definitions) or contain HTML or formulas are left whole from there on.
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

  /** The pieces of a text; joined, they are the text. */
  update(text: string): readonly string[] {
    if (!text.startsWith(this.#last.slice(0, this.#scanned))) this.#restart();
    this.#last = text;
    this.#scan(text);
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

  #scan(text: string): void {
    // Only whole lines are judged: the beginning of one says too little.
    for (let end = text.indexOf("\n", this.#scanned); end !== -1; end = text.indexOf("\n", this.#scanned)) {
      this.#line(text, this.#scanned, text.slice(this.#scanned, end));
      this.#scanned = end + 1;
    }
  }

  #line(text: string, start: number, line: string): void {
    const fence = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (this.#fence !== null) {
      const closes = fence?.startsWith(this.#fence) === true && /^\s*[`~]+\s*$/.test(line);
      if (closes) this.#fence = null;
      return;
    }
    if (fence === undefined && leavesWhole(line)) this.#whole = true;
    const long = start - this.#settledCharacters >= segmentCharacters;
    if (long && this.#blankBefore && !this.#whole && beginsParagraph(line)) {
      this.#settled.push(text.slice(this.#settledCharacters, start));
      this.#settledCharacters = start;
    }
    if (fence !== undefined) this.#fence = fence;
    this.#blankBefore = line.trim() === "";
  }
}

function beginsParagraph(line: string): boolean {
  return /^(#{1,6} |[\p{L}"'“‘*_[(])/u.test(line) && !/^[*_] /.test(line) && !/^[a-z0-9]+[.)] /i.test(line);
}

function leavesWhole(line: string): boolean {
  return /^ {0,3}(<[a-z!/]|\[[^\]]+\]:|\$\$)/i.test(line) || line.includes("[^") || line.includes("][");
}
