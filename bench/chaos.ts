/**
 * Chaos with real processes: `npm run chaos`. Every part of a cluster is killed, frozen, restarted and cut off in the
 * middle of answers, alone and in pairs, and every reader's history is checked. Writes docs/fault-report.md.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { allCases } from "../e2e/chaos/cases.ts";
import { startChaosWorld } from "../e2e/chaos/chaos-cluster.ts";
import { keepEvidence } from "../e2e/chaos/evidence.ts";
import { measure, plans } from "../e2e/chaos/measurements.ts";
import { type Report, readReport, reportPage } from "../e2e/chaos/report.ts";
import { type CaseResult, runCase } from "../e2e/chaos/run-case.ts";
import { root, say } from "../tools/command.ts";

const usage = `Faults of every kind under running answers, on a cluster of real processes.

  npm run chaos                          every case and every measurement (about an hour)
  npm run chaos -- --only TEXT           cases whose name contains the text; may be given again
  npm run chaos -- --from N --cases N    some of the cases, by number
  npm run chaos -- --measure             the measurements alone
  npm run chaos -- --streams N           readers a case (200)   --tokens N  tokens a second of an answer (8)
`;

const resultsFile = path.join(root, "docs", "fault-report.json");
const pageFile = path.join(root, "docs", "fault-report.md");

const text = { type: "string" as const };
const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    from: text,
    cases: text,
    streams: text,
    tokens: text,
    rounds: text,
    measure: { type: "boolean" },
    help: { type: "boolean" },
  },
});
if (values.help === true) say(usage);
else process.exitCode = (await main()) ? 0 : 1;

async function main(): Promise<boolean> {
  let isSound = true;
  if (values.measure !== true) isSound = await runCases();
  if (values.measure === true || (values.only === undefined && values.from === undefined)) await takeMeasurements();
  return isSound;
}

async function runCases(): Promise<boolean> {
  const streams = Number(values.streams ?? 200);
  const tokensPerSecond = Number(values.tokens ?? 8);
  const from = Number(values.from ?? 1) - 1;
  const chosen = allCases
    .slice(from, from + Number(values.cases ?? allCases.length))
    .filter(({ name }) => values.only === undefined || values.only.some((part) => name.includes(part)));
  const start = () => startChaosWorld(tokensPerSecond, { pods: 3, workers: 3 });
  let world = await start();
  let broken = 0;
  try {
    for (const [index, chaosCase] of chosen.entries()) {
      const startedMs = performance.now();
      const seed = allCases.indexOf(chaosCase) + 1;
      const { cluster } = world;
      const result = await runCase(cluster, chaosCase, { streams, seed, tokensPerSecond }).catch(
        (error: Error) => error,
      );
      if (result instanceof Error || result.examples.length > 0) {
        broken++;
        const folder = path.join(root, ".cache", "chaos", `${Date.now()}-${seed}`);
        await keepEvidence(cluster, folder);
        say(`${chaosCase.name}: what was seen is in ${path.relative(root, folder)}`);
        // The next case is not to suffer from what this one has left.
        await world.close();
        world = await start();
      }
      if (result instanceof Error) {
        say(`${index + 1}/${chosen.length} ${chaosCase.name}: did not come to an end: ${result.message}`);
        continue;
      }
      keep((report, stamp) => ({ ...report, cases: { ...report.cases, [result.name]: { ...result, ...stamp } } }));
      const seconds = Math.round((performance.now() - startedMs) / 1000);
      say(`${index + 1}/${chosen.length} ${lineOf(result)} (${seconds} s)`);
      for (const example of result.examples) say(`    ${example}`);
    }
  } finally {
    await world.close();
  }
  say(`${chosen.length} cases, ${broken} broken.`);
  return broken === 0;
}

async function takeMeasurements(): Promise<void> {
  const environment = { LOG_LEVEL: "info", SSE_CONNECTIONS_PER_USER: "100" };
  const world = await startChaosWorld(1, { pods: 3, workers: 3, linked: false, environment });
  try {
    for (const plan of plans.filter(
      ({ name }) => values.only === undefined || values.only.some((part) => name.includes(part)),
    )) {
      const result = await measure(world, plan, Number(values.rounds ?? 5));
      keep((report, stamp) => ({
        ...report,
        measurements: { ...report.measurements, [result.name]: { ...result, ...stamp } },
      }));
      const { name, samples, medianMs, p99Ms, slowestMs, aimMs } = result;
      say(
        `${name}: ${samples} samples, median ${medianMs}, 99 % ${p99Ms}, slowest ${slowestMs} ms (aim ${aimMs ?? "–"})`,
      );
    }
  } finally {
    await world.close();
  }
}

/** Written after each step, so that a run that is ended early has not been for nothing. */
function keep(change: (report: Report, stamp: { at: string; commit: string }) => Report): void {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
  const report = change(readReport(resultsFile), { at: new Date().toISOString(), commit });
  fs.writeFileSync(resultsFile, `${JSON.stringify(report, null, 1)}\n`);
  const machine = `${os.availableParallelism()} cores (${os.cpus()[0]?.model.trim() ?? "?"}), ${Math.round(os.totalmem() / 2 ** 30)} GiB`;
  fs.writeFileSync(
    pageFile,
    reportPage(
      report,
      allCases.map(({ name }) => name),
      machine,
    ),
  );
}

function lineOf(result: CaseResult): string {
  const { name, streams, kills, lost, repeated, contradicted, hanging } = result;
  const { takeOvers, slowestTakeOverMs, slowestResumeMs, longestPauseMs } = result;
  return (
    `${name}: ${streams} streams, ${kills} kills, ${lost} lost, ${repeated} repeated, ${contradicted} contradicted, ` +
    `${hanging} hanging; ${takeOvers} taken over, slowest ${slowestTakeOverMs} ms, resume ${slowestResumeMs} ms, pause ${longestPauseMs} ms`
  );
}
