import type { Browser, BrowserContext, Page } from "playwright-core";
import { describe, expect, it, vi } from "vitest";
import type { ScriptedChat } from "./scripted-chat.ts";
import { pageLimitMs, withScriptedPage } from "./scripted-page.ts";

const password = "a password that will do";

describe("settings and account", { timeout: 2 * pageLimitMs }, () => {
  let chat: ScriptedChat;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let people = 0;
  withScriptedPage({ context: { viewport: { width: 1280, height: 800 }, locale: "en-GB" }, opened: false }, (stage) => {
    ({ chat, browser, context, page } = stage);
  });

  async function signUp(): Promise<string> {
    const email = `owner${++people}@example.org`;
    await context.request.post(`${chat.address}/api/auth/sign-up`, { data: { email, password, name: "Ada" } });
    await page.goto(chat.address);
    return email;
  }

  async function settings(tab: string): Promise<void> {
    await page.getByRole("button", { name: /^Account and settings/ }).click();
    await page.getByRole("menuitem", { name: "Settings" }).click();
    await page.getByRole("tab", { name: tab }).click();
  }

  it("changes name and password, signs another device out, and deletes the account", async () => {
    const email = await signUp();
    const other = await browser.newContext();
    await other.request.post(`${chat.address}/api/auth/sign-in`, { data: { email, password } });
    await settings("Account");
    await page.getByLabel("Name").fill("Grace");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved").waitFor();
    await page.getByRole("button", { name: /^Sign out / }).click();
    await vi.waitFor(async () => expect(await page.getByTestId("device").count()).toBe(1), { timeout: pageLimitMs });
    expect((await other.request.get(`${chat.address}/api/sessions`)).status()).toBe(401);
    await other.close();
    await page.getByLabel("Current password").fill("not this one");
    await page.getByLabel("New password").fill("another password");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("The password is wrong.").waitFor();
    await page.getByLabel("Current password").fill(password);
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("The password is changed.").waitFor();

    await page.getByRole("button", { name: "Delete account" }).click();
    const everything = page.getByRole("button", { name: "Delete everything" });
    expect(await everything.isDisabled()).toBe(true);
    await page.getByLabel(`Type ${email} to confirm`).fill(email);
    await page.getByLabel("Password", { exact: true }).fill("another password");
    await everything.click();
    await page.getByRole("button", { name: "Account and settings: Guest" }).waitFor();
    expect(await chat.query("select 1 from users where email = $1", [email])).toEqual([]);
  });

  it("takes a file of conversations in, once, and lets everything out", async () => {
    await signUp();
    await settings("Data");
    const message = (role: string, words: string) => ({
      author: { role },
      content: { content_type: "text", parts: [words] },
    });
    const mapping = {
      q: { id: "q", parent: null, children: ["a"], message: message("user", "Knock knock") },
      a: { id: "a", parent: "q", children: [], message: message("assistant", "Who is there?") },
    };
    const buffer = Buffer.from(
      JSON.stringify([{ title: "A joke", create_time: 1_700_000_000, conversation_id: "j", mapping }]),
    );
    const file = { name: "conversations.json", mimeType: "application/json", buffer };
    await page.getByTestId("import-file").setInputFiles(file);
    await page.getByText("1 chat imported.").waitFor();
    await page.getByTestId("import-file").setInputFiles(file);
    await page.getByText("0 chats imported. 1 left out.").waitFor();
    await page.getByTestId("import-file").setInputFiles({ ...file, buffer: Buffer.from("not json") });
    await page.getByText("This file is not JSON.").waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Markdown" }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/\.md$/);
    await page.keyboard.press("Escape");
    await page.getByTestId("session-item").filter({ hasText: "A joke" }).click();
    await page.getByText("Who is there?").waitFor();
  });

  it("takes in an export of some hundred conversations, and nothing of a broken file", async () => {
    const email = await signUp();
    await settings("Data");
    const count = 400;
    const turns = 6;
    const conversation = (number: number) => {
      const ids = Array.from({ length: turns }, (_none, index) => `${number}-${index}`);
      const nodes = ids.map((id, index) => {
        const role = index % 2 === 0 ? "user" : "assistant";
        const content = {
          content_type: "text",
          parts: [`Turn ${index} of talk${number}. ${"More of it. ".repeat(20)}`],
        };
        const message = { author: { role }, content, create_time: 1_700_000_000 + number * 60 + index };
        return [id, { id, parent: ids[index - 1] ?? null, children: ids.slice(index + 1, index + 2), message }];
      });
      const create_time = 1_700_000_000 + number * 60;
      return {
        title: `Talk ${number}`,
        create_time,
        conversation_id: `c${number}`,
        mapping: Object.fromEntries(nodes),
      };
    };
    const conversations = Array.from({ length: count }, (_none, index) => conversation(index + 1));
    const whole = JSON.stringify([...conversations, { title: "Without a word", mapping: {} }, null]);
    const take = (text: string) =>
      page
        .getByTestId("import-file")
        .setInputFiles({ name: "conversations.json", mimeType: "application/json", buffer: Buffer.from(text) });
    const kept = async () => {
      const rows = `select count(distinct s.session_id)::int sessions, count(m.message_id)::int messages from users u
        join chat_sessions s on s.user_id = u.id left join messages m using (session_id) where u.email = $1`;
      return (await chat.query(rows, [email]))[0];
    };

    for (const [broken, problem] of [
      [whole.slice(0, -whole.length / 3), "This file is not JSON."],
      [JSON.stringify({ conversations }), "This file is neither an export of this system nor"],
    ] as const) {
      await take(broken);
      await page.getByRole("alert").filter({ hasText: problem }).waitFor();
      expect(await page.getByTestId("import-result").textContent()).toBe("");
      expect(await kept()).toEqual({ sessions: 0, messages: 0 });
    }

    await take(whole);
    await page.getByText(`${count} chats imported. 2 left out.`).waitFor();
    expect(await page.getByRole("alert").filter({ hasText: /./ }).count()).toBe(0);
    const all = { sessions: count, messages: count * turns };
    expect(await kept()).toEqual(all);
    await take(whole);
    await page.getByText(`0 chats imported. ${count + 2} left out.`).waitFor();
    await take(whole.slice(1));
    await page.getByText("This file is not JSON.").waitFor();
    expect(await kept()).toEqual(all);

    await page.keyboard.press("Escape");
    await page
      .getByTestId("session-item")
      .filter({ hasText: `Talk ${count}` })
      .waitFor();
    await page.getByTestId("search").fill("talk237");
    await page.getByTestId("search-result").filter({ hasText: "Talk 237" }).first().click();
    await page.getByTestId("message-user").first().getByText("Turn 0 of talk237.").waitFor();
  });

  it("keeps a default model on every device, and prompts", async () => {
    await signUp();
    await settings("General");
    await page.getByLabel("Default model").selectOption({ label: "another" });
    await page.getByTestId("model-picker").filter({ hasText: "another" }).waitFor({ state: "attached" });
    await page.getByRole("tab", { name: "Prompts" }).click();
    await page.getByRole("button", { name: "New prompt" }).click();
    await page.getByLabel("Name, one word").fill("two words");
    await page.getByLabel("Text").fill("Say it again.");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").filter({ hasText: /./ }).waitFor();
    await page.getByLabel("Name, one word").fill("again");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("/again").waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Model: another" }).waitFor();
  });

  it("invites a guest who has something to lose, and is quiet after that", async () => {
    await page.goto(chat.address);
    for (const words of ["One thing", "Another thing"]) {
      await page.getByTestId("new-chat").click();
      await page.getByTestId("composer").fill(words);
      await page.getByTestId("composer").press("Enter");
      await page.locator('[data-testid=message-assistant][data-status="complete"]').last().waitFor();
    }
    const line = page.getByTestId("account-menu").getByText("Sign up to keep your chats");
    await page.getByTestId("guest-banner").waitFor();
    expect(await line.count()).toBe(0);
    await page.getByTestId("guest-banner").getByRole("button", { name: "Later" }).click();
    await line.waitFor();
    await page.reload();
    await page.getByTestId("session-item").first().waitFor();
    await line.waitFor();
    expect(await page.getByTestId("guest-banner").count()).toBe(0);
  });
});
