import fc from "fast-check";
import { parseMarkdownIntoBlocks } from "streamdown";
import { describe, expect, test } from "vitest";
import { blocksOf } from "./blocks.ts";

const sample = [
  "# A heading\n",
  "A paragraph\nof two lines.\n\n",
  "- one\n- two\n\n  still two\n\n- three\n\n",
  "## Another\n\n",
  "> said\n> twice\n\n",
  "```\ncode\n\n# not a heading\n```\n",
  "| a | b |\n| - | - |\n| 1 | 2 |\n\n",
  "1. first\n2. second\n\n",
  "The end:\n",
  "- with a list",
];

describe("the blocks of a text", () => {
  test("are what is set one by one", () => expect(blocksOf(sample.join(""))).toEqual(sample));

  test.each([["[^1] a note"], ["[name]: https://example.org"], ["<details>"]])(
    "are left to the library with %s",
    (line) => {
      expect(blocksOf(`Words.\n\n${line}\n\nWords.`)).toBeNull();
    },
  );

  test("of a formula and what is around it stay what they are", () => {
    const formula = "$$\na\n\n# b\n- c\n$$\n\n";
    expect(blocksOf(`Words:\n\n${formula}Words.`)).toEqual(["Words:\n\n", formula, "Words."]);
  });

  test("of nothing are none", () => expect(blocksOf("")).toEqual([]));
});

/** The places where a text is cut, those among empty lines taken for one. */
function cuts(text: string, blocks: readonly string[]): Set<number> {
  let end = 0;
  return new Set(
    blocks.map((block) => {
      end += block.length;
      return end + (/^\s*/.exec(text.slice(end))?.[0].length ?? 0);
    }),
  );
}

test("a text is cut nowhere but where the library cuts it, and the blocks together are the text", () => {
  const line = fc.constantFrom(
    ...["Words of a paragraph", "other words", "# Heading", "#", "---", "===", "***", "  indented", "    far in"],
    ...["- item", "  - inner", "* star", "1. one", "2. two", "7) seven", "-", "> said", ">", "```", "~~~"],
    ...["| a | b |", "| - | - |", "a | b", "- | -", "", "", "", ""],
  );
  const text = fc.array(line, { maxLength: 14 }).map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(text, (whole) => {
      const blocks = blocksOf(whole);
      expect(blocks?.join("")).toBe(whole);
      const theirs = cuts(whole, parseMarkdownIntoBlocks(whole));
      for (const cut of cuts(whole, blocks ?? [])) expect(theirs).toContain(cut);
    }),
    { numRuns: 3_000 },
  );
});
