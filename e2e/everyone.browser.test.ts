import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { violations } from "./axe.ts";
import { drawnOn } from "./screen-steps.ts";
import { screenAnswer } from "./screens.ts";
import type { ScriptedChat } from "./scripted-chat.ts";
import { pageLimitMs as limitMs, withScriptedChat } from "./scripted-page.ts";

const quickly = 2_000;
describe("the page for everyone", { timeout: 5 * limitMs }, () => {
  let chat: ScriptedChat;
  let browser: Browser;
  let context: BrowserContext | null = null;

  withScriptedChat({ tokensPerSecond: quickly, answer: screenAnswer }, (started) => {
    ({ chat, browser } = started);
  });
  afterEach(async () => {
    await context?.close();
  });

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    chat.provider.tokensPerSecond = quickly;
    context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      reducedMotion: "reduce",
      locale: "en-GB",
      ...options,
    });
    const page = await context.newPage();
    await page.goto(chat.address);
    await page.getByTestId("composer").waitFor();
    return page;
  }

  async function answered(page: Page, text: string): Promise<void> {
    await page.getByTestId("composer").fill(text);
    await page.getByTestId("composer").press("Enter");
    await page.locator('[data-testid=message-assistant][data-status="complete"]').last().waitFor({ timeout: limitMs });
  }

  it("axe finds nothing in menus, dialogs and forms", async () => {
    const page = await open();
    await answered(page, "Tell me 20 words");
    await page.locator("aside button[aria-haspopup=menu]").last().click();
    await page.getByRole("menu").waitFor();
    expect(await violations(page, { menu: true })).toEqual([]);
    await page.getByRole("menuitem", { name: "Sign in" }).click();
    await page.getByRole("dialog").waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it("the page speaks the browser's language, runs its way, and keeps another choice", async () => {
    const page = await open({ locale: "ar" });
    expect(await page.locator("html").getAttribute("dir")).toBe("rtl");
    expect(await page.locator("html").getAttribute("lang")).toBe("ar");
    const sideBar = await page.locator("aside").boundingBox();
    expect(sideBar!.x).toBeGreaterThan(640);
    await page.keyboard.press("Control+k");
    await page.getByTestId("palette-field").fill("Deutsch");
    await page.keyboard.press("Enter");
    await vi.waitFor(async () => expect(await page.locator("html").getAttribute("lang")).toBe("de"), {
      timeout: limitMs,
    });
    expect(await page.locator("html").getAttribute("dir")).toBe("ltr");
    await page.reload();
    await page.getByPlaceholder("Eine Nachricht schreiben").waitFor();
    const fetched = (await page.evaluate(
      `performance.getEntriesByType("resource").map(({ name }) => name).filter((name) => /assets\\/(en|de|zh|ar)-/.test(name))`,
    )) as string[];
    expect(fetched.map((name) => /assets\/(\w\w)-/.exec(name)?.[1])).toEqual(["de"]);
  });

  it("everything can be done from the keyboard", async () => {
    const page = await open();
    const composer = page.getByTestId("composer");
    await answered(page, "Tell me 20 words");
    await page.keyboard.press("Control+Shift+KeyO");
    await vi.waitFor(() => expect(new URL(page.url()).pathname).toBe("/"), { timeout: limitMs });
    await composer.blur();
    await page.keyboard.press("/");
    await vi.waitFor(async () => expect(await composer.evaluate((field) => field.matches(":focus"))).toBe(true));
    await composer.blur();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("Control+Shift+KeyS");
    await page.locator("aside").waitFor({ state: "hidden" });
    await page.keyboard.press("Control+Shift+KeyS");
    await page.locator("aside").waitFor();
    // The palette finds the chat, and goes there.
    await page.keyboard.press("Control+k");
    await page.getByTestId("palette-field").fill("20 words");
    await page.keyboard.press("Enter");
    await page.getByTestId("message-user").waitFor();
    await page.getByTestId("palette-field").waitFor({ state: "detached" });
    // Arrow up in the empty composer edits; Escape gives it up; Escape stops an answer.
    await composer.focus();
    await page.keyboard.press("ArrowUp");
    // It takes the focus with the next picture; Escape before that would be the composer's.
    await page.locator("textarea[aria-label='Edit your message']:focus").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("textbox", { name: "Edit your message" }).waitFor({ state: "detached" });
    chat.provider.tokensPerSecond = 20;
    await composer.fill("Tell me 800 words");
    await composer.press("Enter");
    await page.locator('[data-testid=message-assistant][data-status="streaming"]').waitFor({ timeout: limitMs });
    await page.keyboard.press("Escape");
    await page.locator('[data-testid=message-assistant][data-status="stopped"]').waitFor({ timeout: limitMs });
  });

  it("a chat is begun, stopped, written again and set up without a mouse", async () => {
    const page = await open();
    const { keyboard } = page;
    const answers = page.getByTestId("message-assistant");
    const until = (selector: string) => page.locator(selector).last().waitFor({ timeout: limitMs });
    /** Goes through the page by keys until something has the focus; a way that is too long is none. */
    async function goTo(selector: string, key: string): Promise<void> {
      for (let steps = 0; steps < 40; steps++) {
        if ((await page.locator(`${selector}:focus`).count()) > 0) return;
        await keyboard.press(key);
      }
      throw new Error(`${selector} is not reached by ${key}`);
    }
    await until("[data-testid=composer]:focus");
    await keyboard.type("Tell me 20 words");
    await keyboard.press("Enter");
    await until('[data-testid=message-assistant][data-status="complete"]');

    await keyboard.press("Control+Shift+KeyO");
    await vi.waitFor(() => expect(new URL(page.url()).pathname).toBe("/"), { timeout: limitMs });
    // The address is the new chat's before the page is.
    await answers.waitFor({ state: "detached", timeout: limitMs });
    await until("[data-testid=composer]:focus");
    chat.provider.tokensPerSecond = 20;
    await keyboard.type("Tell me 300 words");
    await keyboard.press("Enter");
    await until('[data-testid=message-assistant][data-status="streaming"]');
    await keyboard.press("Escape");
    await until('[data-testid=message-assistant][data-status="stopped"]');

    chat.provider.tokensPerSecond = quickly;
    await goTo("[data-testid=regenerate]", "Shift+Tab");
    await keyboard.press("Enter");
    await until('[data-testid=message-assistant][data-status="complete"]');
    await answers.getByText("2/2").waitFor({ timeout: limitMs });
    expect(await answers.count()).toBe(1);
    // The button went with the answer that it replaced; the focus did not.
    await until("[data-testid=composer]:focus");

    await keyboard.press("Control+k");
    await until("[data-testid=palette-field]:focus");
    await keyboard.type("Settings");
    await until("[cmdk-item][data-selected=true]:has-text('Settings')");
    await keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Settings" }).waitFor({ timeout: limitMs });
    await goTo("[role=tab]", "Shift+Tab");
    await keyboard.press("ArrowDown");
    await page.getByRole("tabpanel", { name: "Prompts" }).waitFor({ timeout: limitMs });
    await keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await until("[data-testid=composer]:focus");
  });

  it("dialogs and the palette give the focus back", async () => {
    const page = await open();
    const button = page.getByTestId("model-picker");
    await button.focus();
    for (const keys of ["Control+k", "?"]) {
      await page.keyboard.press(keys);
      await page.getByRole("dialog").waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await vi.waitFor(async () => expect(await button.evaluate((element) => element.matches(":focus"))).toBe(true));
    }
  });

  it("an answer is announced when it begins and when it ends, not word by word", async () => {
    const page = await open();
    await page.evaluate(`{
      window.said = [];
      const place = document.querySelector('[role=status].sr-only');
      new MutationObserver(() => window.said.push(place.textContent.trim())).observe(place, { childList: true, characterData: true, subtree: true });
    }`);
    chat.provider.tokensPerSecond = 100;
    await answered(page, "Tell me 150 words");
    await vi.waitFor(async () => {
      expect(await page.evaluate("window.said")).toEqual(["The answer is being written", "The answer is complete"]);
    });
    const live = await page.getByTestId("message-assistant").locator("[aria-live]").count();
    expect(live).toBe(0);
  });

  it("on a phone everything that is pressed is large enough, and nothing is wider than the page", async () => {
    const page = await open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    await answered(page, "show me everything");
    const small = (await page.evaluate(`[...document.querySelectorAll("button, [role=button], header a, nav a")]
      .filter((element) => element.checkVisibility({ opacityProperty: true }) && !element.closest("sup"))
      .map((element) => ({ box: element.getBoundingClientRect(), html: element.outerHTML.slice(0, 140) }))
      .filter(({ box }) => box.width > 0 && (box.height < 43.5 || box.width < 43.5))
      .map(({ box, html }) => Math.round(box.width) + "x" + Math.round(box.height) + " " + html)`)) as string[];
    expect(small).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
  });

  it.each([
    { width: 320, height: 640 },
    { width: 768, height: 1024 },
    { width: 3840, height: 2160 },
  ])("$width pixels wide, nothing is cut off and the text keeps its measure", async (viewport) => {
    const page = await open({ viewport });
    await answered(page, "Tell me 200 words");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(viewport.width);
    const box = await page.getByTestId("answer-text").first().boundingBox();
    expect(box!.width).toBeLessThanOrEqual(46 * 16);
    expect(box!.x).toBeGreaterThanOrEqual(0);
  });

  it("reduced motion moves nothing; forced colours and more contrast keep everything readable", async () => {
    const page = await open({ forcedColors: "active" });
    await answered(page, "Tell me 20 words");
    const send = page.getByTestId("send");
    const border = await send.evaluate(
      (element) => element.ownerDocument.defaultView.getComputedStyle(element).borderTopStyle,
    );
    expect(border).toBe("solid");
    const durations = (await page.evaluate(
      `[...document.querySelectorAll("*")].map((element) => parseFloat(getComputedStyle(element).animationDuration))`,
    )) as number[];
    expect(Math.max(...durations)).toBeLessThan(0.01);
    await page.emulateMedia({ forcedColors: "none", contrast: "more" });
    expect(await violations(page)).toEqual([]);
  });

  it.each(["reduce", "no-preference"] as const)(
    "a diagram is whole in its picture, motion: %s",
    async (reducedMotion) => {
      const page = await open({ reducedMotion });
      await answered(page, "show everything");
      const drawn = await drawnOn(page.getByTestId("diagram").locator("img"));
      expect(drawn.width).toBeGreaterThan(0.9);
      expect(drawn.height).toBeGreaterThan(0.6);
      expect(drawn.fromEdge).toBeGreaterThan(0);
    },
  );

  it("the page can be installed, and opens without its server; no conversation is kept by it", async () => {
    const page = await open();
    await answered(page, "Tell me 20 words");
    const manifest = await page.request.get(`${chat.address}/manifest.webmanifest`);
    const { icons } = (await manifest.json()) as { icons: { src: string; sizes: string }[] };
    for (const { src } of icons) expect((await page.request.get(chat.address + src)).status()).toBe(200);
    await page.evaluate("navigator.serviceWorker.ready.then(() => undefined)");
    await page.reload();
    await page.getByTestId("message-assistant").waitFor();
    const keptNames = `caches.keys().then(async (names) => (await Promise.all(names.map(async (name) =>
      (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)))).flat())`;
    await vi.waitFor(
      async () => {
        const kept = (await page.evaluate(keptNames)) as string[];
        expect(kept.some((name) => name.startsWith("/assets/index-") && name.endsWith(".js"))).toBe(true);
        expect(kept.some((name) => name.startsWith("/assets/en-"))).toBe(true);
      },
      { timeout: limitMs },
    );
    const kept = (await page.evaluate(keptNames)) as string[];
    expect(kept.filter((name) => name.startsWith("/api"))).toEqual([]);
    await context!.setOffline(true);
    await page.reload();
    await page.getByTestId("composer").waitFor();
    await page.getByTestId("composer").fill("kept");
    await page.reload();
    await page.getByTestId("composer").waitFor();
    expect(await page.getByTestId("composer").inputValue()).toBe("kept");
  });

  it("without a service worker the page works all the same", async () => {
    const page = await open({ serviceWorkers: "block" });
    await answered(page, "Tell me 10 words");
    expect(await page.getByTestId("answer-text").count()).toBe(1);
  });
});
