import { scriptedAnswer } from "@uci/adapters/providers/testing";
import type { BrowserContext, Page } from "playwright-core";
import { describe, expect, it, vi } from "vitest";
import type { ScriptedChat } from "./scripted-chat.ts";
import { pageLimitMs, withScriptedPage } from "./scripted-page.ts";

let chat: ScriptedChat;
let context: BrowserContext;
let page: Page;
withScriptedPage({ context: { viewport: { width: 1000, height: 800 } }, tokensPerSecond: 0 }, (stage) => {
  ({ chat, context, page } = stage);
});

const answer = () => page.getByTestId("message-assistant").last();
const texts = () => page.getByTestId("message-user").allInnerTexts();

async function send(text: string): Promise<void> {
  await page.getByTestId("composer").fill(text);
  // A menu that has just closed may still give the focus back.
  await page.getByTestId("composer").press("Enter");
}

function eventually(check: () => Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: pageLimitMs, interval: 50 });
}

async function untilStatus(status: string): Promise<void> {
  await eventually(async () => expect(await answer().getAttribute("data-status")).toBe(status));
}

/** Sends and waits for the whole answer. */
async function converse(text: string): Promise<void> {
  const before = await page.getByTestId("message-assistant").count();
  await send(text);
  await eventually(async () => expect(await page.getByTestId("message-assistant").count()).toBe(before + 1));
  await untilStatus("complete");
}

