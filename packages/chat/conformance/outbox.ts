import { beforeEach, describe, expect, it } from "vitest";
import { finalAnswer, type MakeStore, newId, Scene } from "./scene.ts";

export function outboxConformance(makeStore: MakeStore): void {
  describe("the outbox", () => {
    let scene: Scene;
    const outbox = () => scene.store.outbox;
    beforeEach(async () => {
      scene = await Scene.open(makeStore);
    });

    it("O1 gives jobs page by page, oldest first, each once", async () => {
      const turns = [];
      for (let index = 0; index < 5; index++) turns.push(await scene.accept());
      const [first, , third] = turns.map((turn) => turn.answer.message_id);
      const pages = await outbox().pending(first!, 1000);
      expect(pages.map((job) => job.request.message_id)).not.toContain(first);
      expect((await outbox().pending(null, 2)).length).toBeLessThanOrEqual(2);
      await scene.store.ledger.finalize(finalAnswer(turns[2]!));
      const pending = await scene.pending();
      const open = turns.map((turn) => turn.answer.message_id).filter((id) => id !== third);
      expect(pending.map((job) => job.request.message_id)).toEqual(open);
      for (const job of pending) expect(Math.abs(job.created_at_ms - Date.now())).toBeLessThan(60_000);
    });

    it("O2 remembers that a job was published, in its generation", async () => {
      const { answer } = await scene.accept();
      await outbox().markQueued(answer.message_id, 1);
      expect(await scene.pending()).toMatchObject([{ queued_at_ms: null }]);
      await outbox().markQueued(answer.message_id, 0);
      const [job] = await scene.pending();
      expect(Math.abs((job?.queued_at_ms ?? 0) - Date.now())).toBeLessThan(60_000);
      await outbox().markQueued(newId("msg"), 0);
    });

    it("O6 counts how often a job was queued again for nothing, until it starts anew", async () => {
      const { answer } = await scene.accept();
      await outbox().markQueued(answer.message_id, 0);
      expect(await scene.pending()).toMatchObject([{ requeues: 0 }]);
      await outbox().markQueued(answer.message_id, 0, true);
      await outbox().markQueued(answer.message_id, 0, true);
      await outbox().markQueued(answer.message_id, 0);
      expect(await scene.pending()).toMatchObject([{ requeues: 2 }]);
      expect(await outbox().find(answer.message_id)).toMatchObject({ requeues: 2 });
      await outbox().raiseGeneration(answer.message_id, 0);
      expect(await scene.pending()).toMatchObject([{ requeues: 0 }]);
    });

    it("O3 raises a generation once, and the job is unpublished again", async () => {
      const { answer, job } = await scene.accept();
      const { message_id } = answer;
      await outbox().markQueued(message_id, 0);
      const raised = await Promise.all(Array.from({ length: 4 }, () => outbox().raiseGeneration(message_id, 0)));
      expect(raised.filter((request) => request !== null)).toEqual([{ ...job, generation: 1 }]);
      expect(await scene.pending()).toMatchObject([{ request: { ...job, generation: 1 }, queued_at_ms: null }]);
      expect(await outbox().raiseGeneration(message_id, 0)).toBeNull();
    });

    it("O4 has no job for an answer that is final or never was", async () => {
      const turn = await scene.accept();
      const { message_id } = turn.answer;
      expect(await outbox().find(message_id)).toMatchObject({ request: turn.job });
      await scene.store.ledger.finalize(finalAnswer(turn));
      expect(await outbox().find(message_id)).toBeNull();
      expect(await outbox().raiseGeneration(message_id, 0)).toBeNull();
      expect(await outbox().find(newId("msg"))).toBeNull();
    });

    it("O5 lets one at a time do the sweeping, also after one has failed", async () => {
      const { promise: inside, resolve: enter } = Promise.withResolvers<void>();
      const { promise: finish, resolve: leave } = Promise.withResolvers<void>();
      const long = outbox().exclusively(async () => {
        enter();
        await finish;
      });
      await inside;
      expect(await outbox().exclusively(() => Promise.reject(new Error("must not run")))).toBe(false);
      leave();
      expect(await long).toBe(true);
      await expect(outbox().exclusively(() => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
      expect(await outbox().exclusively(async () => {})).toBe(true);
    });
  });
}
