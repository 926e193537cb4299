/** What is replaced by blanks, so that lines and columns stay where they are. */
export type Blanked = "comments" | "comments and strings";

/** A `/` after one of these begins a regular expression; after anything else it divides, or closes a tag. */
const beforeExpression =
  /(?:^|=>|[(,=:[!&|?{;+\-*%~^]|\b(?:return|typeof|case|in|of|delete|throw|else|yield|await)) ?$/;
const rememberedCharacters = 24;

/**
 * Blanks comments, and strings where asked, in TypeScript. A scanner, not a parser: it knows strings, templates with
 * their nested expressions, regular expressions and comments, which is all that keeps prose apart from code.
 */
export function blank(text: string, what: Blanked): string {
  return new Scanner(text, what === "comments and strings").run();
}

class Scanner {
  readonly #text: string;
  readonly #blankStrings: boolean;
  readonly #out: string[] = [];
  /** Depth of braces at which each open template goes on as text again. */
  readonly #templates: number[] = [];
  #depth = 0;
  #at = 0;
  /** The last code before this place, white space drawn together. */
  #before = "";

  constructor(text: string, blankStrings: boolean) {
    this.#text = text;
    this.#blankStrings = blankStrings;
  }

  run(): string {
    while (this.#at < this.#text.length) this.#step();
    return this.#out.join("");
  }

  #step(): void {
    const two = this.#text.slice(this.#at, this.#at + 2);
    const one = two[0]!;
    if (two === "//") this.#blankTo(this.#endOfLine());
    else if (two === "/*") this.#blankTo(this.#after("*/", this.#at + 2));
    else if (one === '"' || one === "'") this.#string(one);
    else if (one === "`") this.#template();
    else if (one === "/" && this.#expressionMayBegin()) this.#regularExpression();
    else if (one === "{" || one === "}") this.#brace(one);
    else this.#plain();
  }

  #plain(): void {
    const special = /["'`{}/]/g;
    special.lastIndex = this.#at + 1;
    this.#copyTo(special.exec(this.#text)?.index ?? this.#text.length);
  }

  #brace(brace: "{" | "}"): void {
    this.#copyTo(this.#at + 1);
    this.#depth += brace === "{" ? 1 : -1;
    if (brace === "}" && this.#templates.at(-1) === this.#depth) {
      this.#templates.pop();
      this.#templateText();
    }
  }

  #string(quote: string): void {
    let end = this.#at + 1;
    while (end < this.#text.length && this.#text[end] !== quote && this.#text[end] !== "\n") {
      end += this.#text[end] === "\\" ? 2 : 1;
    }
    this.#quoted(Math.min(end + (this.#text[end] === quote ? 1 : 0), this.#text.length), 1);
  }

  #template(): void {
    this.#copyTo(this.#at + 1);
    this.#templateText();
  }

  /** From inside a template to its end, or to the expression in it. */
  #templateText(): void {
    let end = this.#at;
    while (end < this.#text.length && this.#text[end] !== "`") {
      if (this.#text[end] === "$" && this.#text[end + 1] === "{") {
        this.#quoted(end, 0);
        this.#copyTo(end + 2);
        this.#templates.push(this.#depth);
        this.#depth++;
        return;
      }
      end += this.#text[end] === "\\" ? 2 : 1;
    }
    this.#quoted(Math.min(end, this.#text.length), 0);
    if (this.#at < this.#text.length) this.#copyTo(this.#at + 1);
  }

  #regularExpression(): void {
    let end = this.#at + 1;
    let inClass = false;
    while (end < this.#text.length && this.#text[end] !== "\n" && (inClass || this.#text[end] !== "/")) {
      if (this.#text[end] === "[") inClass = true;
      else if (this.#text[end] === "]") inClass = false;
      end += this.#text[end] === "\\" ? 2 : 1;
    }
    if (this.#text[end] === "/") this.#quoted(end + 1, 1);
    else this.#copyTo(this.#at + 1);
  }

  #expressionMayBegin(): boolean {
    return beforeExpression.test(this.#before);
  }

  /** Takes what lies before `end`, blanked where strings are; `quotes` of it stay at either side. */
  #quoted(end: number, quotes: 0 | 1): void {
    if (this.#blankStrings) {
      this.#copyTo(this.#at + quotes);
      this.#blankTo(end - quotes);
    }
    this.#copyTo(end);
  }

  #copyTo(end: number): void {
    const piece = this.#text.slice(this.#at, end);
    this.#out.push(piece);
    this.#before = (this.#before + piece.slice(-4 * rememberedCharacters))
      .replace(/\s+/g, " ")
      .slice(-rememberedCharacters);
    this.#at = Math.max(this.#at, end);
  }

  #blankTo(end: number): void {
    this.#out.push(this.#text.slice(this.#at, end).replace(/[^\n]/g, " "));
    this.#at = Math.max(this.#at, end);
  }

  #endOfLine(): number {
    const end = this.#text.indexOf("\n", this.#at);
    return end === -1 ? this.#text.length : end;
  }

  #after(mark: string, from: number): number {
    const end = this.#text.indexOf(mark, from);
    return end === -1 ? this.#text.length : end + mark.length;
  }
}
