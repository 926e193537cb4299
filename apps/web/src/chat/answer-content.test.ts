import type { Message } from "@uci/protocol";
import { describe, expect, test } from "vitest";
import { newLiveAnswer } from "../connection/state.ts";
import { contentOf, toolUses } from "./answer-content.ts";

function message(metadata: Record<string, unknown>): Message {
  return {
    message_id: "m",
    session_id: "s",
    parent_message_id: "u",
    role: "assistant",
    content: "stored",
    status: "complete",
    model: null,
    token_count: null,
    metadata,
    created_at: "2026-01-01T00:00:00.000Z",
  };
}

describe("what of an answer is shown", () => {
  test("is the live text while it is written", () => {
    expect(contentOf(message({}), { ...newLiveAnswer, text: "live" }).text).toBe("live");
    expect(contentOf(message({}), undefined).text).toBe("stored");
  });

  test("takes from stored metadata only what has its form", () => {
    const wrong = { reasoning: 3, tools: "x", joins: ["a", 4], thought_ms: "12", written_ms: null };
    expect(contentOf(message(wrong), undefined)).toMatchObject({
      reasoning: "",
      tools: [],
      joins: [4],
      thoughtMs: null,
      writtenMs: null,
    });
    expect(contentOf(message({ tools: [{ chunk_type: "content", chunk: "x" }] }), undefined).tools).toEqual([]);
  });
});

describe("uses of tools", () => {
  const call = { chunk_type: "tool_call", chunk: '{"id":"1","name":"sum","input":"{\\"a\\":1}"}' } as const;
  const result = { chunk_type: "tool_result", chunk: '{"id":"1","name":"sum","output":"2"}' } as const;

  test("join a call with its result", () => {
    expect(toolUses([call])).toEqual([{ id: "1", name: "sum", input: '{\n  "a": 1\n}', output: null }]);
    expect(toolUses([call, result])).toEqual([{ id: "1", name: "sum", input: '{\n  "a": 1\n}', output: "2" }]);
  });

  test("are shown however they are written", () => {
    const broken = { chunk_type: "tool_result", chunk: "not JSON" } as const;
    expect(toolUses([broken])).toEqual([{ id: "0", name: "", input: "", output: "not JSON" }]);
  });
});
