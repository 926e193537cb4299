import { type Browser, chromium } from "playwright-core";

const chromiumArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The browser the tests drive, without a window. */
export async function startBrowser(executablePath = process.env.CHROMIUM_PATH): Promise<Browser> {
  if (executablePath === undefined) throw new Error("CHROMIUM_PATH is not set; run this through npm test.");
  return chromium.launch({ executablePath, args: chromiumArguments });
}
