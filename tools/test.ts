/**
 * The one gate: `npm test`. `npm test -- FILTER…` runs the test files whose path contains a filter and nothing else;
 * `npm test -- --quick` runs what needs no server: types, style, structure, unit tests, properties, 300 schedules of the
 * simulation. The last line is `N passed, N failed`.
 */
import fs from "node:fs";
import path from "node:path";
import { printChecks, runChecks } from "./check.ts";
import { chromiumPath } from "./chromium.ts";
import { root, runPackageProgram, say } from "./command.ts";
import { buildPageIfStale } from "./page.ts";
import { type Tally, tallyOfReport } from "./test-report.ts";

const testLimitMs = 45 * 60_000;

type Lane = {
  readonly name: string;
  readonly projects: readonly string[];
  /** Only one lane at a time may write where somebody reads along. */
  readonly output: "show" | "keep";
};

/**
 * What runs side by side. A browser test waits for its browser more than half of the time, a cluster's for its servers;
 * one of each at once uses two cores, where two of a kind would be late for each other.
 */
const lanes: readonly Lane[] = [
  { name: "parts and clusters", projects: ["parts", "clusters"], output: "show" },
  { name: "browsers", projects: ["browsers"], output: "keep" },
];
const filteredLane: Lane = { name: "chosen", projects: ["parts", "clusters", "browsers"], output: "show" };
const quickLane: Lane = { name: "quick", projects: ["quick"], output: "show" };

const isQuick = process.argv.includes("--quick");
const filters = process.argv.slice(2).filter((argument) => argument !== "--quick");

const tallies: Tally[] = [];
const startedMs = performance.now();
try {
  tallies.push(...(await run()));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  tallies.push({ passed: 0, failed: 1 });
}
const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
say(`All of it took ${Math.round((performance.now() - startedMs) / 1000)} s.`);
say(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function run(): Promise<readonly Tally[]> {
  if (isQuick) {
    // The page's own checks of its built files are not among the quick ones.
    const [checks, tests] = await Promise.all([check(), runLane(quickLane, {})]);
    return [...checks, tests];
  }
  if (filters.length > 0) {
    const needsBrowser = hasBrowserTests();
    if (needsBrowser) await buildPageIfStale();
    return [await runLane(filteredLane, needsBrowser ? await browserEnvironment() : {})];
  }
  const checks = await check();
  const [, environment] = await Promise.all([buildPageIfStale(), browserEnvironment()]);
  return [...checks, ...(await Promise.all(lanes.map((lane) => runLane(lane, environment))))];
}

async function check(): Promise<readonly Tally[]> {
  say("Checking types and style …");
  const checks = await runChecks();
  printChecks(checks);
  return checks.map(({ passed: isGood }) => ({ passed: isGood ? 1 : 0, failed: isGood ? 0 : 1 }));
}

async function browserEnvironment(): Promise<Record<string, string>> {
  return { CHROMIUM_PATH: await chromiumPath() };
}

function hasBrowserTests(): boolean {
  const files = fs.globSync("{packages,apps,tools,e2e}/**/*.browser.test.{ts,tsx}", {
    cwd: root,
    exclude: (entry) => entry === "node_modules" || entry.endsWith("/node_modules"),
  });
  return files.some((file) => filters.some((filter) => file.includes(filter)));
}

async function runLane({ name, projects, output }: Lane, environment: Record<string, string>): Promise<Tally> {
  const reportFile = path.join(root, ".cache", `test-report-${process.pid}-${projects[0]}.json`);
  fs.mkdirSync(path.dirname(reportFile), { recursive: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
  const chosen = projects.map((project) => `--project=${project}`);
  const result = await runPackageProgram("vitest/vitest.mjs", ["run", ...chosen, ...reporters, ...filters], {
    environment,
    output,
    limitMs: testLimitMs,
  });
  if (output === "keep") say(`\nMeanwhile, ${name}:\n${result.output.trimEnd()}`);
  const report = fs.existsSync(reportFile) ? fs.readFileSync(reportFile, "utf8") : null;
  fs.rmSync(reportFile, { force: true });
  return tallyOfReport(report, result.code);
}
