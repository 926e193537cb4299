import type { AnswerEndedEvent, AnswerView, ClientEvent } from "@uci/client";
import type { ChatAccepted, Message } from "@uci/protocol";
import { describe, expect, test } from "vitest";
import { activePath } from "../chat/path.ts";
import { sampleSession } from "./sample-session.ts";
import { type ChatState, emptyThread, initialState, newLiveAnswer, type UnsentMessage } from "./state.ts";
import {
  applyAccepted,
  applyEvent,
  applyMessages,
  applyRegenerated,
  applySessions,
  branchOf,
  selectMessage,
  withoutThread,
  withUnsent,
} from "./transitions.ts";

function message(changed: Partial<Message>): Message {
  return {
    message_id: "m",
    session_id: "s",
    parent_message_id: null,
    role: "user",
    content: "",
    status: "complete",
    model: null,
    token_count: null,
    metadata: {},
    created_at: "2026-01-01T00:00:00Z",
    ...changed,
  };
}

const question = message({ message_id: "m1", content: "Why?" });
const answer = message({ message_id: "m2", parent_message_id: "m1", role: "assistant", status: "queued" });
const accepted: ChatAccepted = {
  message_id: "m2",
  user_message_id: "m1",
  session_id: "s",
  status: "accepted",
  timestamp: "2026-01-01T00:00:01Z",
  correlation_id: "c",
};
const unsent: UnsentMessage = {
  key: "k",
  sessionId: "s",
  text: "Why?",
  parentMessageId: undefined,
  model: {},
  request: { session_id: "s", message: "Why?", parent_message_id: null },
  state: "sending",
  problem: null,
};
const created: ClientEvent = { type: "message_created", session_id: "s", user_message: question, answer };

const read: ChatState = { ...initialState, currentSessionId: "s", threads: { s: emptyThread } };

function ended(changed: Partial<AnswerEndedEvent> = {}, fold: Partial<AnswerView> = {}): AnswerEndedEvent {
  const view = {
    generation: 0,
    attempt: 1,
    nextChunkId: 3,
    text: "Because.",
    textBytes: 8,
    reasoning: "",
    tools: [],
    joins: [],
    resets: 0,
  };
  return {
    type: "answer_ended",
    messageId: "m2",
    sessionId: "s",
    fold: { ...view, ...fold },
    status: "complete",
    finishReason: "stop",
    model: "gpt",
    thoughtMs: null,
    writtenMs: null,
    tokensUsed: 3,
    error: null,
    correlationId: null,
    ...changed,
  };
}

function shown(state: ChatState): string[] {
  return activePath(state.threads.s ?? emptyThread).map(
    ({ message: { message_id, status } }) => `${message_id} ${status}`,
  );
}

describe("a turn", () => {
  test("comes to be, is written and ends", () => {
    const begun = applyEvent(read, created);
    expect(shown(begun)).toEqual(["m1 complete", "m2 queued"]);
    expect(begun.live.m2).toEqual(newLiveAnswer);
    const over = applyEvent(begun, ended());
    expect(shown(over)).toEqual(["m1 complete", "m2 complete"]);
    expect(over.live).toEqual({});
    expect(over.threads.s?.messages.m2).toMatchObject({ content: "Because.", model: "gpt", token_count: 3 });
  });

  test.each([
    ["the acceptance first", (state: ChatState) => applyEvent(applyAccepted(state, unsent, accepted), created)],
    ["the event first", (state: ChatState) => applyAccepted(applyEvent(state, created), unsent, accepted)],
    ["the event alone", (state: ChatState) => applyEvent(state, created)],
    ["the acceptance alone", (state: ChatState) => applyAccepted(state, unsent, accepted)],
  ])("that was sent here is shown once: %s", (_name, transition) => {
    const state = transition(withUnsent(read, unsent));
    expect(state.unsent).toEqual({});
    expect(shown(state)).toEqual(["m1 complete", "m2 queued"]);
    expect(state.threads.s?.messages.m1?.content).toBe("Why?");
  });

  test("that ended before its acceptance came stays ended", () => {
    const state = applyAccepted(applyEvent(applyEvent(withUnsent(read, unsent), created), ended()), unsent, accepted);
    expect(shown(state)).toEqual(["m1 complete", "m2 complete"]);
    expect(state.live).toEqual({});
  });

  test("of another tab does not end the branch that was chosen here", () => {
    const other = message({ message_id: "m9", content: "Other?", created_at: "2026-01-02T00:00:00Z" });
    const chosen = selectMessage(applyEvent(read, created), "s", question);
    const state = applyEvent(chosen, {
      type: "message_created",
      session_id: "s",
      user_message: other,
      answer: message({ message_id: "m10", parent_message_id: "m9", role: "assistant", status: "queued" }),
    });
    expect(shown(state)[0]).toBe("m1 complete");
  });

  test("of a session that was not read is not kept", () => {
    expect(applyEvent(initialState, created).threads).toEqual({});
  });
});

