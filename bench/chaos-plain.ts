/**
 * Thirty answers of a third party's workflow, with chunks lost and pods and servers killed in the middle of them:
 * `npm run chaos:plain`. Every answer must end and every session go on.
 */
import { faults, plainCases } from "../e2e/plain/cases.ts";
import { type PlainResult, runPlainCases } from "../e2e/plain/run-cases.ts";
import { startPlainWorld } from "../e2e/plain/world.ts";
import { say } from "../tools/command.ts";

process.exitCode = (await main()) ? 0 : 1;

async function main(): Promise<boolean> {
  const world = await startPlainWorld();
  const results: PlainResult[] = [];
  try {
    for (const fault of faults) {
      const run = await runPlainCases(
        world,
        plainCases.filter((plainCase) => plainCase.fault === fault),
      );
      for (const result of run) say(lineOf(result));
      results.push(...run);
    }
  } finally {
    await world.close();
  }
  const broken = results.filter(({ problems }) => problems.length > 0);
  say(`${results.length} cases, ${broken.length} with problems.`);
  return broken.length === 0;
}

function lineOf({ name, status, error, tookMs, problems }: PlainResult): string {
  const how = error === null ? status : `${status} (${error})`;
  const flaws = problems.length === 0 ? "the session goes on" : problems.join("; ");
  return `${name.padEnd(44)} ${how.padEnd(32)} ${(tookMs / 1000).toFixed(1).padStart(5)} s  ${flaws}`;
}
