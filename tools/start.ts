/** Starts everything in one process: `npm start -- [options]`. The page is built first when its sources changed. */
import { forgetEmptySettings } from "@uci/workflow/config";
import { buildPageIfStale } from "./page.ts";

const startArguments = process.argv.slice(2);
const asksOnly = startArguments.some((argument) => ["--help", "-h", "--version"].includes(argument));

try {
  if (!asksOnly) await buildPageIfStale();
  forgetEmptySettings();
  const { main } = await import("../apps/all-in-one/src/main.ts");
  await main(startArguments);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
