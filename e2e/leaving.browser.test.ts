import type { BrowserContext, Page } from "playwright-core";
import { describe, expect, it, vi } from "vitest";
import type { ScriptedChat } from "./scripted-chat.ts";
import { pageLimitMs, withScriptedPage } from "./scripted-page.ts";

const password = "seven lamps in a harbour";
const draft = "a draft about marzipan";
const picture = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** Everything a browser keeps for the page, as one text; runs there. */
const everythingKept = `(async () => {
  const cached = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const isAsset = new URL(request.url).pathname.startsWith("/assets/");
      cached.push(request.url, isAsset ? "" : await (await cache.match(request)).text());
    }
  }
  const databases = (await indexedDB.databases()).map(({ name }) => name);
  return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, cached, databases]);
})()`;

function keptIn(page: Page): Promise<string> {
  return page.evaluate<string>(everythingKept);
}

describe("a browser that several people use", { timeout: 3 * pageLimitMs }, () => {
  let chat: ScriptedChat;
  let context: BrowserContext;
  let page: Page;
  let people = 0;
  /** What cannot go out, in other words each time: what a test has sent in the end is no concern of the next. */
  let unsent = "";
  let words = 0;
  withScriptedPage({ context: { viewport: { width: 1280, height: 800 }, locale: "en-GB" }, opened: false }, (stage) => {
    ({ chat, context, page } = stage);
  });

  const door = (name: string, data: unknown) => context.request.post(`${chat.address}/api/auth/${name}`, { data });
  const composer = (of: Page) => of.getByTestId("composer");
  const account = (of: Page, name: string) => of.getByRole("button", { name: `Account and settings: ${name}` });

  /** Somebody with an account, signed in on the page. */
  async function somebody(name: string): Promise<{ email: string; userId: string }> {
    const email = `${name.toLowerCase()}${++people}@example.org`;
    const response = await door("sign-up", { email, password, name });
    const { account: made } = (await response.json()) as { account: { user_id: string } };
    await page.goto(chat.address);
    await account(page, name).waitFor();
    return { email, userId: made.user_id };
  }

  const cutOff = () => context.route("**/api/chat", (route) => route.abort());
  const heal = () => context.unroute("**/api/chat");

  /** Writes a draft, and another message that cannot go out. */
  async function leaveThings(of: Page): Promise<void> {
    unsent = `an unsent word on cinnamon, number ${++words}.`;
    await cutOff();
    await composer(of).fill(unsent);
    await composer(of).press("Enter");
    await of.getByTestId("message-unsent").filter({ hasText: unsent }).waitFor();
    await composer(of).fill(draft);
    await of.getByTestId("new-chat").click();
    await of.waitForURL(`${chat.address}/`);
    await vi.waitFor(
      async () => {
        await composer(of).fill(draft);
        const kept = await keptIn(of);
        expect([...kept.matchAll(/marzipan/g)]).toHaveLength(2);
        expect(kept.includes(unsent)).toBe(true);
      },
      { timeout: pageLimitMs },
    );
  }

  async function expectNothingOf({ userId, email }: { userId: string; email: string }, on: Page): Promise<void> {
    await vi.waitFor(
      async () => {
        const seen = (await keptIn(on)) + (await on.content());
        for (const trace of ["marzipan", "cinnamon", userId, email])
          expect([trace, seen.includes(trace)]).toEqual([trace, false]);
        expect(await composer(on).inputValue()).toBe("");
      },
      { timeout: pageLimitMs },
    );
  }

  /** What the one who is here now writes arrives; until then whatever else waited had every opportunity. */
  async function converse(on: Page, words: string): Promise<void> {
    await composer(on).fill(words);
    await composer(on).press("Enter");
    await on.locator('[data-testid=message-assistant][data-status="complete"]').last().waitFor();
    await on.reload();
    await on.getByTestId("session-item").first().waitFor();
  }

  async function expectNeverSent(): Promise<void> {
    expect(await chat.query("select 1 from messages where content = $1", [unsent])).toEqual([]);
  }

  async function signOut(of: Page): Promise<void> {
    await of.getByTestId("account-menu").click();
    await of.getByRole("menuitem", { name: "Sign out" }).click();
    await account(of, "Guest").waitFor();
  }

  it("signing out leaves nothing of the person for the next one, who sends nothing of it", async () => {
    const ada = await somebody("Ada");
    await page.getByTestId("file-input").setInputFiles({ name: "a.png", mimeType: "image/png", buffer: picture });
    const files = "select attachment_id from attachments where user_id = $1";
    await vi.waitFor(async () => expect(await chat.query(files, [ada.userId])).toHaveLength(1), {
      timeout: pageLimitMs,
    });
    const [file] = await chat.query(files, [ada.userId]);
    const address = `/api/attachments/${file?.attachment_id}`;
    const seenFromCache = () =>
      page.evaluate(
        (of) =>
          fetch(of, { cache: "only-if-cached", mode: "same-origin" })
            .then(({ ok }) => ok)
            .catch(() => false),
        address,
      );
    await page.evaluate(async (of) => (await fetch(of)).blob(), address);
    expect(await seenFromCache()).toBe(true);
    await leaveThings(page);
    await signOut(page);
    await expectNothingOf(ada, page);
    expect(await seenFromCache()).toBe(false);
    await heal();
    await converse(page, "Good morning");
    await door("sign-up", { email: `eve${++people}@example.org`, password, name: "Eve" });
    await page.reload();
    await account(page, "Eve").waitFor();
    await converse(page, "Good evening");
    await expectNothingOf(ada, page);
    await expectNeverSent();
  });

  it("another tab of the person lets go of everything at once, what waits there in memory too", async () => {
    const ada = await somebody("Ada");
    const other = await context.newPage();
    other.setDefaultTimeout(pageLimitMs);
    await other.goto(chat.address);
    await leaveThings(other);
    await signOut(page);
    await account(other, "Guest").waitFor();
    for (const on of [page, other]) await expectNothingOf(ada, on);
    await heal();
    await converse(page, "Good morning");
    await expectNothingOf(ada, other);
    await expectNeverSent();
  });

  it("a page that has not noticed that somebody else is here by now sends nothing as that one", async () => {
    const ada = await somebody("Ada");
    await leaveThings(page);
    const eve = await door("sign-up", { email: `eve${++people}@example.org`, password, name: "Eve" });
    expect(eve.ok()).toBe(true);
    await heal();
    await account(page, "Eve").waitFor();
    await expectNothingOf(ada, page);
    await converse(page, "Good evening");
    await expectNeverSent();
  });

  it("after a sign-in has ended its owner finds everything again, and somebody else nothing", async () => {
    for (const returns of [true, false]) {
      const ada = await somebody("Ada");
      await leaveThings(page);
      await chat.query("delete from auth_sessions where user_id = $1", [ada.userId]);
      await context.clearCookies();
      await page.reload();
      const dialog = page.getByRole("dialog", { name: "Sign in" });
      await dialog.waitFor();
      const email = returns ? ada.email : `eve${++people}@example.org`;
      if (!returns) {
        const elsewhere = await fetch(`${chat.address}/api/auth/sign-up`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ email, password, name: "Eve" }),
        });
        expect(elsewhere.status).toBe(200);
      }
      await heal();
      await dialog.getByLabel("E-mail").fill(email);
      await dialog.getByLabel("Password").fill(password);
      await dialog.getByRole("button", { name: "Sign in" }).click();
      await account(page, returns ? "Ada" : "Eve").waitFor();
      if (returns) {
        const sent = async () => await chat.query("select 1 from messages where content = $1", [unsent]);
        await vi.waitFor(async () => expect(await sent()).toHaveLength(1), { timeout: pageLimitMs });
        expect(await composer(page).inputValue()).toBe(draft);
        await chat.query("delete from chat_sessions where user_id = $1", [ada.userId]);
        await page.evaluate(() => localStorage.clear());
        // A page that is still open would become a guest, perhaps only after the next person has signed up.
        await page.goto("about:blank");
        await context.clearCookies();
      } else {
        await expectNothingOf(ada, page);
        await converse(page, "Good evening");
        await expectNeverSent();
      }
    }
  });

  it("a deleted account leaves nothing, here or in its other tabs", async () => {
    const ada = await somebody("Ada");
    const other = await context.newPage();
    other.setDefaultTimeout(pageLimitMs);
    await other.goto(chat.address);
    await leaveThings(other);
    await page.getByTestId("account-menu").click();
    await page.getByRole("menuitem", { name: "Settings" }).click();
    await page.getByRole("tab", { name: "Account" }).click();
    await page.getByRole("button", { name: "Delete account" }).click();
    await page.getByLabel(`Type ${ada.email} to confirm`).fill(ada.email);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Delete everything" }).click();
    await account(page, "Guest").waitFor();
    await heal();
    for (const on of [page, other]) await expectNothingOf(ada, on);
    await converse(page, "Good morning");
    await expectNeverSent();
  });

  it("a guest who gets an account keeps drafts and what has not gone out, in every tab", async () => {
    await page.goto(chat.address);
    await account(page, "Guest").waitFor();
    const other = await context.newPage();
    other.setDefaultTimeout(pageLimitMs);
    await other.goto(chat.address);
    await account(other, "Guest").waitFor();
    await leaveThings(page);
    await page.getByTestId("account-menu").click();
    await page.getByRole("menuitem", { name: "Create" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("Ada");
    await dialog.getByLabel("E-mail").fill(`ada${++people}@example.org`);
    await dialog.getByLabel("Password").fill(password);
    await dialog.locator('button[type="submit"]').click();
    for (const on of [page, other]) await account(on, "Ada").waitFor();
    expect(await composer(page).inputValue()).toBe(draft);
    await heal();
    const rows = `select u.name from messages m join chat_sessions s using (session_id) join users u on u.id = s.user_id
      where m.content = $1`;
    await vi.waitFor(async () => expect(await chat.query(rows, [unsent])).toEqual([{ name: "Ada" }]), {
      timeout: pageLimitMs,
    });
    await page.reload();
    await vi.waitFor(async () => expect(await composer(page).inputValue()).toBe(draft), { timeout: pageLimitMs });
  });
});