async function choose(item: string): Promise<void> {
  await answer().hover();
  await answer().getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

describe("the tree of a conversation", { timeout: 2 * pageLimitMs }, () => {
  it("edits a message into a branch and goes back to the other one", async () => {
    await converse("first question");
    await page.getByTestId("message-user").hover();
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByLabel("Edit your message").fill("another question");
    await page.keyboard.press("Enter");
    await eventually(async () => expect((await texts())[0]).toContain("another question"));
    await untilStatus("complete");
    await page.getByRole("button", { name: "Version before" }).click();
    await eventually(async () => expect((await texts())[0]).toContain("first question"));
    await page.reload();
    await eventually(async () => expect((await texts())[0]).toContain("first question"));
  });

  it("keeps an answer in the reader's words beside the model's, and goes on from it", async () => {
    await converse("a question");
    const asked = chat.provider.requests.all.length;
    await answer().hover();
    await answer().getByRole("button", { name: "Edit the answer" }).click();
    await page.getByRole("textbox", { name: "Edit the answer" }).fill("My own words");
    await answer().getByRole("button", { name: "Keep" }).click();
    await eventually(async () => expect(await answer().innerText()).toContain("2/2"));
    expect(await answer().getByTestId("answer-text").innerText()).toBe("My own words");
    expect(await answer().getByTestId("answer-facts").textContent()).toContain("edited");
    expect(chat.provider.requests.all).toHaveLength(asked);
    await converse("go on");
    expect(JSON.stringify(chat.provider.requests.all.at(-1)?.body)).toContain("My own words");
    await page.reload();
    await page.getByText("My own words").waitFor();
  });

  it("writes an answer again with another model", async () => {
    await converse("a question");
    await choose("another");
    await eventually(async () => expect(await answer().innerText()).toContain("2/2"));
    await untilStatus("complete");
    expect(chat.provider.requests.all.at(-1)?.model).toBe("another");
    expect(await answer().innerText()).toContain("another");
  });

  it("keeps the focus on the arrow that goes through the versions", async () => {
    await converse("a question");
    for (const versions of [2, 3]) {
      await answer().hover();
      await answer().getByTestId("regenerate").click();
      await eventually(async () => expect(await answer().innerText()).toContain(`${versions}/${versions}`));
    }
    const focused = () => page.evaluate<string | null>("document.activeElement.getAttribute('aria-label')");
    await answer().getByRole("button", { name: "Version before" }).focus();
    await page.keyboard.press("Enter");
    await eventually(async () => expect(await answer().innerText()).toContain("2/3"));
    expect(await focused()).toBe("Version before");
    await page.keyboard.press("Enter");
    await eventually(async () => expect(await answer().innerText()).toContain("1/3"));
    // There is none before it: the way back is what is left.
    expect(await focused()).toBe("Next version");
    await page.keyboard.press("Enter");
    await eventually(async () => expect(await answer().innerText()).toContain("2/3"));
    expect(await focused()).toBe("Next version");
  });

  it("goes on with a stopped answer exactly where it ends", async () => {
    chat.provider.tokensPerSecond = 60;
    await send("say 200 words");
    await eventually(async () =>
      expect((await answer().getByTestId("answer-text").innerText()).length).toBeGreaterThan(80),
    );
    await page.getByTestId("stop").click();
    await untilStatus("stopped");
    chat.provider.tokensPerSecond = 0;
    const before = await answer().getAttribute("data-message-id");
    await answer().getByTestId("continue").click();
    await eventually(async () => expect(await answer().getAttribute("data-message-id")).not.toBe(before));
    await untilStatus("complete");
    const id = await answer().getAttribute("data-message-id");
    await eventually(async () => {
      const [row] = await chat.query("select content, status from messages where message_id = $1", [id]);
      expect(row).toEqual({ content: scriptedAnswer("say 200 words"), status: "complete" });
    });
  });

  it("keeps a rating over a reload, and takes it back", async () => {
    await converse("a question");
    await answer().hover();
    const good = answer().getByRole("button", { name: "Good answer" });
    await good.click();
    const stored = () => chat.query("select metadata ->> 'rating' as rating from messages where role = 'assistant'");
    await eventually(async () => expect((await stored()).map(({ rating }) => rating)).toContain("up"));
    await page.reload();
    await eventually(async () => expect(await good.getAttribute("aria-pressed")).toBe("true"));
    await good.click();
    await eventually(async () => expect(await good.getAttribute("aria-pressed")).toBe("false"));
    await eventually(async () => expect((await stored()).map(({ rating }) => rating)).not.toContain("up"));
  });

  it("deletes a message with what follows it, here and in another tab, and brings it back on request", async () => {
    await converse("one");
    await converse("two");
    const other = await context.newPage();
    await other.goto(page.url());
    await other.getByText("two", { exact: true }).last().waitFor();
    const remove = async () => {
      await page.getByTestId("message-user").last().hover();
      await page.getByTestId("message-user").last().getByRole("button", { name: "Delete from here on" }).click();
      await eventually(async () => expect(await page.getByTestId("message-user").count()).toBe(1));
    };
    await remove();
    await page.getByRole("button", { name: "Undo" }).click();
    await eventually(async () => expect(await page.getByTestId("message-user").count()).toBe(2));
    await remove();
    await eventually(async () => expect(await other.getByTestId("message-user").count()).toBe(1));
    await page.reload();
    await eventually(async () => expect(await page.getByTestId("message-user").count()).toBe(1));
  });

  it("branches into a chat of its own", async () => {
    await converse("one");
    await converse("two");
    const address = page.url();
    const shown = () =>
      page.locator("[data-message-id]").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-message-id")));
    const before = await shown();
    await choose("Branch into a new chat");
    await eventually(async () => expect(page.url()).not.toBe(address));
    // The address changes first; what is shown then is still the chat it came from.
    await eventually(async () => {
      const now = await shown();
      expect(now).toHaveLength(before.length);
      expect(now.filter((id) => before.includes(id))).toEqual([]);
    });
    expect(await page.getByTestId("message-user").count()).toBe(2);
    await converse("three");
    await page.goto(address);
    await eventually(async () => expect(await page.getByTestId("message-user").count()).toBe(2));
  });

  it("shows an instruction as a quiet line that neither side said, as soon as it is there", async () => {
    await converse("one");
    const sessionId = new URL(page.url()).pathname.split("/").at(-1);
    const posted = await page.request.post(`${chat.address}/api/sessions/${sessionId}/messages`, {
      data: { role: "system", content: "Speak like a pirate." },
      headers: { origin: chat.address },
    });
    expect(posted.status()).toBe(201);
    const line = page.getByTestId("message-system");
    await eventually(async () => expect(await line.innerText()).toBe("Speak like a pirate."));
    await converse("two");
    const shown = () =>
      page.locator("[data-message-id]").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-testid")));
    const turn = ["message-user", "message-assistant"];
    expect(await shown()).toEqual([...turn, "message-system", ...turn]);
    await page.reload();
    await eventually(async () => expect(await shown()).toEqual([...turn, "message-system", ...turn]));
  });
});
