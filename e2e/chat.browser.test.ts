import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { RunningChat } from "./running-chat.ts";
import { RunningCluster } from "./running-cluster.ts";
import { noteFaults } from "./scripted-page.ts";

const limitMs = 60_000;

/** What the built-in program says when it is asked to count. */
function countedTo(last: number): string {
  return `${Array.from({ length: last }, (_, index) => index + 1).join(", ")}.`;
}

async function send(page: Page, text: string): Promise<void> {
  await page.getByTestId("composer").fill(text);
  await page.keyboard.press("Enter");
}

function lastAnswer(page: Page) {
  const answer = page.getByTestId("message-assistant").last();
  return {
    text: async () => {
      const shown = await answer.getByTestId("answer-text").textContent({ timeout: limitMs });
      // The mark where another worker went on has words for those who do not see it.
      return (shown ?? "").replaceAll("Continued by another worker", "").trim();
    },
    status: () => answer.getAttribute("data-status"),
    id: async () => (await answer.getAttribute("data-message-id")) ?? "",
  };
}

async function untilStatus(page: Page, status: string): Promise<void> {
  await page
    .locator(`[data-testid=message-assistant]:last-of-type[data-status="${status}"]`)
    .last()
    .waitFor({ timeout: limitMs });
  await vi.waitFor(async () => expect(await lastAnswer(page).status()).toBe(status), {
    timeout: limitMs,
    interval: 50,
  });
}

/** Waits until the answer being written has at least so many characters. */
async function untilWritten(page: Page, characters: number): Promise<string> {
  return vi.waitFor(
    async () => {
      const text = await lastAnswer(page).text();
      expect(text.length).toBeGreaterThanOrEqual(characters);
      return text;
    },
    { timeout: limitMs, interval: 50 },
  );
}

describe.each([
  { where: "one process", start: () => RunningChat.start() },
  { where: "nginx, 3 pods and 2 workers", start: () => RunningCluster.start() },
])("a person with the page: $where", { timeout: 2 * limitMs }, ({ start }) => {
  let chat: RunningChat | RunningCluster;
  let context: BrowserContext;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    chat = await start();
  }, 2 * limitMs);
  afterAll(async () => {
    await chat?.stop();
  });

  function watched(opened: Page): Page {
    noteFaults(opened, faults, true);
    return opened;
  }

  beforeEach(async () => {
    faults.length = 0;
    context = await chat.browser.newContext({ viewport: { width: 1280, height: 800 } });
    page = watched(await context.newPage());
    await page.goto(chat.address);
    await page.getByTestId("composer").waitFor();
    // The first answer of a conversation introduces the program; what follows is plain.
    await send(page, "hello");
    await untilStatus(page, "complete");
  });
  afterEach(async () => {
    await context.close();
    expect(faults).toEqual([]);
  });

  it("types, sees text arrive piece by piece, reloads in the middle and loses nothing", async () => {
    await send(page, "count to 150");
    await vi.waitFor(async () => expect(await page.getByTestId("message-assistant").count()).toBe(2), {
      timeout: limitMs,
    });
    const seen = new Set<string>();
    while (seen.size < 6) seen.add(await untilWritten(page, 1));
    const before = await untilWritten(page, 60);
    await page.reload();
    const after = await untilWritten(page, 1);
    expect(await lastAnswer(page).status()).toBe("streaming");
    await untilStatus(page, "complete");
    const whole = countedTo(150);
    for (const text of [...seen, before, after]) expect(whole.startsWith(text), text).toBe(true);
    expect(await lastAnswer(page).text()).toBe(whole);
    expect(await chat.storedAnswer(await lastAnswer(page).id())).toEqual({ status: "complete", text: whole });
  });

  it("stops an answer and finds it stopped after a reload", async () => {
    await send(page, "count to 1000");
    await vi.waitFor(async () => expect(await page.getByTestId("message-assistant").count()).toBe(2), {
      timeout: limitMs,
    });
    await untilWritten(page, 40);
    await page.getByTestId("stop").click();
    await untilStatus(page, "stopped");
    const id = await lastAnswer(page).id();
    await vi.waitFor(async () => expect((await chat.storedAnswer(id)).status).toBe("stopped"), { timeout: limitMs });
    const { text } = await chat.storedAnswer(id);
    expect(countedTo(1000).startsWith(text)).toBe(true);
    expect(await lastAnswer(page).text()).toBe(text.trim());
    await page.reload();
    await untilStatus(page, "stopped");
    expect(await lastAnswer(page).text()).toBe(text.trim());
  });

  it("shows the same answer live in two tabs", async () => {
    const other = watched(await context.newPage());
    await other.goto(page.url());
    await untilStatus(other, "complete");
    await send(page, "count to 100");
    for (const tab of [page, other]) {
      await vi.waitFor(async () => expect(await tab.getByTestId("message-assistant").count()).toBe(2), {
        timeout: limitMs,
      });
      await untilWritten(tab, 20);
    }
    expect(await lastAnswer(other).status()).toBe("streaming");
    for (const tab of [page, other]) {
      await untilStatus(tab, "complete");
      expect(await lastAnswer(tab).text()).toBe(countedTo(100));
    }
  });

  it("regenerates into a sibling and keeps both", async () => {
    await send(page, "count to 5");
    await vi.waitFor(async () => expect(await lastAnswer(page).text()).toBe(countedTo(5)), { timeout: limitMs });
    await untilStatus(page, "complete");
    const first = await lastAnswer(page).id();
    await page.getByTestId("message-assistant").last().hover();
    await page.getByTestId("regenerate").last().click();
    await vi.waitFor(async () => expect(await lastAnswer(page).id()).not.toBe(first), { timeout: limitMs });
    await untilStatus(page, "complete");
    expect(await lastAnswer(page).text()).toBe(countedTo(5));
    await vi.waitFor(
      async () => expect(await page.getByTestId("message-assistant").last().textContent()).toMatch(/2\s*\/\s*2/),
      {
        timeout: limitMs,
      },
    );
  });

  it("finds the history after the program was restarted in the middle of an answer", async () => {
    await send(page, "count to 120");
    await vi.waitFor(async () => expect(await page.getByTestId("message-assistant").count()).toBe(2), {
      timeout: limitMs,
    });
    await untilWritten(page, 40);
    await chat.restart();
    await untilStatus(page, "complete");
    expect(await lastAnswer(page).text()).toBe(countedTo(120));
    await page.reload();
    await untilStatus(page, "complete");
    expect(await lastAnswer(page).text()).toBe(countedTo(120));
    expect(await page.getByTestId("message-user").allTextContents()).toEqual(["hello", "count to 120"]);
    expect(await page.getByTestId("session-item").count()).toBe(1);
  });
});
