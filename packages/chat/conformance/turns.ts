import { wireLimits } from "@uci/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { accepted, finalAnswer, type MakeStore, newId, Scene } from "./scene.ts";

const firstPage = { cursor: null, limit: 100 };

export function turnConformance(makeStore: MakeStore): void {
  describe("turns", () => {
    let scene: Scene;
    beforeEach(async () => {
      scene = await Scene.open(makeStore);
    });

    it("T1 stores session, user message, answer and job together", async () => {
      const context = { temperature: 0.5, max_tokens: 100, system_prompt: "Be brief." };
      const turn = await scene.accept({ message: "**Hello** there", ai_provider: "house", model: "small", context });
      expect(turn).toMatchObject({ replayed: false, session_created: true, session: { title: "Hello there" } });
      expect(turn.user_message).toMatchObject({ role: "user", content: "**Hello** there", status: "complete" });
      expect(turn.answer).toMatchObject({ role: "assistant", content: "", status: "queued", model: "small" });
      expect(turn.answer.parent_message_id).toBe(turn.user_message.message_id);
      expect(turn.user_message.parent_message_id).toBeNull();
      expect(turn.job).toMatchObject({
        message_id: turn.answer.message_id,
        session_id: turn.session.session_id,
        user_id: scene.user,
        message: "**Hello** there",
        context: { ...context, ai_provider: "house", model: "small", conversation_history: [] },
        generation: 0,
      });
      expect(await scene.pending()).toMatchObject([{ request: turn.job, queued_at_ms: null, stop_requested: false }]);
      const { session_id } = turn.session;
      const messages = await scene.store.conversations.messages.list(scene.user, session_id, {
        cursor: null,
        limit: 9,
      });
      expect(messages?.rows).toEqual([turn.answer, turn.user_message]);
      expect(await scene.store.conversations.sessions.find(scene.user, session_id)).toEqual(turn.session);
    });

    it("T2 goes on from the newest answer and sends the conversation along", async () => {
      const first = await scene.converse({ message: "one" }, "eins");
      const { session_id } = first.session;
      const second = await scene.converse({ session_id, message: "two" }, "zwei");
      const third = await scene.accept({ session_id, message: "three" });
      expect(second).toMatchObject({ session_created: false });
      expect(third.user_message.parent_message_id).toBe(second.answer.message_id);
      expect(third.session.title).toBe(first.session.title);
      expect(third.job?.context.conversation_history).toEqual([
        { role: "user", content: "one" },
        { role: "assistant", content: "eins" },
        { role: "user", content: "two" },
        { role: "assistant", content: "zwei" },
      ]);
    });

    it("T3 branches at the parent given, and at the root for null", async () => {
      const first = await scene.converse({ message: "one" }, "eins");
      const { session_id } = first.session;
      await scene.converse({ session_id, message: "two" });
      const branch = await scene.converse({ session_id, message: "2", parent_message_id: first.answer.message_id });
      expect(branch.user_message.parent_message_id).toBe(first.answer.message_id);
      expect(branch.job?.context.conversation_history).toHaveLength(2);
      const root = await scene.accept({ session_id, message: "anew", parent_message_id: null });
      expect(root.user_message.parent_message_id).toBeNull();
      expect(root.job?.context.conversation_history).toEqual([]);
    });

    it("T4 refuses to follow an answer that is still being written, and stores nothing then", async () => {
      const { session, answer } = await scene.accept();
      const { session_id } = session;
      expect(await scene.try({ session_id })).toEqual({ kind: "parent_unfinished" });
      expect(await scene.try({ session_id, parent_message_id: answer.message_id })).toEqual({
        kind: "parent_unfinished",
      });
      const messages = await scene.store.conversations.messages.list(scene.user, session_id, {
        cursor: null,
        limit: 9,
      });
      expect(messages?.rows).toHaveLength(2);
      expect(await scene.pending()).toHaveLength(1);
    });

    it("T5 refuses parents that are no answer, of another session, of another user, or unknown", async () => {
      const { session, user_message } = await scene.converse();
      const { session_id } = session;
      const elsewhere = await scene.converse();
      const foreign = await (await scene.asAnother()).converse();
      const following = (parent_message_id: string) => scene.try({ session_id, parent_message_id });
      expect(await following(user_message.message_id)).toEqual({ kind: "not_an_answer" });
      expect(await following(elsewhere.answer.message_id)).toEqual({ kind: "not_found" });
      expect(await following(foreign.answer.message_id)).toEqual({ kind: "not_found" });
      expect(await following(newId("msg"))).toEqual({ kind: "not_found" });
      expect(await scene.try({ parent_message_id: elsewhere.answer.message_id })).toEqual({ kind: "not_found" });
    });

    it("T6 creates a session under an unseen id, and knows no other user's", async () => {
      const session_id = newId("mine");
      expect(await scene.accept({ session_id })).toMatchObject({ session_created: true, session: { session_id } });
      const other = await scene.asAnother();
      expect(await other.try({ session_id })).toEqual({ kind: "not_found" });
      expect(await other.pending()).toEqual([]);
    });

    it("T7 lets one of many turns at once into a session", async () => {
      const session_id = newId("busy");
      const outcomes = await Promise.all(Array.from({ length: 6 }, () => scene.try({ session_id })));
      const kinds = outcomes.map((outcome) => outcome.kind).sort();
      expect(kinds).toEqual(["accepted", ...Array(5).fill("parent_unfinished")]);
      expect(await scene.pending()).toHaveLength(1);
    });

    it("T8 keeps the history within its limit, newest first", async () => {
      const long = "x".repeat(200 * 1024);
      const first = await scene.converse({ message: `0${long}` }, `1${long}`);
      const { session_id } = first.session;
      await scene.converse({ session_id, message: `2${long}` }, `3${long}`);
      const last = await scene.accept({ session_id });
      const history = last.job?.context.conversation_history ?? [];
      expect(history.map(({ content }) => content[0])).toEqual(["2", "3"]);
      expect(JSON.stringify(history).length).toBeLessThan(wireLimits.conversationHistoryBytes);
    });

    it("T9 replaces what no database keeps: U+0000 and halves of surrogate pairs", async () => {
      const message = "a\u0000b\ud83dc";
      const context = { system_prompt: message };
      const turn = await scene.accept({ message, context, ai_provider: "p\u0000", model: "m\u0000" });
      expect(turn.user_message.content).toBe("a\ufffdb\ufffdc");
      expect(turn.answer.model).toBe("m\ufffd");
      const [job] = await scene.pending();
      expect(job?.request).toMatchObject({
        message: "a\ufffdb\ufffdc",
        context: { system_prompt: "a\ufffdb\ufffdc", ai_provider: "p\ufffd", model: "m\ufffd" },
      });
    });
  });

  describe("idempotency keys", () => {
    let scene: Scene;
    const idempotency = { key: "key-1", body_hash: "hash-1" };
    beforeEach(async () => {
      scene = await Scene.open(makeStore);
    });

    it("K1 a repeated key answers the same and stores nothing", async () => {
      const first = await scene.accept({ idempotency });
      const again = await scene.accept({ idempotency, correlation_id: newId("corr") });
      expect(again).toEqual({ ...first, replayed: true, session_created: false, job: null });
      expect(await scene.pending()).toHaveLength(1);
    });

    it("K2 a repeated key answers the same after the answer is complete", async () => {
      const first = await scene.converse({ idempotency });
      const again = await scene.accept({ idempotency });
      const { accepted_at, correlation_id } = first;
      expect(again).toMatchObject({ replayed: true, accepted_at, correlation_id, answer: { status: "complete" } });
    });

    it("K3 a key with another body is refused, another user's key is another key", async () => {
      await scene.accept({ idempotency });
      expect(await scene.try({ idempotency: { ...idempotency, body_hash: "hash-2" } })).toEqual({ kind: "key_reused" });
      expect(await (await scene.asAnother()).accept({ idempotency })).toMatchObject({ replayed: false });
    });

    it("K4 of many at once one is stored and all answer the same", async () => {
      const turns = await Promise.all(Array.from({ length: 8 }, () => scene.accept({ idempotency })));
      expect(new Set(turns.map((turn) => turn.answer.message_id)).size).toBe(1);
      expect(turns.filter((turn) => !turn.replayed)).toHaveLength(1);
      expect(await scene.pending()).toHaveLength(1);
    });

    it("K5 a refused request does not use its key up", async () => {
      const turn = await scene.accept();
      const { session_id } = turn.session;
      expect(await scene.try({ session_id, idempotency })).toEqual({ kind: "parent_unfinished" });
      await scene.store.ledger.finalize(finalAnswer(turn));
      expect(await scene.accept({ session_id, idempotency })).toMatchObject({ replayed: false });
    });

    it("K6 holds for a repeated answer, too", async () => {
      const { answer } = await scene.converse();
      const first = accepted(await scene.tryAgain(answer.message_id, { idempotency }));
      const again = accepted(await scene.tryAgain(answer.message_id, { idempotency }));
      expect(again).toMatchObject({ replayed: true, job: null, answer: { message_id: first.answer.message_id } });
    });
  });

  describe("answering again", () => {
    let scene: Scene;
    beforeEach(async () => {
      scene = await Scene.open(makeStore);
    });

    it("A1 adds a sibling with the same question and history", async () => {
      const first = await scene.converse({ message: "one" }, "eins");
      const { session_id } = first.session;
      const second = await scene.converse({ session_id, message: "two" }, "zwei");
      const again = accepted(await scene.tryAgain(second.answer.message_id, { model: "other" }));
      expect(again.answer).toMatchObject({ parent_message_id: second.user_message.message_id, status: "queued" });
      expect(again.answer.message_id).not.toBe(second.answer.message_id);
      expect(again.job).toMatchObject({ message: "two", context: { model: "other" } });
      expect(again.job?.context.conversation_history).toEqual(second.job?.context.conversation_history);
      expect(await scene.store.ledger.load(second.answer.message_id)).toMatchObject({ text: "zwei" });
    });

    it("A2 refuses what is unfinished, no answer, unknown or another's", async () => {
      const open = await scene.accept();
      expect(await scene.tryAgain(open.answer.message_id)).toEqual({ kind: "parent_unfinished" });
      expect(await scene.tryAgain(open.user_message.message_id)).toEqual({ kind: "not_an_answer" });
      expect(await scene.tryAgain(newId("msg"))).toEqual({ kind: "not_found" });
      const foreign = await (await scene.asAnother()).converse();
      expect(await scene.tryAgain(foreign.answer.message_id)).toEqual({ kind: "not_found" });
    });

    it("T20 refuses a message whose job the queue could not take, and stores nothing of it", async () => {
      const quotes = '"'.repeat(262_144);
      const { session } = await scene.converse({ message: quotes });
      const sessions = scene.store.conversations.sessions;
      const before = await scene.store.conversations.messages.list(scene.user, session.session_id, firstPage);
      expect(await scene.try({ session_id: session.session_id, message: quotes })).toEqual({ kind: "too_large" });
      expect(await scene.try({ message: "\u0001".repeat(262_144) })).toEqual({ kind: "too_large" });
      expect(await scene.store.conversations.messages.list(scene.user, session.session_id, firstPage)).toEqual(before);
      expect((await sessions.list(scene.user, firstPage)).rows).toHaveLength(1);
      expect(await scene.pending()).toEqual([]);
      const { job } = await scene.accept({ session_id: session.session_id, message: "short again" });
      expect(JSON.stringify(job).length).toBeLessThan(1024 * 1024);
    });

    it("T21 lets so many answers of a person run and wait, however many come at once, and takes back what is refused", async () => {
      const limits = { job_bytes: 1024 * 1024, running_answers: 3, waiting_answers: 5 };
      const idempotency = { key: newId("key"), body_hash: "h" };
      const outcomes = await Promise.all(Array.from({ length: 40 }, () => scene.try({ limits })));
      const turns = outcomes.flatMap((outcome) => (outcome.kind === "accepted" ? [outcome.turn] : []));
      expect(turns.filter(({ job }) => job !== null)).toHaveLength(3);
      expect(turns.filter(({ job }) => job === null)).toHaveLength(5);
      expect(outcomes.filter(({ kind }) => kind === "too_many_answers")).toHaveLength(32);
      expect((await scene.store.conversations.sessions.list(scene.user, firstPage)).rows).toHaveLength(8);
      expect(await scene.try({ limits, idempotency })).toEqual({ kind: "too_many_answers" });
      const another = await scene.asAnother();
      expect((await another.accept({ limits })).job).not.toBeNull();
      await scene.store.ledger.finalize(finalAnswer(turns.find(({ job }) => job !== null)!));
      expect((await scene.accept({ limits, idempotency })).replayed).toBe(false);
    });

    it("T22 lets what waits begin when another answer of the person has ended, oldest first and each once", async () => {
      const limits = { job_bytes: 1024 * 1024, running_answers: 2, waiting_answers: 9 };
      const { admission, ledger } = scene.store;
      const turns = [];
      for (let index = 0; index < 6; index++) turns.push(await scene.accept({ limits, message: `${index}` }));
      const ids = turns.map(({ answer }) => answer.message_id);
      expect((await scene.pending()).map(({ request }) => request.message_id)).toEqual(ids.slice(0, 2));
      expect(await admission.admit(ids[0]!, 2)).toEqual([]);
      await ledger.finalize(finalAnswer(turns[0]!));
      const admitted = await Promise.all(Array.from({ length: 8 }, () => admission.admit(ids[0]!, 2)));
      expect(admitted.flat()).toMatchObject([{ message_id: ids[2], message: "2", user_id: scene.user }]);
      expect((await scene.pending()).map(({ request }) => request.message_id)).toEqual(ids.slice(1, 3));
      await ledger.finalize(finalAnswer(turns[1]!));
      await ledger.finalize(finalAnswer(turns[2]!));
      const healed = (await admission.admit(null, 2)).filter((request) => request.user_id === scene.user);
      expect(healed.map(({ message_id }) => message_id)).toEqual(ids.slice(3, 5));
    });

    it("T23 never begins what was stopped while it waited", async () => {
      const limits = { job_bytes: 1024 * 1024, running_answers: 1, waiting_answers: 9 };
      const { admission, ledger } = scene.store;
      const first = await scene.accept({ limits });
      const second = await scene.accept({ limits });
      const { message_id } = second.answer;
      expect(await admission.withdrawn(message_id)).toBeNull();
      expect(await ledger.requestStop(message_id)).toBe(true);
      expect(await admission.withdrawn(message_id)).toMatchObject({ message_id });
      expect(await admission.withdrawn(first.answer.message_id)).toBeNull();
      await ledger.finalize(finalAnswer(first));
      expect(await admission.admit(first.answer.message_id, 1)).toEqual([]);
    });
  });
}
