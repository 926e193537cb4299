import os from "node:os";
import { parseArgs } from "node:util";
import { runPlainSchedule, runSchedule } from "../packages/stream/sim/index.ts";
import type { BrokenSeed, SeedReport } from "../packages/stream/sim/seed-process.ts";
import { runSeeds } from "../packages/stream/sim/seed-processes.ts";

const usage = `The deterministic simulation of the stream: pods, workers, readers and services under random faults.

  npm run sim -- --seeds N [--seed S] [--processes T]   run the N schedules of the seeds from S on (S: 1)
  npm run sim -- --seed S                             run one schedule and print its story
  --plain                                             third parties' workflows answer, which know nothing of journals
`;

type World = "journaled" | "plain";

type Totals = {
  schedules: number;
  steps: number;
  virtualMs: number;
  broken: BrokenSeed[];
  faults: Map<string, number>;
};

/** Runs one schedule and prints everything that happened in it; true when no rule was broken. */
async function tellStory(seed: number, world: World): Promise<boolean> {
  const run = world === "plain" ? runPlainSchedule : runSchedule;
  const { story, violations, steps, durationMs, fingerprint } = await run(seed, { story: true });
  print(story.join("\n"));
  print(
    `seed ${seed}: ${steps} steps, ${(durationMs / 1000).toFixed(1)} s of virtual time, fingerprint ${fingerprint}`,
  );
  for (const { atMs, rule, what } of violations) print(`BROKEN at ${atMs} ms: ${rule}: ${what}`);
  return violations.length === 0;
}

async function runMany(first: number, seeds: number, processes: number, world: World): Promise<boolean> {
  const totals: Totals = { schedules: 0, steps: 0, virtualMs: 0, broken: [], faults: new Map() };
  const startedMs = performance.now();
  let toldMs = startedMs;
  const hear = (report: SeedReport) => {
    add(totals, report);
    for (const { seed, rule, what } of report.broken) print(`seed ${seed} breaks ${rule}: ${what}`);
    if (performance.now() - toldMs < 10_000) return;
    toldMs = performance.now();
    print(`${totals.schedules} of ${seeds}, ${rate(totals, startedMs)} a second, ${totals.broken.length} broken`);
  };
  const tasks = Array.from({ length: processes }, (_, index) => {
    const count = Math.ceil((seeds - index) / processes);
    const whole = { mutant: null, isRuleOff: false, untilBroken: false };
    return { first: first + index, stride: processes, count, world, ...whole };
  });
  await Promise.all(tasks.filter(({ count }) => count > 0).map((task) => runSeeds(task, hear)));
  printTotals(totals, startedMs);
  const [worst] = totals.broken.sort((one, other) => one.seed - other.seed);
  if (worst === undefined) return true;
  await tellStory(worst.seed, world);
  return false;
}

function add(totals: Totals, report: SeedReport): void {
  totals.schedules += report.schedules;
  totals.steps += report.steps;
  totals.virtualMs += report.virtualMs;
  totals.broken.push(...report.broken);
  for (const [kind, times] of report.faults) totals.faults.set(kind, (totals.faults.get(kind) ?? 0) + times);
}

function rate({ schedules }: Totals, startedMs: number): number {
  return Math.round(schedules / ((performance.now() - startedMs) / 1000));
}

function printTotals(totals: Totals, startedMs: number): void {
  const { schedules, steps, virtualMs, broken, faults } = totals;
  const seconds = (performance.now() - startedMs) / 1000;
  print(
    `${schedules} schedules, ${steps} steps, ${(virtualMs / 3_600_000).toFixed(1)} h of virtual time in ` +
      `${seconds.toFixed(1)} s: ${rate(totals, startedMs)} schedules a second. ${broken.length} broke a rule.`,
  );
  for (const [kind, times] of [...faults].sort(([one], [other]) => one.localeCompare(other))) {
    print(`  ${kind.padEnd(20)} ${times}`);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function wholeNumber(text: string | undefined, otherwise: number): number {
  const number = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(number) || number < 1) throw new RangeError(`"${text}" is not a whole number from 1 on`);
  return number;
}

async function main(): Promise<void> {
  const string = { type: "string" as const };
  const { values } = parseArgs({
    options: { seeds: string, seed: string, processes: string, plain: { type: "boolean" }, help: { type: "boolean" } },
  });
  if (values.help === true || (values.seed === undefined && values.seeds === undefined)) return print(usage);
  const seed = wholeNumber(values.seed, 1);
  const processes = wholeNumber(values.processes, os.availableParallelism());
  const world = values.plain === true ? "plain" : "journaled";
  const isSound =
    values.seeds === undefined
      ? await tellStory(seed, world)
      : await runMany(seed, wholeNumber(values.seeds, 1), processes, world);
  if (!isSound) process.exitCode = 1;
}

await main();
