import type { ScriptedServerOptions } from "@uci/adapters/providers/testing";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { startBrowser } from "./browser.ts";
import { ScriptedChat } from "./scripted-chat.ts";

/** How long anything in a browser test may take; a machine that has other things to do is slow. */
export const pageLimitMs = 15_000;

/** What a test has in its hands: new for each test but for the program and the browser. */
export type Stage = {
  readonly chat: ScriptedChat;
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly page: Page;
};

type StageOptions = {
  readonly provider?: ScriptedServerOptions;
  readonly context: BrowserContextOptions;
  /** How fast the provider is when a test begins; 0: at once. */
  readonly tokensPerSecond?: number;
  /** Whether what the page complains about on the console fails the test, too. */
  readonly consoleCounts?: boolean;
  /** Whether the page is opened already. */
  readonly opened?: boolean;
};

/** Keeps what a page throws and, where that counts too, what it complains about on the console. */
export function noteFaults(page: Page, faults: string[], consoleCounts: boolean): void {
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    // A request that is cut off, by a reload or a restart, is logged by the browser itself.
    const own = message.type() === "error" && !message.text().startsWith("Failed to load resource");
    if (consoleCounts && own) faults.push(message.text());
  });
}

/** Starts the program and a browser for the tests of a file that open their pages themselves. */
export function withScriptedChat(
  provider: ScriptedServerOptions,
  take: (started: { readonly chat: ScriptedChat; readonly browser: Browser }) => void,
): void {
  let chat: ScriptedChat | undefined;
  let browser: Browser | undefined;
  beforeAll(async () => {
    [chat, browser] = await Promise.all([ScriptedChat.start(provider), startBrowser()]);
    take({ chat, browser });
  }, 2 * pageLimitMs);
  afterAll(async () => {
    await browser?.close();
    await chat?.stop();
  });
}

/**
 * Starts the program and a browser for the tests of a file, and opens a new page for each of them. A page that throws
 * fails its test.
 */
export function withScriptedPage(options: StageOptions, take: (stage: Stage) => void): void {
  const { provider = {}, tokensPerSecond, consoleCounts = false, opened = true } = options;
  let chat: ScriptedChat | undefined;
  let browser: Browser | undefined;
  let context: BrowserContext | undefined;
  const faults: string[] = [];

  withScriptedChat(provider, (started) => {
    ({ chat, browser } = started);
  });

  beforeEach(async () => {
    if (chat === undefined || browser === undefined) throw new Error("the program has not been started");
    faults.length = 0;
    if (tokensPerSecond !== undefined) chat.provider.tokensPerSecond = tokensPerSecond;
    context = await browser.newContext(options.context);
    const page = await context.newPage();
    page.setDefaultTimeout(pageLimitMs);
    noteFaults(page, faults, consoleCounts);
    take({ chat, browser, context, page });
    if (opened) await page.goto(chat.address);
  });
  afterEach(async () => {
    await context?.close();
    expect(faults).toEqual([]);
  });
}
