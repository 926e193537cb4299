import type { WorkflowRequest } from "@uci/protocol";
import { describe, expect, it } from "vitest";
import { AnswerAdmission } from "../src/index.ts";
import { World } from "./world.ts";

function requestOf(messageId: string): WorkflowRequest {
  return {
    ...{ message_id: messageId, session_id: "sess_1", user_id: "user_1", message: "tell me", generation: 0 },
    ...{ context: { conversation_history: [] }, correlation_id: "corr_1", timestamp: "2026-01-01T00:00:00.000Z" },
  };
}

/** Answers that wait, in the order in which they may begin. */
function made(waiting: string[]) {
  const world = new World();
  const failures: unknown[] = [];
  const asked: (string | null)[] = [];
  const withdrawn = async (messageId: string) => (waiting.includes(messageId) ? requestOf(messageId) : null);
  const admit = async (ended: string | null) => {
    asked.push(ended);
    return waiting.splice(0, 2).map(requestOf);
  };
  const ports = { admission: { admit, withdrawn }, outbox: world.database, queue: world.queue, live: world.live };
  const admission = new AnswerAdmission(ports, 4, (error) => failures.push(error));
  return { world, admission, failures, asked, ledger: admission.over(world.database) };
}

describe("answers that wait for others of the same person", () => {
  it("S7 are published by whoever stores the end of one, and only then", async () => {
    const { world, asked, ledger } = made(["msg_2"]);
    for (const id of ["msg_1", "msg_2"]) world.database.add(requestOf(id));
    const final = { ...requestOf("msg_1"), status: "complete", text: "", finish_reason: "stop" } as never;
    expect(await ledger.finalize(final)).toBe("stored");
    await world.clock.run(1);
    expect(await ledger.finalize(final)).toBe("already_final");
    await world.clock.run(1);
    expect(asked).toEqual(["msg_1"]);
    const taken = world.queue.take(10, 0);
    await world.clock.run(1);
    expect((await taken).map(({ job }) => job.message_id)).toEqual(["msg_2"]);
    expect(world.database.rows.get("msg_2")?.queuedAtMs).not.toBeNull();
  });

  it("S5 are published each by itself, whatever the queue refuses", async () => {
    const { world, admission, failures } = made(["msg_1", "msg_2"]);
    for (const id of ["msg_1", "msg_2"]) world.database.add(requestOf(id));
    const enqueue = world.queue.enqueue.bind(world.queue);
    world.queue.enqueue = async (id, job) => {
      if (job.message_id === "msg_1") throw new Error("refused");
      return enqueue(id, job);
    };
    await admission.admit(null);
    expect(world.database.rows.get("msg_1")?.queuedAtMs).toBeNull();
    expect(world.database.rows.get("msg_2")?.queuedAtMs).not.toBeNull();
    expect(failures).toHaveLength(1);
  });

  it("S7 end at once when they are stopped, and their readers are told", async () => {
    const { world, ledger } = made(["msg_1"]);
    for (const id of ["msg_1", "msg_2"]) world.database.add(requestOf(id));
    const { reader } = await world.read(await world.pod("pod-a"));
    expect(await ledger.requestStop("msg_2")).toBe(true);
    expect(world.database.rows.get("msg_2")?.status).toBe("queued");
    expect(await ledger.requestStop("msg_1")).toBe(false);
    expect(world.database.rows.get("msg_1")).toMatchObject({ status: "stopped", finish_reason: "stopped", text: "" });
    await world.clock.run(100);
    expect(reader.events.find(({ event }) => event === "message_complete")?.data).toMatchObject({
      message_id: "msg_1",
    });
  });
});
