import { describe, expect, it } from "vitest";
import { searchTerms, searchWords, snippetOf } from "./index.ts";

/** Whether a text is found by a query, as the index would say it. */
function finds(text: string, query: string): boolean {
  const words = searchWords(text);
  const terms = searchTerms(query);
  const there = (term: { word: string; prefix: boolean }) =>
    words.some((word) => (term.prefix ? word.startsWith(term.word) : word === term.word));
  return terms.length > 0 && terms.every(there);
}

describe("finding", () => {
  it("goes by words, without case and accents", () => {
    expect(finds("Die Straße nach Österreich", "strasse")).toBe(true);
    expect(finds("Die Straße nach Österreich", "ÖSTERREICH")).toBe(true);
    expect(finds("Die Straße nach Österreich", "osterreich die")).toBe(true);
    expect(finds("cafe\u0301 au lait", "café")).toBe(true);
    expect(finds("the art of war", "the wart")).toBe(false);
  });

  it("takes the last word as a beginning, and longer words with other endings", () => {
    expect(finds("Gateways and gardens", "gate")).toBe(true);
    expect(finds("Gateways and gardens", "garden gate")).toBe(true);
    expect(finds("inside the article", "in art")).toBe(false);
  });

  it("finds any part of a text without spaces", () => {
    const text = "我们明天去北京大学参观图书馆。";
    for (const query of ["北京", "京大学", "馆", "图书馆", "我"]) expect(finds(text, query), query).toBe(true);
    for (const query of ["上海", "学校", "京北"]) expect(finds(text, query), query).toBe(false);
    expect(finds("東京タワーへ行く", "タワー")).toBe(true);
    expect(finds("用 React 写页面", "react 页面")).toBe(true);
    expect(finds("한국어를 배우다", "한국어")).toBe(true);
    expect(finds("كِتَابٌ جديد", "كتاب")).toBe(true);
  });

  it("has nothing to look for in signs alone", () => {
    expect(searchTerms("?! – ' : * & |")).toEqual([]);
  });

  it("is bounded, whatever the text", () => {
    const many = Array.from({ length: 100_000 }, (_, index) => `w${index}`).join(" ");
    expect(searchWords(many).length).toBeLessThanOrEqual(20_000);
    expect(searchWords("x".repeat(500_000))[0]).toHaveLength(40);
    expect(searchWords("漢".repeat(1_000))).toEqual(["漢漢", "漢"]);
  });
});

describe("a snippet", () => {
  const marked = (text: string, query: string) =>
    snippetOf(text, query)
      .map(({ text: part, match }) => (match ? `[${part}]` : part))
      .join("");

  it("marks what matches", () => {
    expect(marked("Die Straße nach Österreich", "strasse öst")).toBe("Die [Straße] nach [Österreich]");
    expect(marked("我们去北京大学", "北京")).toBe("我们去[北京]大学");
    expect(marked("nothing of it", "else")).toBe("nothing of it");
  });

  it("shows the place of a long text in one line", () => {
    const snippet = marked(`${"before ".repeat(100)}\n\n the needle\n${" after".repeat(100)}`, "needle");
    expect(snippet).toMatch(/^… (before )+the \[needle\]( after)+/);
    expect(snippet).toMatch(/ …$/);
    expect(snippet.length).toBeLessThan(210);
    expect(snippet).not.toMatch(/\n/);
  });
});
