import { type WorkflowRequest, wireLimits } from "@uci/protocol";
import { describe, expect, it } from "vitest";
import { attachmentConformance } from "../conformance/attachments.ts";
import { modelMessages, withAttachments } from "../src/index.ts";
import { MemoryAttachments } from "../src/memory/index.ts";

let ids = 0;
const nextId = () => `att_${++ids}`;

attachmentConformance("memory", async () => ({
  store: new MemoryAttachments({ nowMs: Date.now }, nextId),
  userId: `user_${nextId()}`,
  newMessage: async () => nextId(),
}));

const picture = { attachment_id: "a", name: "cat.png", media_type: "image/png" };
const notes = { attachment_id: "b", name: "notes.md", media_type: "text/plain" };
const image = { media_type: "image/png", data: new Uint8Array(3) };

describe("a message with files", () => {
  it("holds texts under their names, in fences that nothing in them closes", () => {
    const loaded = new Map([["b", { kind: "text" as const, text: "# Notes\n```js\n1\n```" }]]);
    const { content } = withAttachments("Look:", [notes], loaded);
    expect(content).toBe('Look:\n\nFile "notes.md":\n````\n# Notes\n```js\n1\n```\n````');
  });

  it("gives images to a model that can see, and tells others of them", () => {
    const loaded = new Map([["a", { kind: "image" as const, image }]]);
    expect(withAttachments("", [picture], loaded)).toEqual({
      role: "user",
      content: 'Image: "cat.png"',
      images: [image],
    });
    expect(withAttachments("What?", [picture], new Map()).content).toContain("cannot be shown to you");
  });

  it("is asked with what went with the messages before it", () => {
    const job: WorkflowRequest = {
      ...{ message_id: "m", session_id: "s", user_id: "u", message: "And this?", generation: 0 },
      ...{ timestamp: "2026-01-01T00:00:00.000Z", correlation_id: "c" },
      context: {
        attachments: [notes],
        conversation_history: [
          { role: "user", content: "What is it?", attachments: [picture] },
          { role: "assistant", content: "A cat." },
        ],
      },
    };
    const loaded = new Map([
      ["a", { kind: "image" as const, image }],
      ["b", { kind: "text" as const, text: "words" }],
    ]);
    const messages = modelMessages(job, { loaded });
    expect(messages.map(({ images }) => images?.length ?? 0)).toEqual([1, 0, 0]);
    expect(messages[2]?.content).toContain("words");
    expect(wireLimits.attachmentsPerMessage).toBeGreaterThan(1);
  });
});
