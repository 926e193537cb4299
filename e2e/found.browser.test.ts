import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ScriptedChat } from "./scripted-chat.ts";
import { pageLimitMs, withScriptedPage } from "./scripted-page.ts";

const messages = 400;

describe("what was found", { timeout: 2 * pageLimitMs }, () => {
  let chat: ScriptedChat;
  let page: Page;
  withScriptedPage({ context: { viewport: { width: 1280, height: 800 }, locale: "en-GB" } }, (stage) => {
    ({ chat, page } = stage);
  });

  /** A long chat: one hit far up, and one on a branch that is not shown, beside the first answer. */
  beforeEach(async () => {
    await page.getByTestId("model-picker").waitFor();
    const rows = Array.from({ length: messages }, (_, index) => ({
      role: index % 2 === 0 ? ("user" as const) : ("assistant" as const),
      content: index === 40 ? "Here lies the lighthouse" : `Message number ${index}, and some more words behind it.`,
    }));
    const title = await chat.fillSession(page, rows);
    const [session] = await chat.query(
      "select session_id from chat_sessions where title = $1 order by created_at desc",
      [title],
    );
    const sessionId = String(session?.session_id);
    await chat.query(
      `insert into messages (message_id, session_id, parent_message_id, role, content, status, created_at)
       select 'msg_branch_' || right(session_id, 12), session_id, message_id, 'assistant', 'A submarine nobody chose',
         'complete', created_at + interval '500 milliseconds'
       from messages where session_id = $1 and parent_message_id is null`,
      [sessionId],
    );
    await chat.query("update chat_sessions set search_due = true where session_id = $1", [sessionId]);
    // Another chat is on the page, so that the long one is read for the first time when it is gone to.
    await page.reload();
    await page.getByTestId("session-item").filter({ hasText: title }).waitFor();
  });

  /** Waits until the message with these words is in view and has the focus. */
  async function shown(words: string): Promise<void> {
    const row = page.locator("[data-message-id]").filter({ hasText: words });
    await vi.waitFor(
      async () => {
        expect(await row.evaluate((element) => element.matches(":focus"))).toBe(true);
        const box = await row.boundingBox();
        expect(box!.y).toBeGreaterThanOrEqual(0);
        expect(box!.y + box!.height).toBeLessThanOrEqual(800);
      },
      { timeout: pageLimitMs },
    );
  }

  it("opens at its message far up, marked for a moment and with the focus", async () => {
    await page.getByTestId("search").fill("lighthouse");
    await page.getByTestId("search-result").first().click();
    await shown("Here lies the lighthouse");
    await page.locator("[data-found]").waitFor({ state: "detached" });
    // Whoever scrolls on is not brought back.
    await page.getByTestId("messages").evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await page.getByText(`Message number ${messages - 1},`).waitFor();
    await page.getByTestId("search-result").first().click();
    await shown("Here lies the lighthouse");
  });

  it("opens on a branch that was not shown", async () => {
    await page.getByTestId("search").fill("submarine");
    await page.getByTestId("search-result").first().click();
    await shown("A submarine nobody chose");
    expect(await page.getByText("Message number 3,").count()).toBe(0);
    await page.reload();
    await shown("A submarine nobody chose");
  });

  it("is found from the palette in all chats, those that are not loaded too", async () => {
    await page.keyboard.press("Control+k");
    await page.getByTestId("palette-field").fill("lighthouse");
    await page.getByRole("option").filter({ hasText: "Here lies the lighthouse" }).waitFor();
    await page.keyboard.press("Enter");
    await shown("Here lies the lighthouse");
  });
});
