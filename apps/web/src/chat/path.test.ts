import type { Message } from "@uci/protocol";
import { describe, expect, test } from "vitest";
import { activePath } from "./path.ts";

let minute = 0;
function message(id: string, parent: string | null): Message {
  minute++;
  return {
    message_id: id,
    session_id: "s",
    parent_message_id: parent,
    role: id.startsWith("u") ? "user" : "assistant",
    content: id,
    status: "complete",
    model: null,
    token_count: null,
    metadata: {},
    created_at: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
  };
}

function ids(rows: readonly Message[], selected: Record<string, string> = {}) {
  const messages = Object.fromEntries(rows.map((row) => [row.message_id, row]));
  return activePath({ messages, selected }).map(
    (step) => `${step.message.message_id} ${step.index + 1}/${step.siblings.length}`,
  );
}

const u1 = message("u1", null);
const a1 = message("a1", "u1");
const u2 = message("u2", "a1");
const a2 = message("a2", "u2");

describe("the branch that is shown", () => {
  test("of a straight conversation is all of it", () => {
    expect(ids([a2, u1, u2, a1])).toEqual(["u1 1/1", "a1 1/1", "u2 1/1", "a2 1/1"]);
  });

  test("of nothing is nothing", () => expect(ids([])).toEqual([]));

  test("leads to the newest message where nothing was chosen", () => {
    const a1b = message("a1b", "u1");
    expect(ids([u1, a1, u2, a2, a1b])).toEqual(["u1 1/1", "a1b 2/2"]);
    const u3 = message("u3", "a2");
    expect(ids([u1, a1, u2, a2, a1b, u3])).toEqual(["u1 1/1", "a1 1/2", "u2 1/1", "a2 1/1", "u3 1/1"]);
  });

  test("follows what was chosen at a fork, and goes on to its newest end", () => {
    const a1b = message("a1b", "u1");
    expect(ids([u1, a1, u2, a2, a1b], { u1: "a1" })).toEqual(["u1 1/1", "a1 1/2", "u2 1/1", "a2 1/1"]);
  });

  test("can begin at another root: the first message was edited", () => {
    const u1b = message("u1b", null);
    expect(ids([u1, a1, u1b])).toEqual(["u1b 2/2"]);
    expect(ids([u1, a1, u1b], { "": "u1" })).toEqual(["u1 1/2", "a1 1/1"]);
  });

  test("begins with the oldest loaded message where history is not loaded to its beginning", () => {
    expect(ids([u2, a2])).toEqual(["u2 1/1", "a2 1/1"]);
  });

  test("ignores a choice that is not there any more", () => {
    expect(ids([u1, a1], { u1: "gone" })).toEqual(["u1 1/1", "a1 1/1"]);
  });

  test("ends where messages are their own ancestors", () => {
    const one = { ...message("u8", "a8") };
    const other = { ...message("a8", "u8") };
    expect(ids([one, other]).length).toBeLessThanOrEqual(2);
  });

  test("puts messages of the same moment in the order of their ids", () => {
    const a1b = { ...message("a1b", "u1"), created_at: a1.created_at };
    expect(ids([u1, a1b, a1])).toEqual(["u1 1/1", "a1b 2/2"]);
  });
});
