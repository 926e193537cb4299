import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { RunningChat } from "./running-chat.ts";

const limitMs = 60_000;

function countedTo(last: number): string {
  return `${Array.from({ length: last }, (_, index) => index + 1).join(", ")}.`;
}

async function send(page: Page, text: string): Promise<void> {
  await page.getByTestId("composer").fill(text);
  await page.getByTestId("composer").press("Enter");
}

function lastText(page: Page): Promise<string> {
  return page
    .getByTestId("message-assistant")
    .last()
    .getByTestId("answer-text")
    .textContent({ timeout: limitMs })
    .then((text) => text?.trim() ?? "");
}

async function until(check: () => Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: limitMs, interval: 50 });
}

async function untilAnswered(page: Page, text: string): Promise<void> {
  await until(async () => {
    expect(await page.getByTestId("message-assistant").last().getAttribute("data-status")).toBe("complete");
    expect(await lastText(page)).toBe(text);
  });
}

describe("many tabs and devices", { timeout: 3 * limitMs }, () => {
  let chat: RunningChat;
  let contexts: BrowserContext[] = [];

  beforeAll(async () => {
    chat = await RunningChat.start();
  }, 2 * limitMs);
  afterAll(async () => {
    await chat?.stop();
  });
  beforeEach(() => {
    contexts = [];
  });
  afterEach(async () => {
    await Promise.all(contexts.map((context) => context.close()));
    await until(async () => expect(await connections()).toBe(0));
  });

  async function connections(): Promise<number> {
    const response = await fetch(`${chat.address}/health`);
    return ((await response.json()) as { active_connections: number }).active_connections;
  }

  async function device(): Promise<BrowserContext> {
    const context = await chat.browser.newContext({ viewport: { width: 1100, height: 700 } });
    contexts.push(context);
    return context;
  }

  async function tab(context: BrowserContext, address = "/"): Promise<Page> {
    const page = await context.newPage();
    await page.goto(chat.address + address);
    await page.getByTestId("composer").waitFor();
    return page;
  }

  /** A tab with a session of its own, in which the program has introduced itself. */
  async function begun(context: BrowserContext): Promise<Page> {
    const page = await tab(context);
    await send(page, "hello");
    await until(async () => {
      expect(await page.getByTestId("message-assistant").last().getAttribute("data-status")).toBe("complete");
    });
    return page;
  }

  it("eight tabs with eight sessions stream over one connection", async () => {
    const context = await device();
    const pages: Page[] = [];
    for (let index = 0; index < 8; index++) pages.push(await begun(context));
    await until(async () => expect(await connections()).toBe(1));
    for (const [index, page] of pages.entries()) await send(page, `count to ${60 + index}`);
    for (const [index, page] of pages.entries()) await untilAnswered(page, countedTo(60 + index));
    expect(await connections()).toBe(1);
    // A ninth and tenth are answered as well.
    const more = [await begun(context), await begun(context)];
    for (const page of more) {
      await send(page, "count to 30");
      await untilAnswered(page, countedTo(30));
    }
    await until(async () => expect(await connections()).toBe(1));
  });

  it("closing the tab with the connection in mid-answer costs the others nothing", async () => {
    const context = await device();
    const leader = await begun(context);
    const path = new URL(leader.url()).pathname;
    const others = [await tab(context, path), await tab(context, path)];
    await until(async () => expect(await connections()).toBe(1));
    await send(leader, "count to 400");
    const seen: string[] = [];
    for (const page of others) {
      await until(async () => expect(await page.getByTestId("message-assistant").count()).toBe(2));
      await until(async () => expect((await lastText(page)).length).toBeGreaterThan(60));
      seen.push(await lastText(page));
    }
    await leader.close();
    for (const page of others) await untilAnswered(page, countedTo(400));
    for (const text of seen) expect(countedTo(400).startsWith(text)).toBe(true);
    expect(await connections()).toBe(1);
  });

  it("a tab that is opened in mid-answer shows what is there and goes on", async () => {
    const context = await device();
    const first = await begun(context);
    await send(first, "count to 300");
    await until(async () => expect(await first.getByTestId("message-assistant").count()).toBe(2));
    await until(async () => expect((await lastText(first)).length).toBeGreaterThan(100));
    const second = await tab(context, new URL(first.url()).pathname);
    await until(async () => expect((await lastText(second)).length).toBeGreaterThan(100));
    for (const page of [first, second]) await untilAnswered(page, countedTo(300));
  });

  it("another device sees new sessions, titles, messages and text as they come", async () => {
    const one = await tab(await device());
    const otherContext = await device();
    // Two devices of one person: the same account.
    await signUp(one);
    const other = await tab(otherContext);
    await signIn(other);
    await send(one, "hello");
    await other.getByTestId("session-item").first().waitFor({ timeout: limitMs });
    await other.getByTestId("session-item").first().click();
    await until(async () => expect(await other.getByTestId("message-user").count()).toBe(1));
    await until(async () => {
      expect(await one.getByTestId("message-assistant").last().getAttribute("data-status")).toBe("complete");
    });
    await send(one, "count to 120");
    await until(async () => expect(await other.getByTestId("message-assistant").count()).toBe(2));
    await until(async () => expect((await lastText(other)).length).toBeGreaterThan(10));
    expect(await other.getByTestId("message-assistant").last().getAttribute("data-status")).toBe("streaming");
    for (const page of [one, other]) await untilAnswered(page, countedTo(120));
    const sessionId = await one.getByTestId("session-item").first().getAttribute("data-session-id");
    await one.evaluate(async (id) => {
      await fetch(`/api/sessions/${id}`, {
        method: "PATCH",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ title: "Counting together" }),
      });
    }, sessionId);
    for (const page of [one, other])
      await page.getByTestId("session-item").filter({ hasText: "Counting together" }).waitFor();
  });

  it("what is typed while the server is away is kept over a reload and sent once", async () => {
    const context = await device();
    const page = await begun(context);
    await chat.stopProgram();
    await send(page, "count to 12");
    await page.locator('[data-testid=message-unsent][data-state="waiting"]').waitFor();
    await page.locator('[data-testid=connection-state][data-state="reconnecting"]').waitFor({ state: "attached" });
    await page.getByText("Connection lost, trying again. What you send is kept.").waitFor();
    await chat.startProgram();
    await page.reload();
    await untilAnswered(page, countedTo(12));
    expect(await page.getByTestId("message-user").allTextContents()).toEqual(["hello", "count to 12"]);
    expect(await page.getByTestId("message-unsent").count()).toBe(0);
  });

  it("without Web Locks each tab has a connection of its own", async () => {
    const context = await device();
    await context.addInitScript(() => Object.defineProperty(Navigator.prototype, "locks", { value: undefined }));
    const pages = [await begun(context), await begun(context)];
    await until(async () => expect(await connections()).toBe(2));
    for (const page of pages) {
      await send(page, "count to 20");
      await untilAnswered(page, countedTo(20));
    }
  });

  const email = `tabs-${Date.now()}@example.org`;
  const password = "a long enough password";

  async function signUp(page: Page): Promise<void> {
    const response = await page.evaluate(
      async (body) => {
        const headers = { "content-type": "application/json" };
        return (await fetch("/api/auth/sign-up", { method: "POST", headers, body: JSON.stringify(body) })).status;
      },
      { email, password },
    );
    expect(response).toBe(200);
    await page.reload();
    await page.getByTestId("composer").waitFor();
  }

  async function signIn(page: Page): Promise<void> {
    const response = await page.evaluate(
      async (body) => {
        const headers = { "content-type": "application/json" };
        return (await fetch("/api/auth/sign-in", { method: "POST", headers, body: JSON.stringify(body) })).status;
      },
      { email, password },
    );
    expect(response).toBe(200);
    await page.reload();
    await page.getByTestId("composer").waitFor();
  }
});
