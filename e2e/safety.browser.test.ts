import type { BrowserContext, Page } from "playwright-core";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { elsewhere, payloads } from "./payloads.ts";
import type { ScriptedChat } from "./scripted-chat.ts";
import { pageLimitMs as limitMs, withScriptedPage } from "./scripted-page.ts";

/** Behind every payload, so that the test knows that all of it has been set. */
const endMark = "That was it.";

function payloadOf(prompt: string): string {
  const [, kind = "", index = ""] = /attack (\w+) (\d+)/.exec(prompt) ?? [];
  return `Here it is.\n\n${payloads[kind]?.[Number(index)] ?? ""}\n\n${endMark}`;
}

/** What the test reads of an element of the page. */
type Markup = {
  readonly outerHTML: string;
  readonly baseURI: string;
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
  getAttribute(name: string): string | null;
  querySelectorAll(selector: string): Iterable<Markup>;
};

/** What must not be in a set answer, whatever was written. Runs in the page. */
function faultsIn(answer: Markup): string[] {
  const faults: string[] = [];
  const forbidden =
    "script, iframe, object, embed, form, base, meta, link, style, video, audio, dialog, template, button[onclick]";
  for (const element of answer.querySelectorAll(forbidden)) faults.push(element.outerHTML.slice(0, 120));
  for (const element of answer.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      if (name.startsWith("on") || name === "srcset" || name === "ping" || name === "srcdoc")
        faults.push(`${name}=${value}`);
      if (name === "style" && /url\(|position\s*:\s*fixed|@import/i.test(value)) faults.push(`style=${value}`);
      if (name === "id" && !value.startsWith("user-content-fn")) faults.push(`id=${value}`);
      if (name === "class" && /fixed|absolute|inset/.test(value)) faults.push(`class=${value}`);
    }
  }
  for (const image of answer.querySelectorAll("img, image, use")) {
    const address = image.getAttribute("src") ?? image.getAttribute("href") ?? "";
    if (!/^(?:blob:|data:image\/(?:png|jpeg|gif|webp);|\/api\/attachments\/)/.test(address))
      faults.push(`picture of ${address}`);
  }
  for (const link of answer.querySelectorAll("a[href]")) {
    const href = link.getAttribute("href") ?? "";
    if (href.startsWith("#")) continue;
    const { protocol, origin } = new URL(href, link.baseURI);
    if (!/^(?:https?|mailto|tel):$/.test(protocol)) faults.push(`link to ${href}`);
    const rel = link.getAttribute("rel") ?? "";
    if (origin !== new URL(link.baseURI).origin && !(rel.includes("noopener") && rel.includes("noreferrer")))
      faults.push(`rel="${rel}"`);
    if (link.getAttribute("target") !== "_blank") faults.push("a link that leaves the page");
  }
  return faults;
}

