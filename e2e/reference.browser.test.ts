import { errorRegistry } from "@uci/protocol";
import type { BrowserContext, Page } from "playwright-core";
import { describe, expect, it, vi } from "vitest";
import type { ScriptedChat } from "./scripted-chat.ts";
import { pageLimitMs, withScriptedPage } from "./scripted-page.ts";

const words = {
  en: ["Reference", "Copy the reference"],
  de: ["Kennung", "Kennung kopieren"],
  zh: ["参考编号", "复制参考编号"],
  ar: ["المرجع", "نسخ المرجع"],
} as const;

describe("the reference beside an error", { timeout: 2 * pageLimitMs }, () => {
  let chat: ScriptedChat;
  let context: BrowserContext;
  let page: Page;
  const permissions = ["clipboard-read", "clipboard-write"];
  withScriptedPage({ context: { viewport: { width: 390, height: 844 }, locale: "en-GB", permissions } }, (stage) => {
    ({ chat, context, page } = stage);
  });

  const reference = () => page.getByTestId("reference");

  /** What the server told a message was accepted under. */
  async function failedAnswer(): Promise<string> {
    const [response] = await Promise.all([
      page.waitForResponse((told) => told.url().endsWith("/api/chat") && told.status() === 202),
      page
        .getByTestId("composer")
        .fill("This fails [fault=status status=401]")
        .then(() => page.getByTestId("composer").press("Enter")),
    ]);
    return ((await response.json()) as { correlation_id: string }).correlation_id;
  }

  /** Every answer of the server to such a request, from now on. */
  async function refuse(address: string, code: keyof typeof errorRegistry, correlationId: string): Promise<void> {
    const { status, meaning: message, retryable } = errorRegistry[code];
    const body = JSON.stringify({ error: { code, message, retryable, correlation_id: correlationId } });
    await context.route(address, (route) => route.fulfill({ status, contentType: "application/json", body }));
  }

  it("is that of the failed answer, at once and after a reload, in four languages, and is copied", async () => {
    const id = await failedAnswer();
    await reference().getByText(id, { exact: true }).waitFor();
    await page.reload();
    await reference().getByText(id, { exact: true }).waitFor();
    for (const [language, [word, copy]] of Object.entries(words)) {
      await page.evaluate(`localStorage.setItem("uci.language", ${JSON.stringify(language)})`);
      await page.reload();
      await reference().getByText(id, { exact: true }).waitFor();
      expect(await reference().innerText()).toContain(word);
      const wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
      expect(wide).toBe(0);
      await reference().getByRole("button", { name: copy }).click();
      await vi.waitFor(async () => expect(await page.evaluate("navigator.clipboard.readText()")).toBe(id), {
        timeout: pageLimitMs,
      });
    }
    const [row] = await chat.query("select metadata from messages where status = 'failed' order by created_at desc");
    expect(row?.metadata).toMatchObject({ correlation_id: id });
  });

  it("is that of a request that failed: a message, and another answer", async () => {
    await refuse("**/api/chat", "forbidden", "corr_message");
    await page.getByTestId("composer").fill("Hello");
    await page.getByTestId("composer").press("Enter");
    await reference().getByText("corr_message", { exact: true }).waitFor();
    await page.reload();
    await reference().getByText("corr_message", { exact: true }).waitFor();
    await context.unroute("**/api/chat");
    await page.getByTestId("message-unsent").getByRole("button", { name: "Try again" }).click();
    await page.locator('[data-testid=message-assistant][data-status="complete"]').waitFor();
    expect(await reference().count()).toBe(0);

    await refuse("**/api/messages/*/regenerate", "internal_error", "corr_regenerate");
    await page.getByTestId("message-assistant").last().getByTestId("regenerate").click();
    await page.getByTestId("notice").getByText("corr_regenerate", { exact: true }).waitFor();
  });

  it("is not told where the reader knows what to do", async () => {
    await refuse("**/api/auth/sign-in", "invalid_credentials", "corr_wrong");
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByTestId("account-menu").click();
    await page.getByRole("menuitem", { name: "Sign in" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("E-mail").fill("ada@example.org");
    await dialog.getByLabel("Password").fill("not this one");
    await dialog.getByRole("button", { name: "Sign in", exact: true }).click();
    await dialog.getByText(errorRegistry.invalid_credentials.meaning).waitFor();
    expect(await reference().count()).toBe(0);
    await context.unroute("**/api/auth/sign-in");
    await refuse("**/api/auth/sign-in", "database_unavailable", "corr_database");
    await dialog.getByRole("button", { name: "Sign in", exact: true }).click();
    await dialog.getByText("corr_database", { exact: true }).waitFor();
  });
});
