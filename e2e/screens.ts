import { scriptedAnswer } from "@uci/adapters/providers/testing";
import type { Page } from "playwright-core";
import { richAnswer } from "./rich-answer.ts";
import { answered, ended, type Screen, send, stepLimitMs } from "./screen-steps.ts";
import { sideScreens } from "./side-screens.ts";

const longCode = `Here is the whole of it.

\`\`\`typescript
/** A queue that holds at most so many things and forgets the oldest of them. */
export class BoundedQueue<Item> {
  readonly #items: Item[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    if (!Number.isInteger(limit) || limit < 1) throw new RangeError("the limit is a whole number of at least one");
    this.#limit = limit;
  }

  push(item: Item): Item | undefined {
    this.#items.push(item);
    return this.#items.length > this.#limit ? this.#items.shift() : undefined;
  }

  *[Symbol.iterator](): Iterator<Item> {
    yield* this.#items;
  }
}
\`\`\`

It forgets what is oldest, and tells you what that was, so that whoever owns it can be let go of.

- \`push\` is constant time on average.
- Iterating does not copy.
`;

const arabicAnswer = `البحر واسع، وأمواجه لا تهدأ. هذه فقرة قصيرة من اليمين إلى اليسار، وفيها كلمة \`code\` واحدة.

1. أولًا: نقرأ.
2. ثانيًا: نكتب.

> من سار على الدرب وصل.
`;

const tidesAnswer = `The moon pulls at the near side of the Earth more than at its middle, and at its middle more than at the far
side. So the water is stretched into **two bulges**, one below the moon and one opposite, and a coast passes
through both in one turn.

The sun does the same with less than half the strength:

- in line with the moon it makes *spring tides*,
- at a right angle *neap tides*.
`;

const lateTidesAnswer = `While the Earth turns once, the moon goes on by about **12 degrees** of its own way round us. A coast has to turn
a little further until the moon stands over it again, which takes another 50 minutes.
`;

/** What the scripted provider answers for the screens. */
export function screenAnswer(prompt: string): string {
  if (prompt.includes("everything")) return richAnswer;
  if (prompt.includes("queue")) return longCode;
  if (prompt.includes("high tides")) return tidesAnswer;
  // Still being written for as long as anybody looks at it.
  if (prompt.includes("later each day")) return Array(20).fill(lateTidesAnswer).join("\n");
  if (prompt.includes("البحر")) return arabicAnswer;
  return scriptedAnswer(prompt);
}

async function withPalette(page: Page): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.getByTestId("palette-field").waitFor();
}

/** Every screen and state there is to look at. */
export const screens: readonly Screen[] = [
  { name: "empty", prepare: async () => undefined },
  {
    name: "answer",
    prepare: async (page) => {
      await answered(page, "show me everything");
      await page.locator("[data-testid=diagram]").waitFor({ timeout: stepLimitMs });
    },
  },
  {
    name: "long-code",
    prepare: async (page) => {
      await answered(page, "How would you write a queue with a limit?");
      await page.locator(".token").first().waitFor({ timeout: stepLimitMs });
    },
  },
  {
    name: "streaming",
    prepare: async (page, chat) => {
      await answered(page, "Why are there two high tides a day?");
      chat.provider.tokensPerSecond = 15;
      await send(page, "And why are they later each day?");
      await page.locator('[data-testid=message-assistant][data-status="streaming"]').waitFor({ timeout: stepLimitMs });
      await page.getByTestId("answer-text").nth(1).getByText("goes on").waitFor({ timeout: stepLimitMs });
    },
  },
  {
    name: "error",
    prepare: async (page) => {
      await send(page, "This fails [fault=status status=401]");
      await ended(page, "failed");
    },
  },
  {
    name: "offline",
    prepare: async (page) => {
      await answered(page, "Tell me 40 words");
      // A connection that is open outlives a lost network; so it never comes to be.
      await page.route("**/api/sse*", (route) => route.abort());
      await page.reload();
      await page.getByTestId("answer-text").waitFor({ timeout: stepLimitMs });
      await page.context().setOffline(true);
      await send(page, "What I write now is kept");
      await page.locator('[data-testid=message-unsent][data-state="waiting"]').waitFor({ timeout: stepLimitMs });
      const line = page.locator('[data-testid=connection-state][data-state="offline"]');
      await line.waitFor({ state: "attached", timeout: stepLimitMs });
    },
  },
  {
    name: "stopped",
    prepare: async (page, chat) => {
      chat.provider.tokensPerSecond = 60;
      await send(page, "Tell me 900 words");
      await page.getByTestId("answer-text").waitFor({ timeout: stepLimitMs });
      await page.getByTestId("stop").click();
      await ended(page, "stopped");
    },
  },
  {
    name: "thoughts",
    prepare: async (page) => {
      await answered(page, "Give me a reason in 40 words");
      await page.getByTestId("reasoning").getByRole("button").click();
    },
  },
  {
    name: "queued",
    prepare: async (page, chat) => {
      chat.provider.tokensPerSecond = 15;
      await send(page, "Tell me 900 words");
      await page.getByTestId("stop").waitFor({ timeout: stepLimitMs });
      await send(page, "And then this");
      await page.locator('[data-testid=message-unsent][data-state="queued"]').waitFor({ timeout: stepLimitMs });
    },
  },
  {
    name: "editing",
    prepare: async (page) => {
      await answered(page, "Tell me 30 words");
      await page.getByTestId("composer").press("ArrowUp");
      await page.getByTestId("message-user").getByRole("textbox").waitFor({ timeout: stepLimitMs });
    },
  },
  {
    name: "files",
    prepare: async (page) => {
      await page.getByTestId("model-picker").waitFor({ timeout: stepLimitMs });
      const buffer = Buffer.from("remember the milk");
      const names = ["notes.md", "a-file-whose-name-is-longer-than-anybody-would-like.txt"];
      const input = page.getByTestId("file-input");
      await input.setInputFiles(names.map((name) => ({ name, mimeType: "text/plain", buffer })));
      const ready = page.locator('[data-testid=draft-file][data-state="ready"]');
      await ready.nth(names.length - 1).waitFor({ timeout: stepLimitMs });
      await page.getByTestId("composer").fill("What do these say?");
    },
  },
  {
    name: "missing",
    prepare: async (page) => {
      await page.goto(`${new URL(page.url()).origin}/s/not-here-at-all`);
      // Until it is known to be missing, the header has a heading of its own.
      await page.getByTestId("unreadable").waitFor({ timeout: stepLimitMs });
    },
  },
  { name: "palette", prepare: withPalette },
  { name: "arabic-palette", locale: "ar", prepare: withPalette },
  {
    name: "palette-nothing",
    prepare: async (page) => {
      await withPalette(page);
      await page.getByTestId("palette-field").fill("zzzz");
      await page.locator("[cmdk-empty]").waitFor({ timeout: stepLimitMs });
    },
  },
  {
    name: "keyboard",
    prepare: async (page) => {
      await page.getByTestId("composer").blur();
      await page.keyboard.press("?");
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "drawer",
    narrow: true,
    prepare: async (page) => {
      await answered(page, "Why are there two high tides a day?");
      await page.locator("header button").first().click();
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "arabic",
    locale: "ar",
    prepare: (page) => answered(page, "حدثني عن البحر"),
  },
  { name: "arabic-empty", locale: "ar", prepare: async () => undefined },
  { name: "german", locale: "de", prepare: async () => undefined },
  { name: "chinese", locale: "zh", prepare: (page) => answered(page, "Tell me 30 words") },
  ...sideScreens,
];
