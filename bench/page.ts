/** How much the page asks of a browser: `npm run bench:page`, with `-- --write` into docs/page-measured.md. Fails nothing. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Browser, CDPSession, Page } from "playwright-core";
import { startBrowser } from "../e2e/browser.ts";
import { ScriptedChat } from "../e2e/scripted-chat.ts";
import { chromiumPath } from "../tools/chromium.ts";
import { buildPageIfStale } from "../tools/page.ts";
import { longConversation, sampleAnswer } from "./page-samples.ts";
import { pageScripts } from "./page-scripts.ts";
import { chunkSizes, composerBytes } from "./page-sizes.ts";

const root = path.resolve(import.meta.dirname, "..");
const distFolder = path.join(root, "apps/web/dist");
const tokensPerSecond = 100;
const answerTokens = 2_000;
const historyMessages = 1_000;
const measuredMs = 12_000;

type Figures = {
  readonly openMs: number[];
  readonly longestScrollTaskMs: number;
  readonly scrollTasksOver50: number;
  readonly mainThreadMsPer1000: number;
  readonly longestStreamTaskMs: number;
};

function takeTasks(page: Page): Promise<number[]> {
  return page.evaluate<number[]>(pageScripts.takeTasks);
}

async function taskSeconds(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0;
}

async function openMs(page: Page, title: string): Promise<number> {
  await page.goto(new URL("/", page.url()).href);
  while (!(await page.evaluate<boolean>(pageScripts.hasMarkdown))) await page.evaluate(pageScripts.nextFrame);
  await page.locator("a", { hasText: title }).first().waitFor();
  return page.evaluate<number>(pageScripts.openChat(title));
}

async function scrollWhileStreaming(page: Page): Promise<number[]> {
  await page.getByTestId("composer").fill(`an answer of ${answerTokens} tokens`);
  await page.keyboard.press("Enter");
  await page.locator('[data-testid=message-assistant][data-status="streaming"]').waitFor();
  await takeTasks(page);
  const box = await page.getByTestId("messages").boundingBox();
  if (box === null) throw new Error("there is no list of messages");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const untilMs = Date.now() + measuredMs;
  for (let step = 0; Date.now() < untilMs; step++) {
    await page.mouse.wheel(0, step % 60 < 45 ? -240 : 240);
    await page.evaluate(pageScripts.nextFrame);
  }
  return takeTasks(page);
}

async function measure(browser: Browser, chat: ScriptedChat): Promise<Figures> {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  await page.addInitScript(pageScripts.watchTasks);
  await page.goto(chat.address);
  await page.getByTestId("composer").fill(`an answer of ${answerTokens} tokens`);
  const devtools = await page.context().newCDPSession(page);
  // The time the thread was at work, not how long it waited for a core.
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  await takeTasks(page);
  const before = await taskSeconds(devtools);
  await page.keyboard.press("Enter");
  await page.locator('[data-testid=message-assistant][data-status="complete"]').waitFor({ timeout: 120_000 });
  const mainThreadMs = (await taskSeconds(devtools)) * 1_000 - before * 1_000;
  const streamTasks = await takeTasks(page);
  const title = await chat.fillSession(page, longConversation(historyMessages));
  const opened: number[] = [];
  for (let run = 0; run < 5; run++) opened.push(await openMs(page, title));
  const scrollTasks = await scrollWhileStreaming(page);
  return {
    openMs: opened.sort((one, other) => one - other),
    longestScrollTaskMs: Math.max(0, ...scrollTasks),
    scrollTasksOver50: scrollTasks.length,
    mainThreadMsPer1000: mainThreadMs / (answerTokens / 1_000),
    longestStreamTaskMs: Math.max(0, ...streamTasks),
  };
}

function report(figures: Figures): string {
  const { openMs: opened, longestScrollTaskMs, scrollTasksOver50, mainThreadMsPer1000, longestStreamTaskMs } = figures;
  const task = (ms: number) => (ms === 0 ? "under 50 ms" : `${Math.round(ms)} ms`);
  const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(1)} KB`;
  const chunks = chunkSizes(distFolder).map(({ name, bytes }) => `| ${name} | ${kilobytes(bytes)} |`);
  return `# The page, measured

\`npm run bench:page -- --write\` writes this. Figures of one machine (two cores, Chromium without a GPU, the server and
its provider on the same cores), good for comparing one state of the page with the next. Load of the machine when this
was measured: ${os.loadavg()[0]?.toFixed(1)}; times of tasks and of opening grow with it, the rest does not.

| what | measured | aim |
| :-- | --: | --: |
| gzip of script and style until one can write | ${kilobytes(composerBytes(distFolder))} | 250 KB |
| a session of ${historyMessages} messages opens in (median of ${opened.length}) | ${Math.round(opened[opened.length >> 1] ?? 0)} ms | 300 ms |
| the slowest of these | ${Math.round(opened.at(-1) ?? 0)} ms | |
| longest task while it scrolls and ${tokensPerSecond} tokens a second arrive | ${task(longestScrollTaskMs)} | 50 ms |
| tasks over 50 ms in those ${measuredMs / 1_000} s | ${scrollTasksOver50} | 0 |
| main thread at work for 1,000 tokens at ${tokensPerSecond} a second, everything included | ${Math.round(mainThreadMsPer1000)} ms | |
| longest task meanwhile | ${task(longestStreamTaskMs)} | 50 ms |

## What comes later

Pieces of 10 KB and more, gzip, each with the first thing that needs it.

| piece | size |
| :-- | --: |
${chunks.join("\n")}
`;
}

await buildPageIfStale();
const chat = await ScriptedChat.start({ tokensPerSecond, answer: (prompt) => sampleAnswer(prompt, answerTokens) });
const browser = await startBrowser(await chromiumPath());
try {
  const text = report(await measure(browser, chat));
  process.stdout.write(`${text}\n`);
  if (process.argv.includes("--write")) fs.writeFileSync(path.join(root, "docs/page-measured.md"), text);
} finally {
  await browser.close();
  await chat.stop();
}
