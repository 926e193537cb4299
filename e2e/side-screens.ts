import type { Page } from "playwright-core";
import { answered, ask, type Screen, sideBar, stepLimitMs } from "./screen-steps.ts";

/** Position of an item in a menu, which says the same in every language. */
const chatSettingsItem = 3;
const shareItem = 4;
const settingsItemOfGuest = 2;

let people = 0;

/** Somebody with an account, so that there is something to set. */
async function withAccount(page: Page): Promise<void> {
  const email = `ada${++people}@example.org`;
  await ask(page, "POST", "/api/auth/sign-up", { email, password: "a password that will do", name: "Ada" });
  await page.reload();
  await page.getByTestId("composer").waitFor({ timeout: stepLimitMs });
}

async function session(page: Page, title: string, change: object = {}): Promise<void> {
  const { session_id } = await ask(page, "POST", "/api/sessions", { title });
  if (Object.keys(change).length > 0) await ask(page, "PATCH", `/api/sessions/${session_id}`, change);
}

/** Chats in every place of the side bar. */
async function withChats(page: Page): Promise<void> {
  const { folder_id } = await ask(page, "POST", "/api/folders", { name: "Garden" });
  await ask(page, "POST", "/api/folders", { name: "A folder whose name is longer than the side bar is wide" });
  await session(page, "Tomatoes that do not mind the rain", { folder_id });
  await session(page, "When to prune roses", { folder_id });
  await session(page, "The lease of the allotment", { pinned: true });
  await session(page, "Compost, explained slowly", { archived: true });
  await session(page, "Letters to the council about the hedge along the northern path");
  await session(page, "Why do puffins have such beaks?");
  await page.reload();
  await answered(page, "Where do puffins breed, in 30 words?");
}

async function menuItem(page: Page, position: number): Promise<void> {
  await page.getByRole("menuitem").nth(position).click();
}

/** The menu of the chat on the page. */
async function chatMenu(page: Page): Promise<void> {
  await page.locator("header button[aria-haspopup=menu]").last().click();
  await page.getByRole("menu").waitFor({ timeout: stepLimitMs });
}

async function settings(page: Page, tab: number, item: number): Promise<void> {
  await sideBar(page);
  await page.getByTestId("account-menu").click();
  await menuItem(page, item);
  await page.getByRole("tab").nth(tab).click();
}

/** Only the built-in partner, as before anybody has added a model. */
async function withoutModels(page: Page): Promise<void> {
  const partner = { id: "eliza", name: "Offline partner", default: true, images: false };
  const providers = [{ id: "offline", name: "Offline", models: [partner] }];
  await page.route("**/api/models", (route) => route.fulfill({ json: { providers } }));
  await page.reload();
  await page.getByTestId("first-run").waitFor({ timeout: stepLimitMs });
}

async function withOpenFolder(page: Page): Promise<void> {
  await withChats(page);
  await sideBar(page);
  await page.getByTestId("folder").last().getByRole("button").first().click();
  await page.getByText("When to prune roses").waitFor({ timeout: stepLimitMs });
}

async function withTemporary(page: Page): Promise<void> {
  await page.getByTestId("temporary").click();
  await page.getByTestId("temporary-mark").waitFor({ timeout: stepLimitMs });
  // Another button has come to be where the pointer is.
  const { width, height } = page.viewportSize() ?? { width: 0, height: 0 };
  await page.mouse.move(width / 2, height / 4);
}

