import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ScriptedChat } from "./scripted-chat.ts";
import { pageLimitMs, withScriptedPage } from "./scripted-page.ts";

/** A picture of one pixel. */
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

let chat: ScriptedChat;
let page: Page;
withScriptedPage({ context: { viewport: { width: 1000, height: 800 } }, tokensPerSecond: 0 }, (stage) => {
  ({ chat, page } = stage);
});
beforeEach(async () => {
  // Files are taken once somebody is there to whom they belong.
  await page.getByTestId("model-picker").waitFor();
});

const composer = () => page.getByTestId("composer");
const answer = () => page.getByTestId("message-assistant").last();
const asked = () => JSON.stringify(chat.provider.requests.all.at(-1)?.body ?? null);

function eventually(check: () => Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: pageLimitMs, interval: 50 });
}

async function send(text: string): Promise<void> {
  await composer().fill(text);
  await composer().press("Enter");
}

async function untilComplete(count: number): Promise<void> {
  await eventually(async () => {
    expect(await page.getByTestId("message-assistant").count()).toBe(count);
    expect(await answer().getAttribute("data-status")).toBe("complete");
  });
}

async function untilFiles(count: number, state = "ready"): Promise<void> {
  await eventually(async () =>
    expect(await page.locator(`[data-testid=draft-file][data-state=${state}]`).count()).toBe(count),
  );
}

async function paste(text: string): Promise<void> {
  await composer().focus();
  await composer().evaluate((field, pasted) => {
    const { DataTransfer: Transfer, ClipboardEvent: Paste } = globalThis as unknown as {
      DataTransfer: new () => { setData(type: string, data: string): void };
      ClipboardEvent: new (type: string, options: object) => Event;
    };
    const clipboardData = new Transfer();
    clipboardData.setData("text/plain", pasted);
    field.dispatchEvent(new Paste("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

describe("writing a message", { timeout: 2 * pageLimitMs }, () => {
  it("grows with its text, and keeps the draft of each chat over a reload", async () => {
    const height = async () => (await composer().boundingBox())?.height ?? 0;
    const low = await height();
    await composer().fill("one\ntwo\nthree\nfour");
    expect(await height()).toBeGreaterThan(low + 50);
    await page.reload();
    await eventually(async () => expect(await composer().inputValue()).toBe("one\ntwo\nthree\nfour"));
    await send("a chat");
    await untilComplete(1);
    await composer().fill("a draft of this chat");
    await page.reload();
    await eventually(async () => expect(await composer().inputValue()).toBe("a draft of this chat"));
  });

  it("edits the last message on arrow up", async () => {
    await send("a questoin");
    await untilComplete(1);
    await composer().press("ArrowUp");
    const field = page.getByLabel("Edit your message");
    await eventually(async () => expect(await field.inputValue()).toBe("a questoin"));
    await field.fill("a question");
    await field.press("Enter");
    await eventually(async () =>
      expect(await page.getByTestId("message-user").last().innerText()).toContain("a question"),
    );
    await untilComplete(1);
  });

  it("sends what is written while an answer runs after it", async () => {
    chat.provider.tokensPerSecond = 60;
    await send("say 600 words");
    await page.getByTestId("stop").waitFor();
    await send("and then this");
    await page.getByTestId("message-unsent").waitFor();
    chat.provider.tokensPerSecond = 400;
    expect(await page.getByTestId("message-unsent").getAttribute("data-state")).toBe("queued");
    await untilComplete(2);
    expect(await page.getByTestId("message-unsent").count()).toBe(0);
  });
});

describe("files", { timeout: 2 * pageLimitMs }, () => {
  it("go along: a text chosen by button and a long text that is pasted", async () => {
    await page
      .getByTestId("file-input")
      .setInputFiles({ name: "notes.md", mimeType: "text/markdown", buffer: Buffer.from("remember the milk") });
    await paste(`the end of it is here ${"word ".repeat(600)}`);
    await untilFiles(2);
    expect(await composer().inputValue()).toBe("");
    await page.reload();
    await untilFiles(2);
    await send("Read this");
    await untilComplete(1);
    expect(asked()).toContain("remember the milk");
    expect(asked()).toContain("the end of it is here");
    expect(await page.getByTestId("draft-file").count()).toBe(0);
    expect(await page.getByTestId("sent-file").count()).toBe(2);
    await page.reload();
    await eventually(async () => expect(await page.getByTestId("sent-file").count()).toBe(2));
  });

  it("are pictures that a model can see, and a word of warning for one that cannot", async () => {
    const picture = { name: "dot.png", mimeType: "image/png", buffer: png };
    await page.getByTestId("file-input").setInputFiles(picture);
    await untilFiles(1);
    await page.getByText("This model cannot see pictures").waitFor();
    await page.getByTestId("model-picker").click();
    await page.getByRole("option", { name: "another" }).click();
    await eventually(async () => expect(await page.getByText("This model cannot see pictures").count()).toBe(0));
    await composer().press("Enter");
    await untilComplete(1);
    expect(asked()).toContain(`data:image/png;base64,${png.toString("base64")}`);
    const shown = page.getByTestId("sent-file").locator("img");
    await eventually(async () =>
      expect(await shown.evaluate((image) => "naturalWidth" in image && image.naturalWidth)).toBe(1),
    );
  });

  it("are refused with a reason, and taken away with their cross", async () => {
    const input = page.getByTestId("file-input");
    await input.setInputFiles({ name: "paper.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF") });
    await page.getByText("paper.pdf is neither an image nor a text.").waitFor();
    await input.setInputFiles({ name: "long.txt", mimeType: "text/plain", buffer: Buffer.alloc(1024 * 1024 + 1, "x") });
    await page.getByText(/long\.txt is empty or too large/).waitFor();
    expect(await page.getByTestId("draft-file").count()).toBe(0);
    await input.setInputFiles({ name: "fine.txt", mimeType: "text/plain", buffer: Buffer.from("fine") });
    await untilFiles(1);
    await page.getByRole("button", { name: "Remove fine.txt" }).click();
    await untilFiles(0);
    const gone = async () => (await chat.query("select 1 from attachments where name = 'fine.txt'")).length;
    await eventually(async () => expect(await gone()).toBe(0));
  });

  it("proposes nothing before it is known who answers, and moves nothing then", async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    await page.route("**/api/models", async (route) => {
      await held;
      await route.continue();
    });
    await page.reload();
    await composer().waitFor();
    const openers = page.getByTestId("openers");
    await openers.waitFor({ state: "attached" });
    expect(await openers.isVisible()).toBe(false);
    const before = await openers.evaluate((list) => list.getBoundingClientRect().top);
    release();
    await openers.waitFor();
    expect(await openers.evaluate((list) => list.getBoundingClientRect().top)).toBe(before);
  });
});
