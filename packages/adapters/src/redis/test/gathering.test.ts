import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Gathering } from "../gathering.ts";

describe("gathering", () => {
  it("sends what one turn of the event loop asks for together, each with its own result", async () => {
    const sent: (readonly string[])[] = [];
    const gathering = new Gathering<string, string>(async (items) => {
      sent.push(items);
      return items.map((item) => item.toUpperCase());
    });
    const first = [gathering.add("a"), Promise.resolve().then(() => gathering.add("b"))];
    expect(await Promise.all(first)).toEqual(["A", "B"]);
    expect(await gathering.add("c")).toBe("C");
    expect(sent).toEqual([["a", "b"], ["c"]]);
  });

  it("does not wait for what was sent before", async () => {
    const answers: (() => void)[] = [];
    const gathering = new Gathering<number, number>(
      (items) => new Promise((resolve) => answers.push(() => resolve(items))),
    );
    const first = gathering.add(1);
    await nextTurn();
    const second = gathering.add(2);
    await nextTurn();
    expect(answers).toHaveLength(2);
    answers[1]!();
    expect(await second).toBe(2);
    answers[0]!();
    expect(await first).toBe(1);
  });

  it("fails for all that went together, and for nobody else", async () => {
    const gathering = new Gathering<string, string>(async (items) => {
      if (items.includes("bad")) throw new Error("refused");
      return items;
    });
    const together = await Promise.allSettled([gathering.add("good"), gathering.add("bad")]);
    expect(together.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await gathering.add("good")).toBe("good");
  });
});
