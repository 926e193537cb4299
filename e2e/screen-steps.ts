import type { Page } from "playwright-core";
import type { ScriptedChat } from "./scripted-chat.ts";

/** How long a step on the way to a screen may take. */
export const stepLimitMs = 60_000;

/** One screen or state of the page, and how to get there from a new chat. */
export type Screen = {
  readonly name: string;
  /** The language it is shown in; English where none is given. */
  readonly locale?: "ar" | "de" | "zh";
  /** Shown on phones alone. */
  readonly narrow?: true;
  readonly prepare: (page: Page, chat: ScriptedChat) => Promise<void>;
};

export async function send(page: Page, text: string): Promise<void> {
  await page.getByTestId("composer").fill(text);
  await page.getByTestId("composer").press("Enter");
}

export async function ended(page: Page, status = "complete"): Promise<void> {
  const answer = page.locator(`[data-testid=message-assistant][data-status="${status}"]`).last();
  await answer.waitFor({ timeout: stepLimitMs });
}

export async function answered(page: Page, text: string): Promise<void> {
  await send(page, text);
  await ended(page);
}

/** A request of the page's own user, in place of the clicks that would make it. */
export async function ask(
  page: Page,
  method: "GET" | "POST" | "PATCH",
  path: string,
  data?: unknown,
): Promise<Record<string, unknown>> {
  // There is a user once the models are known.
  await page.getByTestId("model-picker").waitFor({ timeout: stepLimitMs });
  const { origin } = new URL(page.url());
  const body = data === undefined ? {} : { data };
  const response = await page.request.fetch(origin + path, { method, headers: { origin }, ...body });
  if (!response.ok()) throw new Error(`${method} ${path}: ${response.status()} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

/** The side bar, opened where it is a drawer. */
export async function sideBar(page: Page): Promise<void> {
  const search = page.getByTestId("search");
  if (await search.isVisible()) return;
  await page.locator("header button").first().click();
  await search.waitFor({ timeout: stepLimitMs });
}