/** The side bar, and what opens beside a conversation. */
export const sideScreens: readonly Screen[] = [
  { name: "side-bar", prepare: withOpenFolder },
  { name: "arabic-side-bar", locale: "ar", prepare: withOpenFolder },
  {
    name: "chat-menu",
    menu: true,
    prepare: async (page) => {
      await answered(page, "Tell me 20 words");
      await chatMenu(page);
    },
  },
  {
    name: "account-menu",
    menu: true,
    prepare: async (page) => {
      await withAccount(page);
      await sideBar(page);
      await page.getByTestId("account-menu").click();
      await page.getByRole("menu").waitFor({ timeout: stepLimitMs });
    },
  },
  {
    name: "model-picker",
    prepare: async (page) => {
      await page.getByTestId("model-picker").click();
      await page.getByTestId("model-option").first().waitFor({ timeout: stepLimitMs });
    },
  },
  {
    name: "search",
    prepare: async (page) => {
      await withChats(page);
      await sideBar(page);
      await page.getByTestId("search").fill("puffin");
      await page.getByTestId("search-result").first().waitFor({ timeout: stepLimitMs });
    },
  },
  {
    name: "archive",
    prepare: async (page) => {
      await withChats(page);
      await sideBar(page);
      await page.getByTestId("open-archive").click();
      await page.getByText("Compost, explained slowly").waitFor({ timeout: stepLimitMs });
    },
  },
  { name: "first-run", prepare: withoutModels },
  { name: "temporary", prepare: withTemporary },
  {
    name: "temporary-answer",
    prepare: async (page) => {
      await withTemporary(page);
      await answered(page, "Tell me 40 words");
    },
  },
  {
    name: "prompt-menu",
    prepare: async (page) => {
      for (const name of ["haiku", "translate", "shorten"]) {
        await ask(page, "POST", "/api/prompts", { name, text: `Please ${name} what follows, and keep its meaning: ` });
      }
      await page.reload();
      await page.getByTestId("composer").fill("/");
      await page.getByTestId("prompt-menu").waitFor({ timeout: stepLimitMs });
    },
  },
  {
    name: "chat-settings",
    prepare: async (page) => {
      await answered(page, "Tell me 20 words");
      await chatMenu(page);
      await menuItem(page, chatSettingsItem);
      await page.getByRole("dialog").waitFor({ timeout: stepLimitMs });
    },
  },
  {
    name: "share-dialog",
    prepare: async (page) => {
      await answered(page, "Tell me 20 words");
      await chatMenu(page);
      await menuItem(page, shareItem);
      await page.getByTestId("create-share").click();
      await page.getByTestId("share").waitFor({ timeout: stepLimitMs });
    },
  },
  {
    name: "share-page",
    prepare: async (page) => {
      await answered(page, "show me everything");
      const sessionId = new URL(page.url()).pathname.split("/").at(-1);
      const { share_id } = await ask(page, "POST", `/api/sessions/${sessionId}/shares`, {});
      await page.goto(`${new URL(page.url()).origin}/share/${share_id}`);
      await page.locator(".token").first().waitFor({ timeout: stepLimitMs });
      await page.getByTestId("diagram").waitFor({ timeout: stepLimitMs });
    },
  },
  {
    name: "share-gone",
    prepare: async (page) => {
      await page.goto(`${new URL(page.url()).origin}/share/shr_not_here_at_all`);
      await page.getByRole("heading", { level: 1 }).waitFor({ timeout: stepLimitMs });
    },
  },
  {
    name: "deleted",
    prepare: async (page) => {
      await answered(page, "Tell me 20 words");
      await chatMenu(page);
      await page.getByRole("menuitem").last().click();
      await page.getByTestId("notice").waitFor({ timeout: stepLimitMs });
    },
  },
  { name: "settings-general", prepare: (page) => settings(page, 0, settingsItemOfGuest) },
  { name: "arabic-settings", locale: "ar", prepare: (page) => settings(page, 0, settingsItemOfGuest) },
  {
    name: "settings-prompts",
    prepare: async (page) => {
      await ask(page, "POST", "/api/prompts", { name: "haiku", text: "Write a haiku about " });
      await settings(page, 1, settingsItemOfGuest);
      await page.getByText("/haiku").waitFor({ timeout: stepLimitMs });
    },
  },
  { name: "settings-data", prepare: (page) => settings(page, 2, settingsItemOfGuest) },
  { name: "settings-guest", prepare: (page) => settings(page, 3, settingsItemOfGuest) },
  {
    name: "settings-account",
    prepare: async (page) => {
      await withAccount(page);
      await settings(page, 3, 0);
      await page.getByTestId("device").first().waitFor({ timeout: stepLimitMs });
    },
  },
  {
    name: "delete-account",
    prepare: async (page) => {
      await withAccount(page);
      await settings(page, 3, 0);
      await page.getByTestId("device").first().waitFor({ timeout: stepLimitMs });
      await page.getByRole("tabpanel").getByRole("button").last().click();
      await page.getByRole("tabpanel").getByRole("button").last().scrollIntoViewIfNeeded();
    },
  },
  {
    name: "sign-up",
    prepare: async (page) => {
      await sideBar(page);
      await page.getByTestId("account-menu").click();
      await menuItem(page, 0);
      await page.getByRole("dialog").locator("form").waitFor({ timeout: stepLimitMs });
    },
  },
  {
    name: "sign-in",
    prepare: async (page) => {
      await sideBar(page);
      await page.getByTestId("account-menu").click();
      await menuItem(page, 1);
      await page.getByRole("dialog").locator("form").waitFor({ timeout: stepLimitMs });
    },
  },
];
