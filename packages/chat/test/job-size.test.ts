import type { WorkflowRequest } from "@uci/protocol";
import { describe, expect, it } from "vitest";
import { jobThatFits } from "../src/index.ts";

const mebibyte = 1024 * 1024;
const quotes = (count: number) => '"'.repeat(count);

function job(message: string, history: WorkflowRequest["context"]["conversation_history"] = []): WorkflowRequest {
  return {
    ...{ message_id: "msg_1", session_id: "sess_1", user_id: "user_1", message, generation: 0 },
    ...{ context: { conversation_history: history }, timestamp: "2026-01-01T00:00:00.000Z", correlation_id: "corr_1" },
  };
}

const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

describe("a job and the queue's largest message", () => {
  it("is passed on as it is while its JSON fits, to the byte", () => {
    const given = job("hello", [{ role: "user", content: quotes(1_000) }]);
    expect(jobThatFits(given, sizeOf(given))).toBe(given);
    expect(jobThatFits(given, sizeOf(given) - 1)).not.toBe(given);
  });

  it("is refused where the message leaves less room than is due to the history", () => {
    const said = [
      { role: "user", content: quotes(262_144) },
      { role: "assistant", content: "ok" },
    ] as const;
    expect(jobThatFits(job(quotes(262_144)), mebibyte)).not.toBeNull();
    expect(jobThatFits(job(quotes(262_144), [...said]), mebibyte)).toBeNull();
    expect(jobThatFits(job("\u0001".repeat(262_144)), mebibyte)).toBeNull();
  });

  it("loses its oldest messages where only the history is too long as JSON, and begins with a user's", () => {
    const said = Array.from({ length: 8 }, (_, index) => ({
      role: index % 2 === 0 ? ("user" as const) : ("assistant" as const),
      content: `${index} ${"\u0001".repeat(60_000)}`,
    }));
    const fitting = jobThatFits(job("short", said), mebibyte)!;
    expect(sizeOf(fitting)).toBeLessThanOrEqual(mebibyte);
    expect(fitting.context.conversation_history.map(({ content }) => content[0])).toEqual(["6", "7"]);
    expect(fitting.message).toBe("short");
  });

  it("leaves half of a smaller queue's message to the history", () => {
    const said = [{ role: "user" as const, content: "x".repeat(60_000) }];
    expect(jobThatFits(job("y".repeat(20_000), said), 64 * 1024)?.context.conversation_history).toEqual([]);
    expect(jobThatFits(job("y".repeat(40_000), said), 64 * 1024)).toBeNull();
  });
});
