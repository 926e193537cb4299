import type { Browser, BrowserContextOptions } from "playwright-core";
import { describe, expect, it } from "vitest";
import { violations } from "./axe.ts";
import { screenAnswer, screens } from "./screens.ts";
import type { ScriptedChat } from "./scripted-chat.ts";
import { pageLimitMs as limitMs, withScriptedChat } from "./scripted-page.ts";

const quickly = 2_000;
const wide: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };
const narrow: BrowserContextOptions = { viewport: { width: 390, height: 844 } };
const phone: BrowserContextOptions = { ...narrow, hasTouch: true, isMobile: true };

describe("axe finds nothing on any screen", { timeout: 5 * limitMs }, () => {
  let chat: ScriptedChat;
  let browser: Browser;

  withScriptedChat({ tokensPerSecond: quickly, answer: screenAnswer }, (started) => {
    ({ chat, browser } = started);
  });

  describe.each([
    { locale: "en-GB", on: "a wide window", size: wide, themes: ["light", "dark"] },
    { locale: "ar", on: "a wide window", size: wide, themes: ["light"] },
    { locale: "en-GB", on: "a phone", size: phone, themes: ["light"] },
  ] as const)("in $locale, on $on, $themes", ({ locale, size, themes }) => {
    const shown = screens.filter((screen) => locale === "en-GB" || screen.locale === undefined);
    it.each(shown)("$name", async (screen) => {
      chat.provider.tokensPerSecond = quickly;
      const context = await browser.newContext({
        ...(screen.narrow === true && size === wide ? narrow : size),
        ...{ locale: screen.locale ?? locale, reducedMotion: "reduce", colorScheme: themes[0] },
      });
      try {
        const page = await context.newPage();
        await page.goto(chat.address);
        await page.getByTestId("composer").waitFor();
        await screen.prepare(page, chat);
        expect(await violations(page, screen)).toEqual([]);
        for (const colorScheme of themes.slice(1)) {
          await page.emulateMedia({ colorScheme });
          await page.locator(`html[data-theme=${colorScheme}]`).waitFor();
          expect(await violations(page, { menu: screen.menu, coloursAlone: true })).toEqual([]);
        }
      } finally {
        await context.close();
      }
    });
  });
});
