import type { Browser, BrowserContext, Page } from "playwright-core";
import { describe, expect, it, vi } from "vitest";
import type { ScriptedChat } from "./scripted-chat.ts";
import { pageLimitMs, withScriptedPage } from "./scripted-page.ts";

describe("the side bar", { timeout: 2 * pageLimitMs }, () => {
  let chat: ScriptedChat;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  withScriptedPage({ context: { viewport: { width: 1280, height: 800 }, locale: "en-GB" } }, (stage) => {
    ({ chat, browser, context, page } = stage);
  });

  const api = (path: string, body: unknown) => context.request.post(`${chat.address}${path}`, { data: body });
  const list = () => page.getByRole("navigation", { name: "Chats" });

  /** Sends a message and waits for the whole answer. */
  async function converse(message: string): Promise<void> {
    await page.getByTestId("composer").fill(message);
    await page.getByTestId("composer").press("Enter");
    await page.getByTestId("message-user").filter({ hasText: message }).waitFor();
    const status = () => page.getByTestId("message-assistant").last().getAttribute("data-status");
    await vi.waitFor(async () => expect(await status()).toBe("complete"), { timeout: pageLimitMs });
  }

  async function newChat(message: string): Promise<void> {
    await page.getByTestId("new-chat").click();
    await converse(message);
    await list().getByText(message).waitFor();
  }

  async function choose(title: string, ...items: string[]): Promise<void> {
    await page.getByTestId("session-item").filter({ hasText: title }).hover();
    await page.getByRole("button", { name: `Options for ${title}` }).click();
    for (const item of items) await page.getByRole("menuitem", { name: item }).click();
  }

  it("finds as one types, with the matches marked, and opens what was found", async () => {
    await newChat("Where do puffins breed?");
    await newChat("How high is the Eiger?");
    await page.getByTestId("search").fill("puff");
    const result = page.getByTestId("search-result").first();
    await result.waitFor();
    expect(await result.locator("mark").first().textContent()).toBe("puffins");
    await result.click();
    await page.getByTestId("message-user").getByText("Where do puffins breed?").waitFor();
    await page.getByTestId("search").fill("nothing like it");
    await page.getByText("Nothing found for “nothing like it”.").waitFor();
    await page.getByTestId("search").press("Escape");
    await list().waitFor();
  });

  it("pins, files into a new folder, archives and takes back", async () => {
    await newChat("First of all");
    await newChat("Second to none");
    await choose("First of all", "Pin");
    await page.getByRole("region", { name: "Pinned" }).getByText("First of all").waitFor();
    await choose("Second to none", "Move to folder", "New folder");
    await page.getByRole("textbox", { name: "Name of the folder" }).fill("Holidays");
    await page.keyboard.press("Enter");
    const folder = page.getByTestId("folder").filter({ hasText: "Holidays" });
    const head = folder.getByRole("button", { name: "Holidays", exact: true });
    // A folder that holds the chat on the page may be open already.
    if ((await head.getAttribute("aria-expanded")) === "false") await head.click();
    await folder.getByText("Second to none").waitFor();
    await page.reload();
    await page.getByRole("region", { name: "Pinned" }).getByText("First of all").waitFor();
    await choose("First of all", "Archive");
    await page.getByText("Chat archived").waitFor();
    await vi.waitFor(async () => expect(await list().getByText("First of all").count()).toBe(0), {
      timeout: pageLimitMs,
    });
    await page.getByTestId("open-archive").click();
    await page.getByRole("navigation", { name: "Archive" }).getByText("First of all").waitFor();
  });

  it("shares a frozen branch with anybody, until it is revoked", async () => {
    await newChat("To be read by others");
    await choose("To be read by others", "Share");
    await page.getByTestId("create-share").click();
    const href = await page.getByTestId("share").getByRole("link").getAttribute("href");
    const stranger = await browser.newContext({ locale: "en-GB" });
    const reader = await stranger.newPage();
    await reader.goto(`${chat.address}${href}`);
    await reader.getByRole("heading", { name: "To be read by others" }).waitFor({ timeout: pageLimitMs });
    expect(await reader.getByTestId("composer").count()).toBe(0);
    expect((await stranger.cookies()).length).toBe(0);
    await page.getByRole("button", { name: "Revoke" }).click();
    await vi.waitFor(async () => expect(await page.getByTestId("share").count()).toBe(0), { timeout: pageLimitMs });
    await reader.reload();
    await reader.getByText("This link leads nowhere").waitFor({ timeout: pageLimitMs });
    await stranger.close();
  });

  it("keeps nothing of a temporary chat", async () => {
    await page.getByTestId("temporary").click();
    await page.getByTestId("temporary-mark").waitFor();
    await converse("A secret of seven seals, 5 words");
    await converse("And another one, 5 words");
    const requests = chat.provider.requests.all.filter(({ prompt }) => prompt.startsWith("And another one"));
    expect(JSON.stringify(requests[0]?.body)).toContain("seven seals");
    await vi.waitFor(
      async () => {
        const rows = await chat.query(
          "select m.content from messages m join chat_sessions s using (session_id) where s.temporary",
        );
        expect(rows.map(({ content }) => content)).toEqual(["", "", "", ""]);
      },
      { timeout: pageLimitMs },
    );
    expect(await page.getByTestId("session-item").count()).toBe(0);
    const kept = await page.evaluate(() => JSON.stringify(localStorage));
    expect(kept).not.toContain("seven seals");
    await page.reload();
    await page.getByText("This chat leaves nothing behind").waitFor();
    expect(await page.getByText("seven seals").count()).toBe(0);
  });

  it("offers nothing in a temporary chat that needs it to be kept, and leaves nothing in the database", async () => {
    await page.getByTestId("temporary").click();
    await page.getByTestId("temporary-mark").waitFor();
    await converse("A riddle of nine lions, 30 words");
    const answer = page.getByTestId("message-assistant");
    const words = (await answer.getByTestId("answer-text").innerText()).slice(0, 12);
    expect(words).toMatch(/^0\./);
    // Rename, pin, folder, share, export, archive and settings hang on the title and the menu of a chat.
    const header = page.locator("header");
    expect(await header.getByRole("button", { name: "Options for this chat" }).count()).toBe(0);
    expect(await header.getByRole("heading").getByRole("button").count()).toBe(0);
    expect(await page.getByTestId("file-input").count()).toBe(0);
    await answer.hover();
    const named = answer.getByRole("button").evaluateAll((buttons) => buttons.map((button) => button.ariaLabel));
    expect(await named).toEqual(["Copy answer", "More"]);
    await answer.getByRole("button", { name: "More" }).click();
    expect(await page.getByRole("menuitem").allInnerTexts()).toEqual(["Delete from here on"]);
    await page.keyboard.press("Escape");
    await page.getByRole("menu").waitFor({ state: "detached" });
    expect(await page.getByTestId("session-item").count()).toBe(0);
    await page.keyboard.press("Control+k");
    await page.getByTestId("palette-field").fill("nine lions");
    await page.getByText("Nothing is called that.").waitFor();
    const listed = await context.request.get(`${chat.address}/api/sessions`);
    expect(((await listed.json()) as { sessions: unknown[] }).sessions).toEqual([]);
    await vi.waitFor(
      async () => {
        expect(await chat.tablesWith("nine lions")).toEqual([]);
        expect(await chat.tablesWith(words)).toEqual([]);
      },
      { timeout: pageLimitMs },
    );
  });

  it("calls saved prompts by a slash, and picks a model by its name", async () => {
    await newChat("Something to begin with");
    await api("/api/prompts", { name: "haiku", text: "Write a haiku about " });
    await page.reload();
    await page.getByTestId("composer").fill("/ha");
    await page.getByTestId("prompt-menu").getByText("/haiku").waitFor();
    await page.getByTestId("composer").press("Enter");
    expect(await page.getByTestId("composer").inputValue()).toBe("Write a haiku about ");
    await page.getByTestId("model-picker").click();
    await page.getByRole("combobox", { name: "Search models" }).fill("anoth");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Model: another" }).waitFor();
    await converse("Who are you now?");
    const asked = chat.provider.requests.all.findLast(({ prompt }) => prompt === "Who are you now?");
    expect(asked?.model).toBe("another");
  });

  it("closes the drawer of a narrow page when a dialog opens from it", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    const opener = page.getByRole("button", { name: "Show the side bar" });
    await opener.click();
    const drawer = page.getByRole("dialog", { name: "Chats" });
    await drawer.getByTestId("account-menu").click();
    await page.getByRole("menuitem", { name: "Settings" }).click();
    await page.getByRole("dialog", { name: "Settings" }).waitFor();
    await drawer.waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await vi.waitFor(async () => expect(await page.getByRole("dialog").count()).toBe(0), { timeout: pageLimitMs });
    await page.locator("button[aria-label='Show the side bar']:focus").waitFor();
  });

  it("gives a chat instructions of its own", async () => {
    await newChat("Hello there");
    await choose("Hello there", "Chat settings");
    await page.getByLabel("Instructions for the model").fill("Answer like a pirate.");
    await page.getByLabel("Temperature").fill("0.3");
    await page.getByRole("button", { name: "Save" }).click();
    await vi.waitFor(async () => expect(await page.getByRole("dialog").count()).toBe(0), { timeout: pageLimitMs });
    await converse("Where is the treasure?");
    const asked = chat.provider.requests.all.findLast(({ prompt }) => prompt === "Where is the treasure?");
    expect(asked?.body).toMatchObject({ temperature: 0.3 });
    expect(JSON.stringify(asked?.body)).toContain("Answer like a pirate.");
  });
});
