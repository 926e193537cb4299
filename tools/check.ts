/** The checks that run no code: types and style. `npm run check`. */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { root, runPackageProgram, say } from "./command.ts";

export type Check = { readonly name: string; readonly passed: boolean; readonly output: string };

/** Checks the types of the server side and of the page, and the style of everything. */
export async function runChecks(): Promise<readonly Check[]> {
  const projects = ["tsconfig.json", "apps/web/tsconfig.json"].filter((file) => fs.existsSync(path.join(root, file)));
  return Promise.all([
    check("types", async () => {
      const results = [];
      for (const project of projects) {
        results.push(
          await runPackageProgram("typescript/bin/tsc", ["--pretty", "false", "-p", project], { output: "keep" }),
        );
      }
      return results;
    }),
    check("style", async () => [
      await runPackageProgram("@biomejs/biome/bin/biome", ["check", "--colors=off", "--max-diagnostics=50"], {
        output: "keep",
      }),
    ]),
  ]);
}

async function check(name: string, run: () => Promise<{ code: number; output: string }[]>): Promise<Check> {
  const results = await run();
  const failed = results.filter((result) => result.code !== 0);
  return { name, passed: failed.length === 0, output: failed.map((result) => result.output).join("\n") };
}

/** Prints one line a check, and what a failed one has to say. */
export function printChecks(checks: readonly Check[]): void {
  for (const { name, passed, output } of checks)
    say(passed ? `${name}: passed` : `${output.trimEnd()}\n${name}: failed`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const checks = await runChecks();
  printChecks(checks);
  process.exitCode = checks.every((entry) => entry.passed) ? 0 : 1;
}
