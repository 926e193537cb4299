import type { AnswerChangedEvent, AnswerView } from "@uci/client";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drawIntervalMs, LiveAnswers, wholeWords } from "./live.ts";
import { type ChatState, initialState, newLiveAnswer } from "./state.ts";

function changed(fold: Partial<AnswerView>): AnswerChangedEvent {
  const view = {
    generation: 0,
    attempt: 1,
    nextChunkId: 1,
    text: "",
    textBytes: 0,
    reasoning: "",
    tools: [],
    joins: [],
    resets: 0,
  };
  return {
    type: "answer_changed",
    messageId: "m",
    sessionId: "s",
    fold: { ...view, ...fold },
    change: "appended",
    appendedText: "",
    appendedReasoning: "",
  };
}

describe("what is shown of a text", () => {
  test("ends with a whole word", () => expect(wholeWords("one two thr", 0)).toBe("one two "));
  test("is never less than before", () => expect(wholeWords("one two thr", 10)).toBe("one two th"));
  test("does not wait for the end of a long word", () => expect(wholeWords("字".repeat(50), 0)).toHaveLength(50));
  test("is a prefix that reaches as far as what was shown", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(60), (text, shown) => {
        const result = wholeWords(text, shown);
        expect(text.startsWith(result)).toBe(true);
        expect(result.length).toBeGreaterThanOrEqual(Math.min(shown, text.length));
      }),
    );
  });
});

describe("how often text is drawn", () => {
  test("often where the thread has time", () => expect(drawIntervalMs(0)).toBe(45));
  test("more seldom the later it was drawn, and never so seldom that it would be seen", () => {
    expect(drawIntervalMs(10)).toBeGreaterThan(drawIntervalMs(5));
    expect(drawIntervalMs(10_000)).toBeLessThanOrEqual(100);
  });
  test("a clock that jumps back makes nothing faster", () => expect(drawIntervalMs(-1_000)).toBe(45));
});

describe("between two frames", () => {
  const state: ChatState = { ...initialState, live: { m: newLiveAnswer } };

  test("many pieces make one change", () => {
    const live = new LiveAnswers();
    live.note(changed({ text: "one " }), 0);
    live.note(changed({ text: "one two " }), 5);
    expect(Object.keys(live.take(state, 10))).toEqual(["m"]);
    expect(live.empty).toBe(true);
  });

  test("half a word waits, but not for long", () => {
    const live = new LiveAnswers();
    live.note(changed({ text: "one tw" }), 0);
    expect(live.take(state, 10).m?.text).toBe("one ");
    expect(live.empty).toBe(false);
    expect(live.take(state, 120).m?.text).toBe("one tw");
    expect(live.empty).toBe(true);
  });

  test("thinking is timed until the first word of text", () => {
    const live = new LiveAnswers();
    live.note(changed({ reasoning: "Hm. " }), 0);
    const thinking = live.take(state, 1_000).m;
    expect(thinking).toMatchObject({ startedMs: 1_000, thoughtMs: null });
    live.note(changed({ reasoning: "Hm. ", text: "So " }), 4_000);
    expect(live.take({ ...state, live: { m: thinking! } }, 4_000).m?.thoughtMs).toBe(3_000);
  });

  test("an answer that has ended is not live again", () => {
    const live = new LiveAnswers();
    live.note(changed({ text: "one " }), 0);
    const row = {
      message_id: "m",
      session_id: "s",
      parent_message_id: null,
      role: "assistant",
      content: "one",
      status: "complete",
      model: null,
      token_count: null,
      metadata: {},
      created_at: "",
    } as const;
    expect(live.take({ live: {}, threads: { s: { messages: { m: row }, selected: {} } } }, 10)).toEqual({});
    expect(live.empty).toBe(true);
  });
});
