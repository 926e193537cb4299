import type { AnswerRow } from "@uci/stream";
import { describe, expect, it } from "vitest";
import { SharedListing } from "../store/shared-listing.ts";

const row = (sessionId: string) => ({ session_id: sessionId, message_id: `of ${sessionId}` }) as AnswerRow;

describe("shared listing", () => {
  function listing() {
    const asked: (readonly string[])[] = [];
    const answers: { resolve: () => void; reject: (error: Error) => void }[] = [];
    const shared = new SharedListing<AnswerRow>((sessionIds) => {
      asked.push(sessionIds);
      return new Promise((resolve, reject) => {
        answers.push({ resolve: () => resolve(sessionIds.map(row)), reject });
      });
    });
    return { shared, asked, answers };
  }

  it("asks at once for the first, and together for all who come while that is under way", async () => {
    const { shared, asked, answers } = listing();
    const first = shared.of(["a"]);
    const others = [shared.of(["b", "c"]), shared.of(["c"]), shared.of(["a"])];
    expect(asked).toEqual([["a"]]);
    answers[0]!.resolve();
    expect(await first).toEqual([row("a")]);
    await Promise.resolve();
    expect(asked).toEqual([["a"], ["b", "c", "a"]]);
    answers[1]!.resolve();
    expect(await Promise.all(others)).toEqual([[row("b"), row("c")], [row("c")], [row("a")]]);
  });

  it("fails for those of one query alone, and goes on", async () => {
    const { shared, answers } = listing();
    const first = shared.of(["a"]);
    const second = shared.of(["b"]);
    answers[0]!.reject(new Error("away"));
    await expect(first).rejects.toThrow("away");
    await Promise.resolve();
    answers[1]!.resolve();
    expect(await second).toEqual([row("b")]);
  });

  it("lists no more than two hundred sessions by one query, and more than that for who asks for them", async () => {
    const { shared, asked, answers } = listing();
    const many = Array.from({ length: 150 }, (_none, index) => `s${index}`);
    const lists = [
      shared.of(["a"]),
      shared.of(many),
      shared.of(many.map((id) => `t${id}`)),
      shared.of([...many, ...many]),
    ];
    for (let index = 0; index < 4; index++) {
      answers[index]!.resolve();
      await lists[index];
      await Promise.resolve();
    }
    expect(asked.map(({ length }) => length)).toEqual([1, 150, 150, 150]);
  });
});
