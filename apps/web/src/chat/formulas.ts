/** A formula between single dollars on one line: nothing blank inside the dollars, and no price ("$5 and $10"). */
const singleDollars = /(?<![\\$])\$(?=[^\s$])((?:\\.|[^$\n\\])*?[^\s$\\]|[^\s$\\])\$(?![\p{L}\d$])/gu;
const roundBrackets = /\\\((.+?)\\\)/g;
const squareBrackets = /\\\[(.+?)\\\]/g;
/** A formula that stands on a line alone, in either writing. */
const aloneOnLine = /^(\s*)(?:\$\$(.+)\$\$|\\\[(.+)\\\])[ \t]*$/;
const squareOpen = /^(\s*)\\\[[ \t]*$/;
const squareClose = /^(\s*)\\\][ \t]*$/;

/** Whether a text may hold a formula; cheap, and wrong now and then in favour of "yes". */
export function mayHoldFormulas(text: string): boolean {
  return text.includes("$") || text.includes("\\(") || text.includes("\\[");
}

/**
 * Writes every formula between double dollars, which is the one form the Markdown reader takes without mistaking
 * prices for formulas. Models write `$…$`, `\(…\)`, `\[…\]` and `$$…$$` alike. Code is left as it is.
 */
export function markFormulas(text: string): string {
  if (!mayHoldFormulas(text)) return text;
  let fence: string | null = null;
  const lines = text.split("\n").map((line) => {
    const marks = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence !== null) {
      if (marks?.startsWith(fence) === true && /^\s*[`~]+\s*$/.test(line)) fence = null;
      return line;
    }
    if (marks !== undefined) {
      fence = marks;
      return line;
    }
    return markLine(line);
  });
  return lines.join("\n");
}

function markLine(line: string): string {
  if (!mayHoldFormulas(line) && !line.includes("\\]")) return line;
  const alone = aloneOnLine.exec(line);
  const formula = alone?.[2] ?? alone?.[3];
  if (alone !== null && formula !== undefined && !formula.includes("$$")) {
    const indent = alone[1] ?? "";
    return `${indent}$$\n${indent}${formula.trim()}\n${indent}$$`;
  }
  if (squareOpen.test(line)) return line.replace(squareOpen, "$1$$$$");
  if (squareClose.test(line)) return line.replace(squareClose, "$1$$$$");
  // What stands between backticks is code.
  return line
    .split(/(`+[^`]*`+)/)
    .map((piece, index) => (index % 2 === 1 ? piece : markPiece(piece)))
    .join("");
}

function markPiece(piece: string): string {
  const double = (_whole: string, formula: string) => `$$${formula.trim()}$$`;
  return piece.replace(roundBrackets, double).replace(squareBrackets, double).replace(singleDollars, double);
}
