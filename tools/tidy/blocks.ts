import { blank } from "./blank.ts";
import { lineAt } from "./source.ts";

/** A pair of braces in a program; offsets of both, and whether it is the body of a function. */
export type Block = {
  readonly start: number;
  readonly end: number;
  readonly isFunction: boolean;
  readonly depth: number;
};

const notFunctions = new Set(["if", "for", "while", "switch", "catch", "with"]);
/** The longest return type looked back over. */
const returnTypeCharacters = 400;

/** All blocks of a program, inner ones first. Braces in comments and strings do not count. */
export function blocksOf(text: string): { readonly code: string; readonly blocks: readonly Block[] } {
  const code = blank(text, "comments and strings");
  const open: { start: number; isFunction: boolean }[] = [];
  const blocks: Block[] = [];
  for (const { 0: brace, index } of code.matchAll(/[{}]/g)) {
    if (brace === "{") {
      open.push({ start: index, isFunction: opensFunction(code, index) });
      continue;
    }
    const block = open.pop();
    if (block !== undefined) blocks.push({ ...block, end: index, depth: open.length });
  }
  return { code, blocks };
}

export type FunctionSize = { readonly line: number; readonly lines: number };

/** Lines of each function, those of the functions inside it not counted: a closure is measured by itself. */
export function functionSizes(text: string): FunctionSize[] {
  const { code, blocks } = blocksOf(text);
  const functions = blocks.filter((block) => block.isFunction);
  return functions.map((outer) => {
    const startLine = lineAt(code, outer.start);
    const inner = functions.filter((other) => other.start > outer.start && other.end < outer.end);
    const outermost = inner.filter((one) => !inner.some((other) => other.start < one.start && other.end > one.end));
    const innerLines = outermost.reduce((sum, one) => sum + lineAt(code, one.end) - lineAt(code, one.start), 0);
    return { line: startLine, lines: lineAt(code, outer.end) - startLine + 1 - innerLines };
  });
}

/** The code outside of all blocks, everything else blanked. */
export function topLevelCode(text: string): string {
  const { code, blocks } = blocksOf(text);
  let result = code;
  for (const block of blocks) {
    if (block.depth > 0) continue;
    const inside = result.slice(block.start + 1, block.end).replace(/[^\n]/g, " ");
    result = result.slice(0, block.start + 1) + inside + result.slice(block.end);
  }
  return result;
}

function opensFunction(code: string, braceIndex: number): boolean {
  const head = code.slice(0, braceIndex).trimEnd();
  if (head.endsWith("=>")) return true;
  if (head.endsWith(")")) return isParameterList(head);
  const returnType = /\)(\s*:[^=()]*)$/.exec(head.slice(-returnTypeCharacters))?.[1];
  return returnType !== undefined && isParameterList(head.slice(0, head.length - returnType.length));
}

/** Whether the parentheses at the end of the text are a function's, judged by the word in front of them. */
function isParameterList(text: string): boolean {
  let depth = 0;
  for (let at = text.length - 1; at >= 0; at--) {
    if (text[at] === ")") depth++;
    else if (text[at] === "(") depth--;
    if (depth > 0) continue;
    const word = /([\w$#]+)\s*(?:<[^()]*>\s*)?$/.exec(text.slice(Math.max(0, at - 100), at))?.[1];
    return word === undefined || !notFunctions.has(word);
  }
  return false;
}
