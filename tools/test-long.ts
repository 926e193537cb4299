/**
 * What takes too long for the gate: `npm run test:long`, or `npm run test:long -- NAME…` for some of it. Writes what came
 * of it, with the day and the commit, into docs/long-tests.json.
 */
import fs from "node:fs";
import path from "node:path";
import { chromiumPath } from "./chromium.ts";
import { type CommandResult, root, runCommand, runPackageProgram, say } from "./command.ts";
import { buildPageIfStale } from "./page.ts";

type LongTest = { readonly name: string; readonly what: string; readonly run: () => Promise<CommandResult> };

const limitMs = 60 * 60_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours begin with
const colours = /\u001b\[[0-9;]*m/g;
const resultFile = path.join(root, "docs/long-tests.json");

const tests: readonly LongTest[] = [
  {
    name: "files",
    what: "every *.long.test.ts",
    async run() {
      await buildPageIfStale();
      const environment = { CHROMIUM_PATH: await chromiumPath() };
      return runPackageProgram("vitest/vitest.mjs", ["run", "--project=long"], {
        environment,
        output: "keep",
        limitMs,
      });
    },
  },
  script("simulation", "100,000 schedules of the heart", ["sim", "--", "--seeds", "100000", "--seed", "100001"]),
  script("plain", "50,000 schedules of plain workflows", [
    "sim",
    "--",
    "--plain",
    "--seeds",
    "50000",
    "--seed",
    "50001",
  ]),
  script("plain-chaos", "a third party's workflow through 30 cases with real servers", ["chaos:plain"]),
  script("deployment", "what compose starts, ten times with ten sets of secrets", ["deployment"]),
  script("strangers", "bodies without a cookie, requests that never come whole", ["strangers"]),
];

const commit = (await runCommand("git", ["rev-parse", "--short", "HEAD"], { output: "keep" })).output.trim();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !tests.some((test) => test.name === name));
if (unknown.length > 0) {
  say(`There is no long test ${unknown.join(", ")}; there are ${tests.map(({ name }) => name).join(", ")}.`);
  process.exitCode = 1;
} else {
  const results = readResults();
  let failed = 0;
  for (const { name, what, run } of tests.filter((test) => wanted.length === 0 || wanted.includes(test.name))) {
    say(`${name}: ${what} …`);
    const startedMs = performance.now();
    const { code, output } = await run();
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    if (code !== 0) failed++;
    const said = output.replaceAll(colours, "").trim().split("\n").slice(-12);
    results[name] = { what, passed: code === 0, seconds, day: new Date().toISOString().slice(0, 10), commit, said };
    say(`${said.join("\n")}\n${name}: ${code === 0 ? "passed" : "failed"} in ${seconds} s\n`);
    fs.writeFileSync(resultFile, `${JSON.stringify(results, null, 2)}\n`);
  }
  process.exitCode = failed === 0 ? 0 : 1;
}

function script(name: string, what: string, words: readonly string[]): LongTest {
  return { name, what, run: () => runCommand("npm", ["run", "--silent", ...words], { output: "keep", limitMs }) };
}

function readResults(): Record<string, unknown> {
  return fs.existsSync(resultFile) ? JSON.parse(fs.readFileSync(resultFile, "utf8")) : {};
}
