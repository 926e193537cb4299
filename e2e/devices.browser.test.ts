import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ScriptedChat } from "./scripted-chat.ts";
import { pageLimitMs, withScriptedPage } from "./scripted-page.ts";

const password = "a password that will do";
const device = { viewport: { width: 1280, height: 800 }, locale: "en-GB", colorScheme: "light" } as const;

let chat: ScriptedChat;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let others: BrowserContext[] = [];
let people = 0;
withScriptedPage({ context: device, opened: false }, (stage) => {
  ({ chat, browser, context, page } = stage);
});
afterEach(async () => {
  await Promise.all(others.map((other) => other.close()));
  others = [];
});

function eventually(check: () => Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: pageLimitMs, interval: 50 });
}

/** An account to which this device is signed in, and its e-mail address. */
async function signUp(): Promise<string> {
  const email = `devices${++people}@example.org`;
  await context.request.post(`${chat.address}/api/auth/sign-up`, { data: { email, password, name: "Ada" } });
  return email;
}

/** The page on another device of the same account. */
async function otherDevice(email: string): Promise<Page> {
  const other = await browser.newContext(device);
  others.push(other);
  await other.request.post(`${chat.address}/api/auth/sign-in`, { data: { email, password } });
  return tab(other);
}

async function tab(of: BrowserContext): Promise<Page> {
  const opened = await of.newPage();
  opened.setDefaultTimeout(pageLimitMs);
  await opened.goto(chat.address);
  await opened.getByTestId("composer").waitFor();
  return opened;
}

describe("what is chosen on one device", { timeout: 2 * pageLimitMs }, () => {
  async function untilShown(on: Page, theme: string, language: string): Promise<void> {
    await eventually(async () => {
      const root = on.locator("html");
      expect([await root.getAttribute("data-theme"), await root.getAttribute("lang")]).toEqual([theme, language]);
    });
  }

  /** As when somebody comes back to a page that was in the background. */
  async function comeBack(to: Page): Promise<void> {
    await to.evaluate('dispatchEvent(new Event("visibilitychange"))');
  }

  it("theme and language hold on the others, and so does giving them up again", async () => {
    const email = await signUp();
    await page.goto(chat.address);
    const other = await otherDevice(email);
    await untilShown(other, "light", "en");
    await page.getByRole("button", { name: /^Account and settings/ }).click();
    await page.getByRole("menuitem", { name: "Settings" }).click();
    await page.getByRole("radio", { name: "Dark" }).click();
    await page.getByRole("combobox", { name: "Language" }).selectOption({ label: "Deutsch" });
    await untilShown(page, "dark", "de");
    const rows = `select preferences ->> 'theme' theme, preferences ->> 'language' language
      from user_preferences join users on id = user_id where email = $1`;
    const kept = () => chat.query(rows, [email]);
    await eventually(async () => expect(await kept()).toEqual([{ theme: "dark", language: "de" }]));
    // Open there already, and opened only now.
    await comeBack(other);
    await untilShown(other, "dark", "de");
    await untilShown(await otherDevice(email), "dark", "de");
    await page.getByRole("radio", { name: "System" }).click();
    await page.getByRole("combobox", { name: "Sprache" }).selectOption({ label: "Wie der Browser" });
    await untilShown(page, "light", "en");
    await eventually(async () => expect((await kept())[0]?.language).not.toBe("de"));
    await comeBack(other);
    await untilShown(other, "light", "en");
    await other.reload();
    await untilShown(other, "light", "en");
  });
});

describe("folders", { timeout: 2 * pageLimitMs }, () => {
  const folder = (on: Page, name: string) =>
    on.getByTestId("folder").filter({ has: on.getByRole("button", { name, exact: true }) });
  const chatIn = (place: ReturnType<typeof folder>, title: string) =>
    place.getByTestId("session-item").filter({ hasText: title });

  async function choose(title: string, role: "menuitem" | "menuitemradio", item: string): Promise<void> {
    await page.getByTestId("session-item").filter({ hasText: title }).hover();
    await page.getByRole("button", { name: `Options for ${title}` }).click();
    await page.getByRole("menuitem", { name: "Move to folder" }).click();
    await page.getByRole(role, { name: item }).click();
  }

  async function chooseOfFolder(name: string, item: string): Promise<void> {
    await folder(page, name).hover();
    await page.getByRole("button", { name: `Options for the folder ${name}` }).click();
    await page.getByRole("menuitem", { name: item }).click();
  }

  /** Opens a folder that may have been opened by itself, as one that holds the chat on the page is. */
  async function opened(on: Page, name: string): Promise<ReturnType<typeof folder>> {
    const head = folder(on, name).getByRole("button", { name, exact: true });
    await head.waitFor();
    if ((await head.getAttribute("aria-expanded")) === "false") await head.click();
    return folder(on, name);
  }

  it("made, filled, renamed, emptied and removed show at once in another tab and on another device", async () => {
    const email = await signUp();
    for (const title of ["Trains to the sea", "What to pack"]) {
      await context.request.post(`${chat.address}/api/sessions`, { data: { title } });
    }
    await page.goto(chat.address);
    const elsewhere = [await tab(context), await otherDevice(email)];
    const all = [page, ...elsewhere];
    for (const on of all) await on.getByTestId("session-item").nth(1).waitFor();
    // A tab in the background is drawn once a second, and what is to be pressed there comes late.
    await page.bringToFront();

    await choose("Trains to the sea", "menuitem", "New folder");
    await page.getByRole("textbox", { name: "Name of the folder" }).fill("Holidays");
    await page.keyboard.press("Enter");
    for (const on of all) await chatIn(await opened(on, "Holidays"), "Trains to the sea").waitFor();

    await choose("What to pack", "menuitemradio", "Holidays");
    for (const on of all) await chatIn(folder(on, "Holidays"), "What to pack").waitFor();

    await chooseOfFolder("Holidays", "Rename");
    await page.getByRole("textbox", { name: "Title" }).fill("Journeys");
    await page.keyboard.press("Enter");
    for (const on of all) {
      await chatIn(folder(on, "Journeys"), "What to pack").waitFor();
      expect(await folder(on, "Holidays").count()).toBe(0);
    }

    await choose("Trains to the sea", "menuitemradio", "No folder");
    for (const on of all) {
      await chatIn(folder(on, "Journeys"), "Trains to the sea").waitFor({ state: "detached" });
      await on.getByRole("region", { name: "Today" }).getByText("Trains to the sea").waitFor();
    }

    await chooseOfFolder("Journeys", "Delete folder");
    for (const on of all) {
      await on.getByTestId("folder").waitFor({ state: "detached" });
      await on.getByRole("region", { name: "Today" }).getByText("What to pack").waitFor();
    }
  });
});
