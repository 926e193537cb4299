import { PermanentStoreError } from "@uci/stream";
import { beforeEach, describe, expect, it } from "vitest";
import { accepted, finalAnswer, type MakeStore, newId, Scene } from "./scene.ts";

export function ledgerConformance(makeStore: MakeStore): void {
  describe("the ledger of answers", () => {
    let scene: Scene;
    const ledger = () => scene.store.ledger;
    beforeEach(async () => {
      scene = await Scene.open(makeStore);
    });

    it("L1 knows an answer from its turn on, and nothing else", async () => {
      const { answer, user_message, session } = await scene.accept();
      expect(await ledger().load(answer.message_id)).toEqual({
        message_id: answer.message_id,
        session_id: session.session_id,
        user_id: scene.user,
        status: "queued",
        generation: 0,
        stop_requested: false,
        text: "",
        reasoning: "",
        last_chunk_id: -1,
        finish_reason: null,
        token_count: 0,
        plain: false,
      });
      expect(await ledger().load(user_message.message_id)).toBeNull();
      expect(await ledger().load(newId("msg"))).toBeNull();
    });

    it("L2 stores the whole of an answer once", async () => {
      const turn = await scene.accept();
      const change = {
        text: "Yes, \u{1F990}.",
        reasoning: "Let me see.",
        status: "stopped",
        finish_reason: "stopped",
      } as const;
      const error = { code: "provider_timeout", message: "silent" };
      const tools = [{ chunk_type: "tool_call", chunk: '{"a":"\\u0000"}' }] as const;
      const answer = finalAnswer(turn, { ...change, tools, error });
      expect(await ledger().finalize(answer)).toBe("stored");
      expect(await ledger().load(answer.message_id)).toMatchObject({ ...change, last_chunk_id: 3, token_count: 4 });
      const message = await scene.store.conversations.messages.find(scene.user, answer.message_id);
      expect(message).toMatchObject({ content: change.text, status: "stopped", model: "some-model", token_count: 4 });
      expect(message?.metadata).toMatchObject({
        reasoning: "Let me see.",
        tools,
        error,
        sha256: answer.sha256,
        attempts: 1,
      });
      expect(await ledger().finalize({ ...answer, text: "No." })).toBe("already_final");
      expect(await ledger().load(answer.message_id)).toMatchObject({ text: change.text });
      expect(await scene.pending()).toEqual([]);
    });

    it("L19 keeps the correlation id beside an answer that failed or was cut off, and beside no other", async () => {
      const kept = async (change: Parameters<typeof finalAnswer>[1]) => {
        const turn = await scene.accept();
        expect(await ledger().finalize(finalAnswer(turn, change))).toBe("stored");
        const message = await scene.store.conversations.messages.find(scene.user, turn.answer.message_id);
        return [message?.metadata.correlation_id, message?.metadata.sha256, turn.correlation_id];
      };
      for (const status of ["failed", "interrupted"] as const) {
        const [id, sha256, own] = await kept({ status });
        expect([id, sha256]).toEqual([own, "0".repeat(64)]);
        expect(id).toEqual(expect.any(String));
      }
      expect((await kept({}))[0]).toBeUndefined();
      expect((await kept({ status: "stopped" }))[0]).toBeUndefined();
    });

    it("L3 stores one of many closes at once", async () => {
      const turn = await scene.accept();
      const texts = ["a", "b", "c", "d", "e"];
      const outcomes = await Promise.all(texts.map((text) => ledger().finalize(finalAnswer(turn, { text }))));
      expect(outcomes.filter((outcome) => outcome === "stored")).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === "already_final")).toHaveLength(4);
      const row = await ledger().load(turn.answer.message_id);
      expect(row?.text).toBe(texts[outcomes.indexOf("stored")]);
    });

    it("L4 refuses a close of another generation", async () => {
      const turn = await scene.accept();
      const { message_id } = turn.answer;
      expect(await ledger().finalize(finalAnswer(turn, { generation: 1 }))).toBe("superseded");
      await scene.store.outbox.raiseGeneration(message_id, 0);
      expect(await ledger().load(message_id)).toMatchObject({ generation: 1 });
      expect(await ledger().finalize(finalAnswer(turn))).toBe("superseded");
      expect(await ledger().finalize(finalAnswer(turn, { generation: 1 }))).toBe("stored");
      expect(await ledger().load(message_id)).toMatchObject({ generation: 1, status: "complete" });
    });

    it("L5 knows nothing of an answer that never was", async () => {
      const turn = await scene.accept();
      expect(await ledger().finalize(finalAnswer(turn, { message_id: newId("msg") }))).toBe("gone");
    });

    it("L6 lists unfinished answers of the sessions asked for, oldest first, 64 a session", async () => {
      const first = await scene.converse();
      const { session_id } = first.session;
      const open: string[] = [];
      for (let index = 0; index < 66; index++) {
        open.push(accepted(await scene.tryAgain(first.answer.message_id)).answer.message_id);
      }
      const elsewhere = await scene.accept();
      await scene.accept();
      const listed = await ledger().unfinished([session_id, elsewhere.session.session_id, newId("none")]);
      expect(listed.map((row) => row.message_id)).toEqual([...open.slice(0, 64), elsewhere.answer.message_id]);
      expect(listed[0]).toMatchObject({ session_id, user_id: scene.user, status: "queued", generation: 0 });
      expect(await ledger().unfinished([])).toEqual([]);
    });

    it("L13 lists what ended lately after what is open, where it is asked for", async () => {
      const turn = await scene.accept();
      const { session_id } = turn.session;
      await ledger().finalize(finalAnswer(turn));
      const again = accepted(await scene.tryAgain(turn.answer.message_id));
      const listed = await ledger().unfinished([session_id], 60_000);
      expect(listed.map(({ message_id }) => message_id)).toEqual([again.answer.message_id, turn.answer.message_id]);
      expect(listed[1]).toMatchObject({ session_id, status: "complete", generation: 0 });
      expect(await ledger().unfinished([session_id])).toHaveLength(1);
      expect(await ledger().unfinished([session_id], 0)).toHaveLength(1);
    });

    it("L7 keeps a stop wish until the answer is final", async () => {
      const turn = await scene.accept();
      const { message_id } = turn.answer;
      expect(await ledger().requestStop(message_id)).toBe(true);
      expect(await ledger().requestStop(message_id)).toBe(true);
      expect(await ledger().load(message_id)).toMatchObject({ stop_requested: true });
      expect(await scene.pending()).toMatchObject([{ stop_requested: true }]);
      await ledger().finalize(finalAnswer(turn));
      expect(await ledger().requestStop(message_id)).toBe(false);
      expect(await ledger().requestStop(newId("msg"))).toBe(false);
    });

    it("L8 replaces what no database keeps, wherever it stands", async () => {
      const turn = await scene.accept();
      const text = "a\u0000b\udc00";
      const tools = [{ chunk_type: "tool_result", chunk: text }] as const;
      const error = { code: text, message: text };
      const answer = finalAnswer(turn, { text, reasoning: text, model: text, tools, error });
      expect(await ledger().finalize(answer)).toBe("stored");
      const row = await ledger().load(turn.answer.message_id);
      expect(row).toMatchObject({ text: "a\ufffdb\ufffd", reasoning: "a\ufffdb\ufffd" });
    });

    it("L9 tells what no retry can mend from what one can", async () => {
      const turn = await scene.accept();
      const impossible = finalAnswer(turn, { token_count: 2 ** 40 });
      await expect(ledger().finalize(impossible)).rejects.toBeInstanceOf(PermanentStoreError);
      expect(await ledger().finalize(finalAnswer(turn))).toBe("stored");
    });

    it("L10 stores the largest answer there may be", async () => {
      const turn = await scene.accept();
      const text = "é".repeat(2 * 1024 * 1024);
      expect(await ledger().finalize(finalAnswer(turn, { text }))).toBe("stored");
      const row = await ledger().load(turn.answer.message_id);
      expect(row?.text === text).toBe(true);
    });

    it("L11 remembers that a plain workflow writes an answer, until it starts anew", async () => {
      const turn = await scene.accept();
      const { message_id } = turn.answer;
      expect(await ledger().markPlain(message_id, 1)).toBe(false);
      expect(await scene.pending()).toMatchObject([{ plain: false }]);
      expect(await ledger().markPlain(message_id, 0)).toBe(true);
      expect(await ledger().markPlain(message_id, 0)).toBe(true);
      expect(await ledger().load(message_id)).toMatchObject({ plain: true, status: "queued" });
      expect(await ledger().unfinished([turn.session.session_id])).toMatchObject([{ message_id, plain: true }]);
      expect(await scene.pending()).toMatchObject([{ plain: true }]);
      expect(await scene.store.outbox.find(message_id)).toMatchObject({ plain: true });
      await scene.store.outbox.raiseGeneration(message_id, 0);
      expect(await ledger().load(message_id)).toMatchObject({ plain: false, generation: 1 });
      expect(await ledger().markPlain(message_id, 0)).toBe(false);
    });

    it("L14 keeps the most that was heard of a plain answer, and when, until it is final or starts anew", async () => {
      const turn = await scene.accept();
      const { message_id } = turn.answer;
      const vouch = (last_chunk_id: number, text: string, heard_ago_ms: number, generation = 0) =>
        ledger().vouchPlain({ message_id, generation, last_chunk_id, text, reasoning: "r", heard_ago_ms });
      await vouch(3, "too early", 0);
      expect(await ledger().vouchedPlain(message_id)).toBeNull();
      expect(await scene.pending()).toMatchObject([{ plain_heard_at_ms: null, requeues: 0 }]);
      await ledger().markPlain(message_id, 0);
      const [marked] = await scene.pending();
      expect(Math.abs(marked!.plain_heard_at_ms! - Date.now())).toBeLessThan(60_000);
      expect(await ledger().vouchedPlain(message_id)).toBeNull();
      await vouch(1, "one two ", 0);
      await vouch(0, "one ", 0);
      await vouch(7, "of another generation", 0, 1);
      expect(await ledger().vouchedPlain(message_id)).toMatchObject({
        ...{ message_id, generation: 0, last_chunk_id: 1, text: "one two ", reasoning: "r" },
      });
      const [heard] = await scene.pending();
      expect(heard!.plain_heard_at_ms).toBeGreaterThanOrEqual(marked!.plain_heard_at_ms!);
      // What was heard long ago is no news.
      await vouch(2, "one two three", 3_600_000);
      expect((await scene.pending())[0]!.plain_heard_at_ms).toBe(heard!.plain_heard_at_ms);
      expect(await ledger().vouchedPlain(message_id)).toMatchObject({ last_chunk_id: 2, text: "one two three" });
      await scene.store.outbox.raiseGeneration(message_id, 0);
      expect(await ledger().vouchedPlain(message_id)).toBeNull();
      expect(await scene.pending()).toMatchObject([{ plain: false, plain_heard_at_ms: null }]);
      await ledger().markPlain(message_id, 1);
      await vouch(0, "anew", 0, 1);
      await ledger().finalize(finalAnswer(turn, { generation: 1 }));
      expect(await ledger().vouchedPlain(message_id)).toBeNull();
    });

    it("L12 closes a plain answer as any other, and marks none that is final or gone", async () => {
      const turn = await scene.accept();
      const { message_id } = turn.answer;
      await ledger().markPlain(message_id, 0);
      expect(await ledger().finalize(finalAnswer(turn))).toBe("stored");
      expect(await ledger().load(message_id)).toMatchObject({ status: "complete", text: "Half past nine." });
      expect(await ledger().markPlain(message_id, 0)).toBe(false);
      expect(await ledger().markPlain(newId("msg"), 0)).toBe(false);
      expect(await scene.pending()).toEqual([]);
    });
  });
}
