import type { Page } from "playwright-core";
import { describe, expect, it, vi } from "vitest";
import type { ScriptedChat } from "./scripted-chat.ts";
import { pageLimitMs, withScriptedPage } from "./scripted-page.ts";

/** A row of the list: what it was when it came, and in which of React's slices it came and was set. */
type Row = { readonly index: number; readonly setAtOnce: boolean; readonly came: number; readonly set: number | null };

/**
 * Counts the slices in which React works: it asks for each with a message to itself. Notes of each row of the list when it
 * came, and when there was a message in it.
 */
const watchRows = `
  let slices = 0;
  const post = MessagePort.prototype.postMessage;
  MessagePort.prototype.postMessage = function (...args) {
    slices++;
    return post.apply(this, args);
  };
  window.rows = new Map();
  new MutationObserver(() => {
    for (const element of document.querySelectorAll("[data-index]")) {
      const isSet = element.querySelector("article") !== null;
      const row = window.rows.get(element);
      if (row === undefined) {
        const set = isSet ? slices : null;
        window.rows.set(element, { index: Number(element.dataset.index), setAtOnce: isSet, came: slices, set });
      } else if (isSet) row.set ??= slices;
    }
  }).observe(document, { childList: true, subtree: true });`;

const jumpToMiddle = `
  const list = document.querySelector("[data-testid=messages]");
  list.scrollTop = list.scrollHeight / 2;`;

const words = "Some words with **a mark**, `code` and [a link](https://example.org) among them, and more of them.";
/** Higher than the page, and long to set. */
const answer = Array.from(
  { length: 60 },
  (_none, part) => `## Part ${part}\n\n${words}\n\n- ${words}\n- ${words}`,
).join("\n\n");
const messages = Array.from({ length: 24 }, (_none, index) =>
  index % 2 === 0
    ? ({ role: "user", content: `Question ${index}` } as const)
    : ({ role: "assistant", content: answer } as const),
);

describe("the rows of a conversation", { timeout: 2 * pageLimitMs }, () => {
  let chat: ScriptedChat;
  let page: Page;
  withScriptedPage({ context: { viewport: { width: 1280, height: 800 } }, opened: false }, (stage) => {
    ({ chat, page } = stage);
  });

  const everyRowIsSet =
    "[...document.querySelectorAll('[data-index]')].every((row) => row.querySelector('article') !== null)";
  const until = (condition: string) =>
    vi.waitFor(async () => expect(await page.evaluate(condition)).toBe(true), { timeout: pageLimitMs });
  const rows = () => page.evaluate<Row[]>("[...window.rows.values()]");

  async function openLongChat(): Promise<void> {
    await page.addInitScript(watchRows);
    await page.goto(chat.address);
    await page.getByTestId("composer").waitFor();
    const title = await chat.fillSession(page, messages);
    await page.reload();
    // Loaded before the chat is opened, as it is for everybody who reads a moment before the first click.
    await until("performance.getEntriesByType('resource').some(({ name }) => name.includes('/markdown-'))");
    await page.getByTestId("session-item").filter({ hasText: title }).click();
    await page.locator(".answer-block").first().waitFor();
    await until(everyRowIsSet);
  }

  it("are set at once where they are in view when a chat is opened, and above it in slices", async () => {
    await openLongChat();
    const opened = await rows();
    expect(opened.filter(({ setAtOnce }) => setAtOnce).map(({ index }) => index)).toEqual([messages.length - 1]);
    expect(opened.length).toBeGreaterThan(2);
  });

  it("are never set at once while the list is scrolled: there are more slices than rows", async () => {
    await openLongChat();
    const before = (await rows()).length;
    const middle = await page.evaluate<number>(jumpToMiddle);
    expect(middle).toBeGreaterThan(10_000);
    await until(`window.rows.size > ${before}`);
    await until(everyRowIsSet);
    const come = (await rows()).slice(before);
    // What comes later, when the heights of these are known, comes one by one.
    const jumped = come.filter(({ came }) => came === come[0]?.came);
    expect(jumped.length).toBeGreaterThan(3);
    expect(jumped.filter(({ setAtOnce }) => setAtOnce)).toEqual([]);
    const slices = Math.max(...jumped.map(({ set, came }) => (set ?? came) - came));
    expect(slices).toBeGreaterThan(jumped.length);
  });
});
