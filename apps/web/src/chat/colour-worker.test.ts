import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { ColourReply, ColourRequest } from "./colours.ts";

// A browser may hand a grammar to those who waited for it in any order: here the last who asked has it first.
vi.mock("shiki", async (original) => {
  const shiki = await original<typeof import("shiki")>();
  return {
    ...shiki,
    createHighlighter: async (options: Parameters<typeof shiki.createHighlighter>[0]) => {
      const highlighter = await shiki.createHighlighter(options);
      const waiting: (() => void)[] = [];
      return {
        ...highlighter,
        loadLanguage: async (...languages: Parameters<typeof highlighter.loadLanguage>) => {
          await highlighter.loadLanguage(...languages);
          await new Promise<void>((resolve) => {
            waiting.unshift(resolve);
            setImmediate(() => void waiting.splice(0).map((go) => go()));
          });
        },
      };
    },
  };
});

const replies: ColourReply[] = [];
const worker = {
  postMessage: (reply: ColourReply) => void replies.push(reply),
  onmessage: (_event: { data: ColourRequest }): void => undefined,
};

beforeAll(async () => {
  vi.stubGlobal("self", worker);
  await import("./colour-worker.ts");
});

beforeEach(() => {
  replies.length = 0;
});

const code = "export const one = 1;\nexport const two = one + one;\nconst three = 3;";
let listings = 0;

/** What the page shows of a listing: each reply replaces everything from its line on. */
function shown(listing: number): string {
  let rows: readonly string[] = [];
  for (const reply of replies) {
    if (reply.listing !== listing) continue;
    rows = [...rows.slice(0, reply.from), ...reply.rows.map((row) => row.map(([text]) => text).join(""))];
  }
  return rows.join("\n");
}

function ask(listing: number, upTo: number, language: string): void {
  worker.onmessage({ data: { kind: "colour", listing, code: code.slice(0, upTo), language } });
}

it.each(["typescript", "python"])("keeps what was asked last when the %s grammar comes late", async (language) => {
  const growing = ++listings;
  for (let end = 5; end < code.length; end += 5) ask(growing, end, language);
  ask(growing, code.length, language);
  const other = ++listings;
  ask(other, code.length, language);
  await vi.waitFor(() => expect([shown(growing), shown(other)]).toEqual([code, code]));
  // The last of all who asked has its answer behind every other.
  const last = ++listings;
  ask(last, 5, language);
  await vi.waitFor(() => expect(shown(last)).toBe(code.slice(0, 5)));
  expect(shown(growing)).toBe(code);
});

it("says nothing more of a listing that is gone", async () => {
  const [gone, kept] = [++listings, ++listings];
  ask(gone, code.length, "rust");
  ask(kept, code.length, "rust");
  worker.onmessage({ data: { kind: "forget", listing: gone } });
  await vi.waitFor(() => expect(shown(kept)).toBe(code));
  expect(shown(gone)).toBe("");
});