describe("whatever a model writes", { timeout: 5 * limitMs }, () => {
  let chat: ScriptedChat;
  let context: BrowserContext;
  let page: Page;
  let asked: string[] = [];
  let surprises: string[] = [];

  withScriptedPage(
    {
      provider: { tokensPerSecond: 4_000, answer: payloadOf },
      // A service worker's requests could not be seen here.
      context: { viewport: { width: 1100, height: 900 }, serviceWorkers: "block" },
      opened: false,
    },
    (stage) => {
      ({ chat, context, page } = stage);
    },
  );
  beforeEach(async () => {
    asked = [];
    surprises = [];
    context.on("request", (request) => {
      const address = request.url();
      if (/^https?:/.test(address) && !address.startsWith(chat.address)) asked.push(address);
    });
    context.on("page", (opened) => surprises.push(`opened ${opened.url()}`));
    page.on("dialog", (dialog) => {
      surprises.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("pageerror", (error) => surprises.push(error.message));
    await page.goto(chat.address);
    await page.getByTestId("composer").waitFor();
  });

  it("there are at least sixty payloads", () => {
    expect(Object.values(payloads).flat().length).toBeGreaterThanOrEqual(60);
  });

  it.each(Object.keys(payloads))("%s: nothing runs, nothing is fetched, nothing is dressed up", async (kind) => {
    for (let index = 0; index < payloads[kind]!.length; index++) {
      await page.getByTestId("composer").fill(`attack ${kind} ${index}`);
      await page.getByTestId("composer").press("Enter");
      const answer = page.getByTestId("message-assistant").last();
      await vi.waitFor(
        async () => {
          expect(await page.getByTestId("message-user").last().textContent()).toContain(`attack ${kind} ${index}`);
          expect(await answer.getAttribute("data-status")).toBe("complete");
        },
        { timeout: limitMs, interval: 30 },
      );
      await answer.getByTestId("answer-text").waitFor();
      const found = await answer.getByTestId("answer-text").evaluate(faultsIn);
      expect(found, payloads[kind]![index]).toEqual([]);
      // Whatever may be followed without leaving the page, is.
      for (const link of await answer.locator("a[href^='#'], a:not([href])").all()) await link.click({ force: true });
      for (const element of await answer.locator("img").all()) await element.hover({ force: true });
      expect(await page.evaluate(() => "taken" in globalThis), payloads[kind]![index]).toBe(false);
      expect(await page.getByTestId("composer").isVisible()).toBe(true);
    }
    expect(asked).toEqual([]);
    expect(surprises).toEqual([]);
    // The same from the history.
    await page.reload();
    await page.getByTestId("answer-text").last().waitFor();
    for (const answer of await page.getByTestId("answer-text").all()) {
      expect(await answer.evaluate(faultsIn)).toEqual([]);
    }
    expect(await page.evaluate(() => "taken" in globalThis)).toBe(false);
    expect(asked).toEqual([]);
  });

  it("a link that names another place than it leads to says where it leads", async () => {
    const index = payloads.links!.findIndex((payload) => payload.includes("bank.example"));
    await page.getByTestId("composer").fill(`attack links ${index}`);
    await page.getByTestId("composer").press("Enter");
    const link = page.getByTestId("message-assistant").last().getByRole("link");
    await link.waitFor();
    expect(await link.textContent()).toContain("elsewhere.example");
    expect(await link.getAttribute("title")).toBe("elsewhere.example");
  });

  it("what the reader types, and the title it becomes, is text", async () => {
    const written = `<img src="${elsewhere}/taken.png" onerror="window.taken=1"> <b>bold</b>`;
    await page.getByTestId("composer").fill(written);
    await page.getByTestId("composer").press("Enter");
    await page.getByTestId("message-assistant").last().waitFor();
    await page.getByTestId("session-item").first().waitFor();
    expect(await page.getByTestId("message-user").last().locator("img, b").count()).toBe(0);
    expect(await page.getByTestId("session-item").first().locator("img, b").count()).toBe(0);
    expect(await page.evaluate(() => "taken" in globalThis)).toBe(false);
    expect(asked).toEqual([]);
  });

  it("the page's policy allows scripts of its own files alone, and no script in the page itself works", async () => {
    const response = await page.request.get(chat.address);
    const policy = response.headers()["content-security-policy"] ?? "";
    const rules = new Map(
      policy.split(";").map((rule) => [rule.trim().split(" ")[0], rule.trim().split(" ").slice(1)]),
    );
    expect(rules.get("script-src")).toEqual(["'self'"]);
    expect(rules.get("script-src-attr")).toEqual(["'none'"]);
    for (const name of ["object-src", "frame-src", "frame-ancestors"]) expect(rules.get(name)).toEqual(["'none'"]);
    expect(rules.get("connect-src")).toEqual(["'self'"]);
    await page.evaluate(`{
      const script = document.createElement("script");
      script.textContent = "window.taken=1";
      document.body.append(script);
      document.body.insertAdjacentHTML("beforeend", '<p onclick="window.taken=1" id="inline">x</p>');
      document.getElementById("inline").click();
    }`);
    expect(await page.evaluate(() => "taken" in globalThis)).toBe(false);
    await expect(page.evaluate((address) => fetch(address), `${elsewhere}/taken`)).rejects.toThrow();
  });
});