describe("an ending", () => {
  test("of a failed answer says why", () => {
    const error = { code: "provider_overloaded", message: "Busy." };
    const state = applyEvent(applyEvent(read, created), ended({ status: "failed", finishReason: "error", error }));
    expect(state.threads.s?.messages.m2).toMatchObject({ status: "failed", metadata: { error } });
  });

  test("after a take-over says so, and how long was thought", () => {
    const begun = applyEvent(read, created);
    const thinking = { ...begun, live: { m2: { ...newLiveAnswer, thoughtMs: 1200, attempt: 2 } } };
    const state = applyEvent(thinking, ended({}, { attempt: 2, reasoning: "Hm." }));
    expect(state.threads.s?.messages.m2?.metadata).toEqual({ reasoning: "Hm.", attempts: 2, thought_ms: 1200 });
  });

  test("in a session that is not shown is marked until it is", () => {
    const away = { ...applyEvent(read, created), currentSessionId: null };
    expect(applyEvent(away, ended()).unseen).toEqual({ s: true });
    expect(applyEvent({ ...away, currentSessionId: "s" }, ended()).unseen).toEqual({});
  });
});

describe("history", () => {
  test("does not put an ended answer back to its beginning", () => {
    const over = applyEvent(applyEvent(read, created), ended());
    const state = applyMessages(over, "s", [answer, question]);
    expect(shown(state)).toEqual(["m1 complete", "m2 complete"]);
    expect(state.live).toEqual({});
  });

  test("ends an answer whose end was not heard", () => {
    const begun = applyEvent(read, created);
    const state = applyMessages(begun, "s", [{ ...answer, status: "complete", content: "Because." }]);
    expect(state.live).toEqual({});
    expect(shown(state)).toEqual(["m1 complete", "m2 complete"]);
  });

  test("keeps what has been heard of an answer that goes on", () => {
    const begun = { ...applyEvent(read, created), live: { m2: { ...newLiveAnswer, text: "Bec" } } };
    expect(applyMessages(begun, "s", [answer]).live.m2?.text).toBe("Bec");
  });

  test("what is read again and says the same leaves all that is drawn as it is", () => {
    const state = applySessions(applyMessages(read, "s", [question, answer]), [sampleSession()]);
    const again = applySessions(applyMessages(state, "s", structuredClone([question, answer])), [sampleSession()]);
    expect(again).toBe(state);
    const rated = applyMessages(state, "s", [{ ...question, metadata: { rating: "up" } }, structuredClone(answer)]);
    expect(rated.threads.s?.messages.m1?.metadata).toEqual({ rating: "up" });
    expect(rated.threads.s?.messages.m2).toBe(answer);
    expect(rated.live).toBe(state.live);
  });

  test("given back takes what was live with it", () => {
    const state = withoutThread(applyEvent(read, created), "s");
    expect(state.threads).toEqual({});
    expect(state.live).toEqual({});
  });
});

test("a regenerated answer is shown beside the one before", () => {
  const over = applyEvent(applyEvent(read, created), ended());
  const state = applyRegenerated(over, over.threads.s!.messages.m2!, { ...accepted, message_id: "m3" });
  const last = activePath(state.threads.s!).at(-1);
  expect([last?.message.message_id, last?.index, last?.siblings.length]).toEqual(["m3", 1, 2]);
  expect(last?.message).toMatchObject({ content: "", status: "queued" });
});

describe("the branch of a message", () => {
  const first = message({ message_id: "q1" });
  const other = message({ message_id: "q2" });
  const reply = message({ message_id: "a1", parent_message_id: "q1", role: "assistant" });
  test("goes from the root to it, whatever branch was chosen", () => {
    const { threads } = applyMessages(initialState, "s", [first, reply, other]);
    expect(branchOf(threads.s, "a1")).toEqual([first, reply]);
  });
  test("is not known while other branches hang from what is not loaded", () => {
    const { threads } = applyMessages(initialState, "s", [reply, other]);
    expect(branchOf(threads.s, "a1")).toBeNull();
    expect(branchOf(threads.s, "nowhere")).toBeNull();
    expect(branchOf(undefined, "a1")).toBeNull();
  });
});

describe("sessions", () => {
  const session = sampleSession();

  test("an older state of one does not replace a newer", () => {
    const state = applySessions(initialState, [session]);
    const older = { ...session, title: "Old", updated_at: "2026-01-01T00:00:00Z" };
    expect(applySessions(state, [older]).sessions.s?.title).toBe("One");
    expect(applySessions(state, [{ ...session, title: "Two" }]).sessions.s?.title).toBe("Two");
    const untitled = { ...session, title: null, updated_at: "2026-01-03T00:00:00Z" };
    expect(applySessions(applySessions(initialState, [untitled]), [session]).sessions.s?.title).toBe("One");
    expect(applySessions(state, [untitled]).sessions.s).toEqual({ ...untitled, title: "One" });
  });

  test("a deleted one is gone with everything in it", () => {
    const full = {
      ...withUnsent(applySessions(applyEvent(read, created), [session]), unsent),
      unseen: { s: true as const },
    };
    const state = applyEvent(full, { type: "session_updated", session_id: "s", change: "deleted" });
    expect(state).toMatchObject({ sessions: {}, threads: {}, live: {}, unsent: {}, unseen: {}, removed: { s: true } });
  });
});

test("the state of the connection is the last one told", () => {
  const state = applyEvent(initialState, { type: "connection", state: "reconnecting", sinceMs: 5, error: null });
  expect(state.connection).toEqual({ state: "reconnecting", sinceMs: 5, error: null });
});
