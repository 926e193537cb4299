import type { WorkflowRequest } from "@uci/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import type { WorkQueue } from "../src/index.ts";

function job(messageId: string): WorkflowRequest {
  return {
    message_id: messageId,
    session_id: "sess_1",
    user_id: "user_1",
    message: "hello",
    context: { conversation_history: [] },
    generation: 0,
    timestamp: "2026-01-01T00:00:00.000Z",
    correlation_id: "corr_1",
  };
}

export type WorkQueueUnderTest = {
  readonly queue: WorkQueue;
  /** Lets this much time pass for the queue. */
  readonly pass: (durationMs: number) => Promise<void>;
};

/** What every work queue must do. `makeQueue` gives an empty one; time may be virtual. */
export function workQueueConformance(name: string, makeQueue: () => Promise<WorkQueueUnderTest>): void {
  describe(`work queue: ${name}`, () => {
    let queue: WorkQueue;
    let pass: (durationMs: number) => Promise<void>;
    beforeEach(async () => {
      ({ queue, pass } = await makeQueue());
    });

    async function take(most = 10, waitMs = 50): Promise<readonly { token: string; job: WorkflowRequest }[]> {
      const taken = queue.take(most, waitMs);
      await pass(waitMs);
      return taken;
    }

    it("Q1 delivers what was enqueued, in order, each once", async () => {
      for (const id of ["msg_1", "msg_2", "msg_3"]) await queue.enqueue(`${id}:0`, job(id));
      const taken = [...(await take(2)), ...(await take(2))];
      expect(taken.map((delivery) => delivery.job.message_id)).toEqual(["msg_1", "msg_2", "msg_3"]);
      expect(taken[0]?.job).toEqual(job("msg_1"));
      expect(await take()).toEqual([]);
    });

    it("Q2 takes a repeated id once", async () => {
      await queue.enqueue("msg_1:0", job("msg_1"));
      await queue.enqueue("msg_1:0", job("msg_1"));
      expect(await take()).toHaveLength(1);
    });

    it("Q3 wakes a taker that waits", async () => {
      const taken = queue.take(1, 5_000);
      await queue.enqueue("msg_1:0", job("msg_1"));
      await pass(10);
      expect(await taken).toHaveLength(1);
    });

    it("Q4 never delivers an acknowledged job again", async () => {
      await queue.enqueue("msg_1:0", job("msg_1"));
      const [delivery] = await take();
      await queue.ack(delivery!);
      await pass(25_000);
      expect(await take()).toEqual([]);
    }, 60_000);

    it("Q5 delivers a job again whose taker went silent, and not while it says that it works", async () => {
      await queue.enqueue("msg_1:0", job("msg_1"));
      const [delivery] = await take();
      await pass(12_000);
      await queue.extend([delivery!]);
      await pass(12_000);
      expect(await take()).toEqual([]);
      await pass(12_000);
      expect((await take()).map((again) => again.job.message_id)).toEqual(["msg_1"]);
    }, 60_000);

    it("Q6 delivers a released job again after its delay", async () => {
      await queue.enqueue("msg_1:0", job("msg_1"));
      const [delivery] = await take();
      await queue.release(delivery!, 1_000);
      expect(await take()).toEqual([]);
      await pass(1_500);
      expect(await take()).toHaveLength(1);
    });

    it("Q8 knows whether it holds a job: waiting, taken, given back, and not once it is acknowledged", async () => {
      expect(await queue.holds(job("msg_1"))).toBe(false);
      await queue.enqueue("msg_0:0", job("msg_0"));
      await queue.enqueue("msg_1:0", job("msg_1"));
      expect(await queue.holds(job("msg_1"))).toBe(true);
      expect(await queue.holds({ ...job("msg_1"), generation: 1 })).toBe(false);
      const [, taken] = [...(await take(1)), ...(await take(1))];
      expect(await queue.holds(job("msg_1"))).toBe(true);
      await queue.release(taken!, 1_000);
      expect(await queue.holds(job("msg_1"))).toBe(true);
      await pass(1_500);
      const [again] = await take();
      await queue.ack(again!);
      expect(await queue.holds(job("msg_1"))).toBe(false);
      expect(await queue.holds(job("msg_0"))).toBe(true);
    });

    it("Q7 ignores a late word about a delivery that is not current any more", async () => {
      await queue.enqueue("msg_1:0", job("msg_1"));
      const [first] = await take();
      await queue.release(first!, 0);
      await pass(10);
      const [second] = await take();
      await queue.release(first!, 0);
      await pass(100);
      expect(await take()).toEqual([]);
      await queue.ack(second!);
    });
  });
}
