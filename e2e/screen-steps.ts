import type { Locator, Page } from "playwright-core";
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
  /** A menu is open, which stands outside of all landmarks. */
  readonly menu?: true;
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

/** How much of a picture's own width and height is drawn on, and how far from its nearest edge, in its own pixels. */
export async function drawnOn(picture: Locator): Promise<{ width: number; height: number; fromEdge: number }> {
  await picture.waitFor({ timeout: stepLimitMs });
  return picture.evaluate(async (image) => {
    await image.decode();
    const { naturalWidth: width, naturalHeight: height } = image;
    const canvas = Object.assign(image.ownerDocument.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    let [left, top, right, bottom] = [width, height, -1, -1];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if (data[4 * (y * width + x) + 3] === 0) continue;
        [left, top] = [Math.min(left, x), Math.min(top, y)];
        [right, bottom] = [Math.max(right, x), Math.max(bottom, y)];
      }
    }
    const fromEdge = Math.min(left, top, width - 1 - right, height - 1 - bottom);
    return { width: (right - left + 1) / width, height: (bottom - top + 1) / height, fromEdge };
  });
}
