/**
 * Takes a picture of every screen and state of the page. `npm run screenshots`: all of them into `.cache/screenshots`, and
 * the few that the documentation shows into `docs/screenshots`.
 */
import fs from "node:fs";
import path from "node:path";
import { type Browser, chromium } from "playwright-core";
import type { Screen } from "../e2e/screen-steps.ts";
import { screenAnswer, screens } from "../e2e/screens.ts";
import { ScriptedChat } from "../e2e/scripted-chat.ts";
import { chromiumPath } from "./chromium.ts";
import { root, say } from "./command.ts";
import { buildPageIfStale } from "./page.ts";

const allFolder = path.join(root, ".cache", "screenshots");
const keptFolder = path.join(root, "docs", "screenshots");
const keptBytes = 1.5 * 1024 * 1024;

const sizes = [
  { width: 390, height: 844, touch: true },
  { width: 768, height: 1024, touch: true },
  { width: 1440, height: 900, touch: false },
] as const;
const themes = ["light", "dark"] as const;
type Size = (typeof sizes)[number];
type Theme = (typeof themes)[number];

/** What the documentation shows; kept small, because it is under version control. */
const kept = new Set([
  "long-code-light-1440",
  "answer-dark-1440",
  "streaming-light-1440",
  "empty-dark-1440",
  "arabic-light-1440",
  "palette-light-1440",
  "error-light-390",
  "offline-dark-390",
  "drawer-light-390",
  "side-bar-dark-1440",
  "long-code-dark-390",
]);

async function picture(browser: Browser, chat: ScriptedChat, screen: Screen, size: Size, theme: Theme): Promise<void> {
  const name = `${screen.name}-${theme}-${size.width}`;
  const context = await browser.newContext({
    viewport: { width: size.width, height: size.height },
    hasTouch: size.touch,
    isMobile: size.touch,
    colorScheme: theme,
    reducedMotion: "reduce",
    locale: screen.locale ?? "en-GB",
  });
  try {
    chat.provider.tokensPerSecond = 2_000;
    const page = await context.newPage();
    await page.goto(chat.address);
    await page.getByTestId("composer").waitFor();
    await screen.prepare(page, chat);
    await page.evaluate("document.fonts.ready");
    // Without this, what has just appeared may be taken in the first frame of its way, in which it cannot be seen.
    const animations = "disabled";
    await page.screenshot({ path: path.join(allFolder, `${name}.png`), animations });
    if (kept.has(name)) {
      await page.screenshot({ path: path.join(keptFolder, `${name}.jpg`), type: "jpeg", quality: 82, animations });
    }
    say(name);
  } finally {
    await context.close();
  }
}

const only = process.argv[2];
await buildPageIfStale();
fs.mkdirSync(allFolder, { recursive: true });
fs.mkdirSync(keptFolder, { recursive: true });
const chat = await ScriptedChat.start({ tokensPerSecond: 2_000, answer: screenAnswer });
const browser = await chromium.launch({
  executablePath: await chromiumPath(),
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  for (const screen of screens) {
    if (only !== undefined && !screen.name.includes(only)) continue;
    for (const size of sizes) {
      if (screen.narrow === true && size.width !== 390) continue;
      for (const theme of themes) await picture(browser, chat, screen, size, theme);
    }
  }
} finally {
  await browser.close();
  await chat.stop();
}
const bytes = fs.readdirSync(keptFolder).reduce((sum, file) => sum + fs.statSync(path.join(keptFolder, file)).size, 0);
say(`${path.relative(root, keptFolder)}: ${Math.round(bytes / 1024)} KiB of ${keptBytes / 1024} KiB`);
if (bytes > keptBytes) process.exitCode = 1;
