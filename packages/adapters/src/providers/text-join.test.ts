import fc from "fast-check";
import { expect, test } from "vitest";
import { joinAfterReplay, joinAfterWhitespace, ReplayMismatch, type TextJoin } from "./text-join.ts";

/** Cuts a text at the given places. */
function pieces(text: string, cuts: readonly number[]): string[] {
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((one, other) => one - other), text.length];
  return places.slice(1).map((end, index) => text.slice(places[index]!, end));
}

const joined = (join: TextJoin, text: string, cuts: readonly number[]) =>
  pieces(text, cuts)
    .map((piece) => join.push(piece))
    .join("");

const word = fc.string({ unit: fc.constantFrom("a", "b", " ", "\n", "é", "𝄞"), maxLength: 30 });
const cuts = fc.array(fc.nat(1000), { maxLength: 6 });

test("after a replay, exactly the rest is given, wherever the text was broken off and however it comes again", () => {
  fc.assert(
    fc.property(word, fc.nat(1000), cuts, (text, at, places) => {
      const known = text.slice(0, at % (text.length + 1));
      const join = joinAfterReplay(known);
      expect(known + joined(join, text, places)).toBe(text);
      expect(join.open).toBe(true);
    }),
  );
});

test("a replay of another text is noticed; what could not be stored is not held against it", () => {
  expect(() => joinAfterReplay("abc").push("abX")).toThrow(ReplayMismatch);
  expect(joinAfterReplay("a\uFFFDc").push("a\u0000cd")).toBe("d");
});

test("white space that the text ends with is kept once", () => {
  fc.assert(
    fc.property(word, fc.nat(1000), cuts, (text, at, places) => {
      const known = text.slice(0, at % (text.length + 1));
      const shown = known.trimEnd();
      const continuation = text.slice(shown.length);
      const result = known + joined(joinAfterWhitespace(known.slice(shown.length)), continuation, places);
      // White space alone at the very end of an answer is not worth waiting for.
      expect(result.trimEnd()).toBe(text.trimEnd());
      expect(result.startsWith(known)).toBe(true);
    }),
  );
});

test("where the model goes on with other white space, that of the text stays and the model's goes", () => {
  expect(joined(joinAfterWhitespace("\n"), " next", [])).toBe("next");
  expect(joined(joinAfterWhitespace(" "), "next", [])).toBe("next");
  expect(joined(joinAfterWhitespace("\n"), "\n\n- item", [])).toBe("\n- item");
});
