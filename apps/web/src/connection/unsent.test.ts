import { ApiError } from "@uci/client";
import type { Message } from "@uci/protocol";
import { describe, expect, test } from "vitest";
import { emptyThread, type UnsentMessage } from "./state.ts";
import { afterFailure, nextUnsent } from "./unsent.ts";

function unsent(key: string, changed: Partial<UnsentMessage> = {}): UnsentMessage {
  const fixed = { sessionId: "s", text: key, parentMessageId: undefined, model: {}, request: null, problem: null };
  return { key, ...fixed, state: "queued", ...changed };
}

function thread(status: Message["status"]) {
  const row = {
    message_id: "a",
    session_id: "s",
    parent_message_id: null,
    role: "assistant",
    content: "",
    status,
    model: null,
    token_count: null,
    metadata: {},
    created_at: "",
  } as const;
  return { messages: { a: row }, selected: {} };
}

describe("whose turn it is", () => {
  test("the first one's", () => expect(nextUnsent([unsent("1"), unsent("2")], emptyThread, null)?.key).toBe("1"));
  test("nobody's while one is under way", () => {
    expect(nextUnsent([unsent("1", { state: "sending" }), unsent("2")], emptyThread, null)).toBeNull();
  });
  test("nobody's while the answer before is being written", () => {
    expect(nextUnsent([unsent("1")], thread("streaming"), "a")).toBeNull();
    expect(nextUnsent([unsent("1")], thread("complete"), "a")?.key).toBe("1");
  });
  test("an edit's of the first message, whatever is being written below", () => {
    expect(nextUnsent([unsent("1", { parentMessageId: null })], thread("streaming"), "a")?.key).toBe("1");
  });
  test("one that was refused does not hold up the next", () => {
    expect(nextUnsent([unsent("1", { state: "failed" }), unsent("2")], emptyThread, null)?.key).toBe("2");
  });
  test("one that waits for the connection goes first", () => {
    expect(nextUnsent([unsent("1", { state: "waiting" }), unsent("2")], emptyThread, null)?.key).toBe("1");
  });
});

describe("after a failure", () => {
  const request = { session_id: "s", message: "1", parent_message_id: "a" };
  const sending = unsent("1", { state: "sending", request });

  test("of the network, the same is tried again", () => {
    const error = new ApiError("network", "No.", { status: 0, retryable: true });
    expect(afterFailure(sending, error)).toEqual({ ...sending, state: "waiting" });
  });
  test("because the answer before is not finished, a fresh request waits for its turn", () => {
    const error = new ApiError("parent_unfinished", "Wait.", { status: 409, retryable: true });
    expect(afterFailure(sending, error)).toMatchObject({ state: "queued", request: null });
  });
  test("for good, the reason is told", () => {
    const error = new ApiError("model_not_found", "Not configured.", { status: 422, retryable: false });
    expect(afterFailure(sending, error)).toMatchObject({
      state: "failed",
      problem: { code: "model_not_found", message: "Not configured." },
    });
  });
  test("because nobody is signed in, it waits for that", () => {
    const error = new ApiError("unauthenticated", "Sign in.", { status: 401, retryable: false });
    expect(afterFailure(sending, error).state).toBe("waiting");
  });
});
