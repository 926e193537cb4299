/**
 * The one gate: `npm test`, or `npm test -- FILTER…` for the test files whose path contains a filter and nothing else.
 * The last line is `N passed, N failed`.
 */
import fs from "node:fs";
import path from "node:path";
import { printChecks, runChecks } from "./check.ts";
import { chromiumPath } from "./chromium.ts";
import { root, runPackageProgram, say } from "./command.ts";
import { buildPageIfStale } from "./page.ts";
import { type Tally, tallyOfReport } from "./test-report.ts";

const testLimitMs = 45 * 60_000;

const filters = process.argv.slice(2);
const tallies: Tally[] = [];

try {
  if (filters.length === 0) await check();
  const needsBrowser = hasBrowserTests();
  if (filters.length === 0 || needsBrowser) await buildPageIfStale();
  const environment: Record<string, string> = needsBrowser ? { CHROMIUM_PATH: await chromiumPath() } : {};
  tallies.push(await runTests(environment));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  tallies.push({ passed: 0, failed: 1 });
}
const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
say(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function check(): Promise<void> {
  say("Checking types and style …");
  const checks = await runChecks();
  printChecks(checks);
  for (const { passed: isGood } of checks) tallies.push({ passed: isGood ? 1 : 0, failed: isGood ? 0 : 1 });
}

function hasBrowserTests(): boolean {
  const files = fs.globSync("{packages,apps,tools,e2e}/**/*.browser.test.{ts,tsx}", {
    cwd: root,
    exclude: (entry) => entry === "node_modules" || entry.endsWith("/node_modules"),
  });
  return files.some((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
}

async function runTests(environment: Record<string, string>): Promise<Tally> {
  const reportFile = path.join(root, ".cache", `test-report-${process.pid}.json`);
  fs.mkdirSync(path.dirname(reportFile), { recursive: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
  const result = await runPackageProgram("vitest/vitest.mjs", ["run", ...reporters, ...filters], {
    environment,
    output: "show",
    limitMs: testLimitMs,
  });
  const report = fs.existsSync(reportFile) ? fs.readFileSync(reportFile, "utf8") : null;
  fs.rmSync(reportFile, { force: true });
  return tallyOfReport(report, result.code);
}
