import { functionSizes, topLevelCode } from "./blocks.ts";
import { isProgram, isTest, matches, type Rule, type SourceFile } from "./source.ts";

export const fileLinesMost = 600;
export const functionLinesMost = 70;
export const medianLinesMost = 170;

export const noLongFile: Rule = (files) =>
  files
    .filter((file) => isProgram(file) && lines(file) > fileLinesMost)
    .map((file) => ({ path: file.path, line: 0, message: `${lines(file)} lines; ${fileLinesMost} are the most` }));

export const noLongFunction: Rule = (files) =>
  files.filter(isProgram).flatMap((file) =>
    functionSizes(file.text)
      .filter((size) => size.lines > functionLinesMost)
      .map((size) => ({
        path: file.path,
        line: size.line,
        message: `a function of ${size.lines} lines; ${functionLinesMost} are the most`,
      })),
  );

/** Half of the server side's files are short. */
export const medianFileIsShort: Rule = (files) => {
  const counts = files
    .filter(isServerSource)
    .map(lines)
    .sort((a, b) => a - b);
  const median = counts[Math.floor(counts.length / 2)] ?? 0;
  if (median < medianLinesMost) return [];
  return [
    {
      path: "packages, apps",
      line: 0,
      message: `the median file has ${median} lines; under ${medianLinesMost} is the aim`,
    },
  ];
};

const actsOnImport =
  /\bawait\b|\b(?:readFileSync|writeFileSync|mkdirSync|existsSync|readdirSync|spawn|spawnSync|execFileSync|fetch|connect|createServer|createConnection|setInterval|setTimeout)\s*\(|\.\s*(?:listen|connect|query)\s*\(|\bnew\s+(?:Pool|Client|Redis|WebSocket|EventSource|Worker)\s*\(/g;

/** Importing a module of the product does nothing but define: what acts stands in a function. */
export const importingDoesNothing: Rule = (files) =>
  files
    .filter((file) => isServerSource(file) || /^packages\/client\/src\//.test(file.path))
    .flatMap((file) => {
      const code = topLevelCode(file.text).replace(/^if \(import\.meta\.main\).*$/gm, "");
      return matches(file, arrowBodiesBlanked(code), actsOnImport, (match) => `${match.trim()} runs on import`);
    });

/** An arrow function without braces acts when it is called, too. */
function arrowBodiesBlanked(code: string): string {
  return code.replace(/=>\s*[^;{]*;/g, (body) => body.replace(/[^\n]/g, " "));
}

function isServerSource(file: SourceFile): boolean {
  const server = /^packages\/(?:protocol|stream|chat|adapters)\/src\/|^apps\/(?:backend|workflow|all-in-one)\/src\//;
  return isProgram(file) && !isTest(file) && server.test(file.path);
}

function lines(file: SourceFile): number {
  return file.text.split("\n").length - (file.text.endsWith("\n") ? 1 : 0);
}
