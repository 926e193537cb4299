import { type AnswerStatus, answerStatuses, finishReasons, isFinalStatus, type WorkflowRequest } from "@uci/protocol";
import { AnswerProgress, utf8Bytes } from "@uci/stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  continuationAfter,
  conversationHistory,
  estimatedTokens,
  MessageTree,
  modelMessages,
  nextTurnStatus,
  type PathMessage,
  type TurnEvent,
  titleFromMessage,
  turnTransitions,
} from "../src/index.ts";

function node(message_id: string, parent_message_id: string | null, at: number) {
  return { message_id, parent_message_id, created_at: `2026-01-01T00:00:0${at}.000Z` };
}

describe("message tree", () => {
  // u1 ─ a1 ─ u2 ─ a2
  //    └ a1b      └ a2b ; a second root u9
  const tree = new MessageTree([
    node("a2b", "u2", 6),
    node("u1", null, 1),
    node("a1", "u1", 2),
    node("a1b", "u1", 3),
    node("u2", "a1", 4),
    node("a2", "u2", 5),
    node("u9", null, 7),
  ]);

  it("keeps alternatives beside each other in the order they were made", () => {
    expect(tree.siblingsOf("a2b").map((message) => message.message_id)).toEqual(["a2", "a2b"]);
    expect(tree.siblingsOf("a1").map((message) => message.message_id)).toEqual(["a1", "a1b"]);
    expect(tree.childrenOf(null).map((message) => message.message_id)).toEqual(["u1", "u9"]);
    expect(tree.siblingsOf("unknown")).toEqual([]);
  });

  it("finds the way to a message and the newest leaves", () => {
    expect(tree.pathTo("a2b").map((message) => message.message_id)).toEqual(["u1", "a1", "u2", "a2b"]);
    expect(tree.newestLeaf()?.message_id).toBe("u9");
    expect(tree.newestLeafUnder("u1")?.message_id).toBe("a1b");
    expect(tree.newestLeafUnder("a1")?.message_id).toBe("a2b");
    expect(new MessageTree([]).newestLeaf()).toBeNull();
  });

  it("treats a message whose parent is not loaded as a root and ends at a circle", () => {
    const partial = new MessageTree([node("b", "not-here", 1), node("c", "b", 2)]);
    expect(partial.pathTo("c").map((message) => message.message_id)).toEqual(["b", "c"]);
    expect(partial.childrenOf(null).map((message) => message.message_id)).toEqual(["b"]);
    const circle = new MessageTree([node("x", "y", 1), node("y", "x", 2)]);
    expect(circle.pathTo("x")).toHaveLength(2);
  });
});

describe("turn", () => {
  const events: TurnEvent[] = [
    { kind: "first_chunk" },
    { kind: "restarted" },
    ...finishReasons.map((finish_reason) => ({ kind: "closed", finish_reason }) as const),
  ];

  it("has a transition for every status and event, and leaves a final status alone", () => {
    for (const status of answerStatuses) {
      expect(Object.keys(turnTransitions[status]).sort()).toEqual(["closed", "first_chunk", "restarted"]);
      for (const event of events) {
        const next = nextTurnStatus(status, event);
        expect(answerStatuses).toContain(next);
        if (isFinalStatus(status)) expect(next).toBe(status);
        if (event.kind === "closed") expect(isFinalStatus(next)).toBe(true);
      }
    }
  });

  it("goes from queued over streaming to how the answer ended", () => {
    const story = (...told: TurnEvent[]) => told.reduce<AnswerStatus>(nextTurnStatus, "queued");
    expect(story(events[0]!)).toBe("streaming");
    expect(story(events[0]!, { kind: "closed", finish_reason: "length" })).toBe("complete");
    expect(story({ kind: "closed", finish_reason: "stopped" })).toBe("stopped");
    expect(story(events[0]!, { kind: "restarted" })).toBe("queued");
    expect(story({ kind: "closed", finish_reason: "error" })).toBe("failed");
  });
});

