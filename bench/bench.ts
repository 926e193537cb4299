/**
 * Speed, side by side: `npm run bench`. Every case against its yardsticks in the same run, rounds alternating, medians.
 * Prints one table and writes bench/results/DATE.json.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { root, say } from "../tools/command.ts";
import { type BenchCase, type Figures, median } from "./cases/case.ts";
import { delay } from "./cases/delay.ts";
import { deliver } from "./cases/deliver.ts";
import { growth } from "./cases/growth.ts";
import { history } from "./cases/history.ts";
import { idle } from "./cases/idle.ts";
import { pipeline } from "./cases/pipeline.ts";
import { providers } from "./cases/providers.ts";
import { resume } from "./cases/resume.ts";
import { start } from "./cases/start.ts";
import { turn } from "./cases/turn.ts";

const usage = `Speed against yardsticks, in one run on one machine.

  npm run bench                     three rounds, about ten minutes on two cores
  npm run bench -- --full           five rounds
  npm run bench -- --only NAME      cases whose name begins with it; may be given again
`;

const cases: readonly BenchCase[] = [
  deliver,
  pipeline("pipeline 400 × 20", { answers: 400, tokensPerSecond: 20, seconds: 4 }),
  pipeline("pipeline 80 × 100", { answers: 80, tokensPerSecond: 100, seconds: 4 }),
  turn,
  delay(50),
  delay(200),
  delay(400),
  delay(500),
  idle,
  resume,
  growth,
  providers,
  history,
  start,
];

type SideResult = { readonly name: string; readonly median: Figures; readonly rounds: readonly Figures[] };
type CaseResult = { readonly name: string; readonly what: string; readonly sides: readonly SideResult[] };

const { values } = parseArgs({
  options: { full: { type: "boolean" }, only: { type: "string", multiple: true }, help: { type: "boolean" } },
});
if (values.help === true) say(usage);
else await main(values.full === true ? 5 : 3, values.only);

async function main(rounds: number, only: readonly string[] | undefined): Promise<void> {
  const chosen = cases.filter(({ name }) => only === undefined || only.some((start) => name.startsWith(start)));
  const results: CaseResult[] = [];
  for (const benchCase of chosen) {
    const startedMs = performance.now();
    const result = await measured(benchCase, benchCase.rounds ?? rounds);
    results.push(result);
    say(tableOf(result, Math.round((performance.now() - startedMs) / 1_000)));
  }
  say(`Written to ${path.relative(root, keep(results))}.`);
}

/** The first round warms up and is not counted. */
async function measured(benchCase: BenchCase, rounds: number): Promise<CaseResult> {
  const { sides, close } = await benchCase.open();
  const figures = sides.map((): Figures[] => []);
  try {
    const all = benchCase.rounds === 1 ? 1 : rounds + 1;
    for (let round = 0; round < all; round++) {
      for (const [index, side] of sides.entries()) {
        const result = await side.measure();
        if (round > 0 || all === 1) figures[index]!.push(result);
      }
    }
  } finally {
    await close();
  }
  const { name, what } = benchCase;
  return { name, what, sides: sides.map((side, index) => sideResult(side.name, figures[index]!)) };
}

function sideResult(name: string, rounds: readonly Figures[]): SideResult {
  const names = Object.keys(rounds[0] ?? {});
  const middle = names.map((figure) => [figure, median(rounds.map((round) => round[figure] ?? Number.NaN))]);
  return { name, median: Object.fromEntries(middle) as Figures, rounds };
}

/** A line a figure: ours, then each yardstick with the ratio of ours to it. */
function tableOf({ name, what, sides }: CaseResult, seconds: number): string {
  const [ours, ...others] = sides;
  const lines = Object.keys(ours?.median ?? {}).map((figure) => {
    const own = ours?.median[figure] ?? Number.NaN;
    const rest = others.map((side) => {
      const value = side.median[figure] ?? Number.NaN;
      return `${side.name} ${shown(value)} (${shown(own / value)} ×)`;
    });
    return `  ${figure.padEnd(28)} ${ours?.name} ${shown(own).padEnd(10)} ${rest.join(" · ")}`;
  });
  return [`${name}: ${what} (measured in ${seconds} s)`, ...lines, ""].join("\n");
}

function shown(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(digits);
}

function keep(results: readonly CaseResult[]): string {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
  const folder = path.join(root, "bench", "results");
  fs.mkdirSync(folder, { recursive: true });
  const at = new Date().toISOString();
  const file = path.join(folder, `${at.slice(0, 10)}.json`);
  const machine = { cores: os.availableParallelism(), model: os.cpus()[0]?.model ?? "", memoryBytes: os.totalmem() };
  const loadBefore = os.loadavg()[0];
  fs.writeFileSync(file, `${JSON.stringify({ at, commit, machine, loadBefore, results }, null, 1)}\n`);
  return file;
}
