import { scriptedReasoning } from "@uci/adapters/providers/testing";
import type { BrowserContext, Page } from "playwright-core";
import { describe, expect, it, vi } from "vitest";
import { answerTo, richAnswer } from "./rich-answer.ts";
import type { ScriptedChat } from "./scripted-chat.ts";
import { pageLimitMs, withScriptedPage } from "./scripted-page.ts";

let chat: ScriptedChat;
let context: BrowserContext;
let page: Page;
withScriptedPage(
  {
    provider: { tokensPerSecond: 400, answer: answerTo },
    context: { viewport: { width: 1000, height: 700 } },
    tokensPerSecond: 400,
    consoleCounts: true,
  },
  (stage) => {
    ({ chat, context, page } = stage);
  },
);

async function send(text: string): Promise<void> {
  await page.getByTestId("composer").fill(text);
  await page.keyboard.press("Enter");
}

function answer() {
  return page.getByTestId("message-assistant").last();
}

async function untilStatus(status: string): Promise<void> {
  await vi.waitFor(async () => expect(await answer().getAttribute("data-status")).toBe(status), {
    timeout: pageLimitMs,
    interval: 50,
  });
}

async function distanceFromEnd(): Promise<number> {
  return page
    .getByTestId("messages")
    .evaluate(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight);
}

describe("reading an answer", { timeout: 2 * pageLimitMs }, () => {
  it("sets formulas, tables, code, footnotes and diagrams, and no picture of elsewhere", async () => {
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await send("show everything");
    await untilStatus("complete");
    await answer().locator(".katex-display").waitFor();
    expect(await answer().locator(".katex").count()).toBeGreaterThanOrEqual(3);
    expect(await answer().innerText()).toContain("$5 and $10");
    await answer().getByTestId("diagram").locator("img").waitFor();
    await answer().locator(".code-frame .token").first().waitFor();
    expect(asked.filter((url) => url.includes("pictures.example.org"))).toEqual([]);
    expect(await answer().getByRole("link", { name: /A cat/ }).getAttribute("rel")).toContain("noopener");
    const frame = answer().locator(".table-frame");
    expect(await frame.evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)).toBe(true);
    const list = page.getByTestId("messages");
    expect(await list.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)).toBe(true);
    const footnote = answer().locator('sup a[href^="#"]');
    await footnote.click();
    expect(page.url()).not.toContain("#");
    expect(await page.evaluate<string>("document.activeElement.textContent")).toContain("The footnote");
  });

  it("copies and wraps code", async () => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await send("show everything");
    await untilStatus("complete");
    const frame = answer().locator(".code-frame", { hasText: "typescript" });
    const section = frame.locator("section");
    expect(await section.evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)).toBe(true);
    await frame.getByRole("button", { name: "Wrap long lines" }).click();
    expect(await section.evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)).toBe(false);
    await frame.getByRole("button", { name: "Copy code" }).click();
    const copied = await page.evaluate<string>("navigator.clipboard.readText()");
    expect(richAnswer).toContain(`\`\`\`typescript\n${copied}\n\`\`\``);
  });

  it("folds thoughts, and says how long they took", async () => {
    await send("reason about it, 12 words");
    await untilStatus("complete");
    const fold = answer().getByTestId("reasoning");
    const line = fold.getByRole("button");
    expect(await line.innerText()).toMatch(/^Thought for \d+ s$/);
    const thoughts = fold.getByText(scriptedReasoning("reason about it, 12 words") ?? "");
    expect(await thoughts.isVisible()).toBe(false);
    await line.click();
    expect(await thoughts.isVisible()).toBe(true);
    await page.reload();
    await untilStatus("complete");
    expect(await answer().getByTestId("reasoning").getByRole("button").innerText()).toMatch(/^Thought for \d+ s$/);
  });

  it("says when it came, how long it is and how fast it was", async () => {
    await send("400 words");
    await untilStatus("complete");
    await answer().hover();
    const facts = await answer().getByTestId("answer-facts").innerText();
    expect(facts).toMatch(/\d+:\d\d.* · [\d,.]+ tokens · \d+ a second/);
  });

  it("folds what the reader wrote after twelve lines", async () => {
    await send(Array.from({ length: 30 }, (_none, index) => `line ${index}`).join("\n"));
    await untilStatus("complete");
    const bubble = page.getByTestId("message-user").last();
    const height = async () => (await bubble.boundingBox())?.height ?? 0;
    const folded = await height();
    await bubble.getByRole("button", { name: "Show all" }).click();
    expect(await height()).toBeGreaterThan(folded + 200);
  });
});

describe("where the reader is", { timeout: 2 * pageLimitMs }, () => {
  it("follows the end, lets go when scrolled up, and goes back on request", async () => {
    await send("4000 words");
    await vi.waitFor(async () => expect((await answer().boundingBox())?.height).toBeGreaterThan(1_000), {
      timeout: pageLimitMs,
      interval: 50,
    });
    // From here on there is always more to come, however slow this machine is.
    chat.provider.tokensPerSecond = 60;
    await vi.waitFor(async () => expect(await distanceFromEnd()).toBeLessThan(60), {
      timeout: pageLimitMs,
      interval: 50,
    });
    await page.mouse.move(500, 300);
    await page.mouse.wheel(0, -600);
    await page.getByTestId("jump-down").waitFor();
    const before = await page.getByTestId("messages").evaluate(({ scrollTop }) => scrollTop);
    const heightBefore = (await answer().boundingBox())?.height ?? 0;
    await vi.waitFor(async () => expect((await answer().boundingBox())?.height).toBeGreaterThan(heightBefore + 200), {
      timeout: pageLimitMs,
      interval: 50,
    });
    expect(await page.getByTestId("messages").evaluate(({ scrollTop }) => scrollTop)).toBe(before);
    await page.getByTestId("jump-down").click();
    chat.provider.tokensPerSecond = 0;
    await untilStatus("complete");
    await vi.waitFor(async () => expect(await distanceFromEnd()).toBeLessThan(4), {
      timeout: pageLimitMs,
      interval: 50,
    });
    expect(await page.getByTestId("jump-down").count()).toBe(0);
  });

  it("opens a long conversation at its end, draws little of it, and brings what is older without moving the text", async () => {
    await send("hello, 5 words");
    await untilStatus("complete");
    const rows = Array.from({ length: 300 }, (_none, index) => ({
      role: index % 2 === 0 ? ("user" as const) : ("assistant" as const),
      content: `Message ${index}. ${"Words that fill a line or two. ".repeat(1 + (index % 9))}`,
    }));
    const title = await chat.fillSession(page, rows);
    await page.reload();
    await page.getByRole("link", { name: title }).click();
    await page.getByText("Message 299.").waitFor();
    await vi.waitFor(async () => expect(await distanceFromEnd()).toBeLessThan(4), {
      timeout: pageLimitMs,
      interval: 50,
    });
    expect(await page.locator("[data-testid^=message-]").count()).toBeLessThan(40);
    await page.mouse.move(500, 300);
    await vi.waitFor(
      async () => {
        await page.mouse.wheel(0, -1_500);
        expect(await page.getByText("Message 0.").count()).toBe(1);
      },
      { timeout: pageLimitMs, interval: 30 },
    );
    // What was scrolled near is set a moment later; nothing of it stays empty.
    await vi.waitFor(
      async () => expect(await page.locator("[data-index]:not(:has([data-testid^=message-]))").count()).toBe(0),
      { timeout: pageLimitMs, interval: 30 },
    );
    expect(await page.locator("[data-testid^=message-]").count()).toBeLessThan(40);
  });
});
