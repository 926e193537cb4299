import fs from "node:fs";
import { runCommand, say } from "./command.ts";

const usualPaths = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
];
const installLimitMs = 5 * 60_000;

/**
 * The browser the tests drive: `CHROMIUM_PATH`, else one in a usual place, else Debian's package, which is installed
 * where this process may do so. Throws with one sentence that says what to do.
 */
export async function chromiumPath(): Promise<string> {
  const told = process.env.CHROMIUM_PATH;
  if (told !== undefined && told !== "") {
    if (fs.existsSync(told)) return told;
    throw new Error(`CHROMIUM_PATH names ${told}, which does not exist.`);
  }
  const found = usualPaths.find((file) => fs.existsSync(file));
  if (found !== undefined) return found;
  if (process.getuid?.() === 0 && fs.existsSync("/usr/bin/apt-get")) await installWithApt();
  const installed = usualPaths.find((file) => fs.existsSync(file));
  if (installed !== undefined) return installed;
  throw new Error("The browser tests need Chromium: install it, or set CHROMIUM_PATH to the program.");
}

async function installWithApt(): Promise<void> {
  say("Installing Chromium for the browser tests (once) …");
  const options = {
    environment: { DEBIAN_FRONTEND: "noninteractive" },
    output: "keep",
    limitMs: installLimitMs,
  } as const;
  const packages = ["chromium", "fonts-liberation"];
  for (const step of [["update"], ["install", "-y", "--no-install-recommends", ...packages]]) {
    const result = await runCommand("apt-get", step, options);
    if (result.code !== 0) say(result.output.trimEnd());
  }
}
