import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Segmenter } from "./segments.ts";

const paragraph = `${"Some words that make up a paragraph. ".repeat(30).trim()}\n\n`;

function segments(text: string): readonly string[] {
  return new Segmenter().update(text);
}

describe("cutting a long text", () => {
  test("short texts stay whole", () => expect(segments(paragraph)).toEqual([paragraph]));

  test("long texts are cut before paragraphs", () => {
    const parts = segments(paragraph.repeat(20));
    expect(parts.length).toBeGreaterThan(3);
    for (const part of parts.slice(1)) expect(part).toMatch(/^Some words/);
  });

  test("code, lists and quotations are not cut", () => {
    const code = `\`\`\`\n${"const line = 1;\n\nconst next = 2;\n\n".repeat(300)}\`\`\`\n\n`;
    const list = "- an entry of a list\n\n  that has two paragraphs\n\n".repeat(100);
    const parts = segments(`${paragraph}${code}${list}`);
    for (const part of parts.slice(1)) expect(part).toMatch(/^[A-Z]/);
    expect(parts.join("")).toContain(code);
  });

  test.each([["[^1] a note"], ["[name]: https://example.org"], ["<details>"]])(
    "after %s nothing is cut, for it may reach across paragraphs",
    (line) => {
      expect(segments(`${line}\n\n${paragraph.repeat(20)}`)).toHaveLength(1);
    },
  );

  test("formulas of several lines stay whole", () => {
    const formula = `$$\n${"x +\n\nSome words = 1\n".repeat(200)}$$\n\n`;
    const parts = segments(`${formula}${paragraph.repeat(4)}`);
    expect(parts[0]).toBe(formula);
    expect(segments(`\\[\n${paragraph.repeat(3)}\\]\n\n${paragraph}`)).toHaveLength(2);
  });

  test("a piece ends after the paragraph in which another worker went on", () => {
    const short = "A paragraph.\n\n";
    const parts = new Segmenter().update(short.repeat(4), [short.length + 3]);
    expect(parts).toEqual([short.repeat(2), short.repeat(2)]);
    expect(new Segmenter().update(short.repeat(4), [short.length])).toEqual([short, short.repeat(3)]);
  });

  test("another text begins anew", () => {
    const segmenter = new Segmenter();
    segmenter.update(paragraph.repeat(20));
    expect(segmenter.update("Short.")).toEqual(["Short."]);
  });
});

test("however a text arrives, its pieces are the same, and together they are the text", () => {
  const line = fc.constantFrom(
    "Words of a paragraph",
    "# Heading",
    "- item",
    "```",
    "",
    "",
    "1. one",
    "> said",
    "$$",
    "| a | b |",
  );
  const text = fc
    .array(line, { maxLength: 400 })
    .map((lines) => lines.map((one) => one.repeat(one.length > 4 ? 20 : 1)).join("\n"));
  fc.assert(
    fc.property(text, fc.array(fc.nat(), { maxLength: 8 }), (whole, cuts) => {
      const segmenter = new Segmenter();
      let before: readonly string[] = [];
      for (const end of [
        ...cuts.map((cut) => cut % (whole.length + 1)).sort((one, other) => one - other),
        whole.length,
      ]) {
        const parts = segmenter.update(whole.slice(0, end));
        expect(parts.join("")).toBe(whole.slice(0, end));
        // What was settled stays as it was: only the last piece may change.
        expect(parts.slice(0, Math.max(0, before.length - 1))).toEqual(before.slice(0, -1));
        before = parts;
      }
      expect(before).toEqual(segments(whole));
    }),
  );
});