describe("prompt", () => {
  const pathMessage = fc.record({
    role: fc.constantFrom("user" as const, "assistant" as const),
    content: fc.string({ maxLength: 50 }),
    status: fc.constantFrom(...answerStatuses),
  });

  it("keeps the newest messages that fit, whole, beginning with a user's", () => {
    fc.assert(
      fc.property(fc.array(pathMessage, { maxLength: 30 }), fc.integer({ min: 0, max: 1_500 }), (path, limitBytes) => {
        const history = conversationHistory(path, limitBytes);
        expect(history.reduce((sum, message) => sum + utf8Bytes(message.content), 0)).toBeLessThanOrEqual(limitBytes);
        expect(history[0]?.role ?? "user").toBe("user");
        const said = path.filter((message) => message.content !== "").map(({ role, content }) => ({ role, content }));
        expect(said.slice(said.length - history.length)).toEqual(history);
      }),
    );
  });

  it("leaves answers without text out", () => {
    const path: PathMessage[] = [
      { role: "user", content: "one", status: "complete" },
      { role: "assistant", content: "", status: "failed" },
      { role: "user", content: "two", status: "complete" },
    ];
    expect(conversationHistory(path).map((message) => message.content)).toEqual(["one", "two"]);
  });

  function job(history: { role: "user" | "assistant"; content: string }[], system_prompt?: string): WorkflowRequest {
    return {
      ...{ message_id: "m", session_id: "s", user_id: "u", message: "the question", generation: 0 },
      ...{ timestamp: "", correlation_id: "c" },
      context: { conversation_history: history, ...(system_prompt === undefined ? {} : { system_prompt }) },
    };
  }

  it("gives a model the system prompt, the history and the question", () => {
    const messages = modelMessages(job([{ role: "user", content: "before" }], "be brief"));
    expect(messages.map((message) => message.role)).toEqual(["system", "user", "user"]);
    expect(messages.at(-1)?.content).toBe("the question");
  });

  it("leaves old messages out where the context window is small, and never the question", () => {
    const history = Array.from({ length: 40 }, (_, index) => ({
      role: index % 2 === 0 ? ("user" as const) : ("assistant" as const),
      content: "word ".repeat(50),
    }));
    const messages = modelMessages(job(history), { contextWindowTokens: 1_000 });
    const tokens = messages.reduce((sum, message) => sum + estimatedTokens(message.content), 0);
    expect(tokens).toBeLessThan(1_000);
    expect(messages.length).toBeGreaterThan(2);
    expect(messages[0]?.role).toBe("user");
    expect(modelMessages(job(history), { contextWindowTokens: 1 })).toEqual([
      { role: "user", content: "the question" },
    ]);
  });
});

describe("title", () => {
  it("is the first line that says something, without markdown, cut at a word", () => {
    expect(titleFromMessage("\n\n## **Plan** for `Monday`\nmore")).toBe("Plan for Monday");
    expect(titleFromMessage("```ts\nconst a = 1;\n```")).toBe("const a = 1;");
    expect(titleFromMessage("   \n---\n")).toBeNull();
    expect(titleFromMessage(`${"word ".repeat(40)}`)).toBe(`${"word ".repeat(12).trim()}…`);
  });

  it("never is longer than a line of a side bar, whatever was written", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (message) => {
        const title = titleFromMessage(message);
        if (title !== null) {
          expect([...title].length).toBeLessThanOrEqual(61);
          expect(title).not.toMatch(/\p{Control}/u);
        }
      }),
    );
  });
});

describe("take-over policy", () => {
  const none = { resume: false, continuePrefix: false };
  const all = { resume: true, continuePrefix: true };
  const begun = { ...new AnswerProgress("s", "m", 0).state(), text: "half", response_id: "resp_1" };

  it("begins where nothing was written", () => {
    expect(continuationAfter(new AnswerProgress("s", "m", 0).state(), none, "interrupt")).toEqual({ kind: "begin" });
  });

  it("takes the first that applies: resume, continue, reset", () => {
    expect(continuationAfter(begun, all, "continue")).toEqual({ kind: "resume", responseId: "resp_1" });
    expect(continuationAfter({ ...begun, response_id: null }, all, "continue")).toEqual({ kind: "continue" });
    expect(continuationAfter(begun, none, "continue")).toEqual({ kind: "reset" });
    expect(continuationAfter(begun, all, "interrupt")).toEqual({ kind: "interrupt" });
  });

  it("does not hand tool calls or reasoning alone back as a prefix", () => {
    const withTool = { ...begun, response_id: null, tools: [{ chunk_type: "tool_call" as const, chunk: "{}" }] };
    expect(continuationAfter(withTool, all, "continue")).toEqual({ kind: "reset" });
    const thinking = { ...begun, response_id: null, text: "", reasoning: "hm" };
    expect(continuationAfter(thinking, all, "continue")).toEqual({ kind: "reset" });
  });
});
