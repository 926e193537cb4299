import { beforeEach, describe, expect, it } from "vitest";
import { accepted, finalAnswer, type MakeStore, newId, Scene } from "./scene.ts";

const firstPage = { cursor: null, limit: 50 };

export function treeConformance(makeStore: MakeStore): void {
  let scene: Scene;
  beforeEach(async () => {
    scene = await Scene.open(makeStore);
  });
  const list = async (sessionId: string) =>
    (await scene.store.conversations.messages.list(scene.user, sessionId, firstPage))?.rows ?? [];

  describe("ratings", () => {
    it("R1 are kept with the answer until taken back", async () => {
      const { tree, messages } = scene.store.conversations;
      const { answer } = await scene.converse();
      const rated = await tree.rate(scene.user, answer.message_id, "up");
      expect(rated).toMatchObject({ kind: "rated", message: { metadata: { rating: "up", finish_reason: "stop" } } });
      await tree.rate(scene.user, answer.message_id, "down");
      expect((await messages.find(scene.user, answer.message_id))?.metadata.rating).toBe("down");
      await tree.rate(scene.user, answer.message_id, null);
      expect((await messages.find(scene.user, answer.message_id))?.metadata).not.toHaveProperty("rating");
    });

    it("R2 are of finished answers of one's own", async () => {
      const { tree } = scene.store.conversations;
      const open = await scene.accept();
      expect(await tree.rate(scene.user, open.answer.message_id, "up")).toEqual({ kind: "unfinished" });
      expect(await tree.rate(scene.user, open.user_message.message_id, "up")).toEqual({ kind: "not_an_answer" });
      const foreign = await (await scene.asAnother()).converse();
      expect(await tree.rate(scene.user, foreign.answer.message_id, "up")).toEqual({ kind: "not_found" });
      expect(await tree.rate(scene.user, newId("msg"), "up")).toEqual({ kind: "not_found" });
    });
  });

  describe("editing", () => {
    it("R10 keeps another text beside a finished answer, found by the search", async () => {
      const { answer, session, user_message } = await scene.converse({ message: "one" }, "eins");
      const { tree, messages, search } = scene.store.conversations;
      const edited = await tree.edit(scene.user, answer.message_id, "peregrinations");
      if (edited.kind !== "edited") throw new Error(edited.kind);
      expect(edited.message).toMatchObject({
        ...{ session_id: session.session_id, parent_message_id: user_message.message_id, role: "assistant" },
        ...{ content: "peregrinations", status: "complete", metadata: { edited: true } },
      });
      expect((await messages.find(scene.user, answer.message_id))?.content).toBe("eins");
      const found = await search.find(scene.user, "peregrinations", firstPage);
      expect(found?.rows.map(({ message_id }) => message_id)).toEqual([edited.message.message_id]);
    });

    it("R11 is of finished answers of one's own, in sessions that keep texts", async () => {
      const { tree } = scene.store.conversations;
      const open = await scene.accept();
      expect(await tree.edit(scene.user, open.answer.message_id, "x")).toEqual({ kind: "unfinished" });
      expect(await tree.edit(scene.user, open.user_message.message_id, "x")).toEqual({ kind: "not_an_answer" });
      const foreign = await (await scene.asAnother()).converse();
      expect(await tree.edit(scene.user, foreign.answer.message_id, "x")).toEqual({ kind: "not_found" });
      const temporary = await scene.accept({ temporary: { history: [] } });
      expect(await tree.edit(scene.user, temporary.answer.message_id, "x")).toEqual({ kind: "temporary_session" });
    });
  });

  describe("instructing", () => {
    it("R12 keeps an instruction as a node of the tree, which every turn after it carries", async () => {
      const { tree, search } = scene.store.conversations;
      const session = await scene.store.conversations.sessions.create(scene.user, null);
      const { session_id } = session;
      const instruct = async (content: string, parent_message_id?: string | null) => {
        const outcome = await tree.instruct(scene.user, session_id, { content, parent_message_id });
        if (outcome.kind !== "instructed") throw new Error(outcome.kind);
        return outcome.message;
      };
      const root = await instruct("Be brief\u0000.");
      expect(root).toMatchObject({ ...{ session_id, parent_message_id: null, role: "system" }, status: "complete" });
      const first = await scene.converse({ session_id, message: "one", context: { system_prompt: "A poet." } }, "eins");
      expect(first.user_message.parent_message_id).toBe(root.message_id);
      expect(first.job?.context.system_prompt).toBe("A poet.\n\nBe brief\ufffd.");
      const second = await instruct("Rhyme peregrinations.");
      expect(second.parent_message_id).toBe(first.answer.message_id);
      const third = await instruct("And scan.");
      expect(third.parent_message_id).toBe(second.message_id);
      const next = await scene.converse({ session_id, message: "two" }, "zwei");
      expect(next.job?.context).toEqual({
        system_prompt: "Be brief\ufffd.\n\nRhyme peregrinations.\n\nAnd scan.",
        conversation_history: [
          { role: "user", content: "one" },
          { role: "assistant", content: "eins" },
        ],
      });
      expect((await list(session_id)).map(({ role }) => role)).toEqual([
        "assistant",
        "user",
        "system",
        "system",
        "assistant",
        "user",
        "system",
      ]);
      const again = accepted(await scene.tryAgain(first.answer.message_id));
      expect(again.job?.context.system_prompt).toBe("Be brief\ufffd.");
      const found = await search.find(scene.user, "peregrinations", firstPage);
      expect(found?.rows.map(({ message_id }) => message_id)).toEqual([second.message_id]);
      const other = await instruct("Another conversation.", null);
      expect(other.parent_message_id).toBeNull();
    });

    it("R13 is refused where a turn would be, and in sessions of others or without texts", async () => {
      const { tree, messages } = scene.store.conversations;
      const open = await scene.accept();
      const { session_id } = open.session;
      const instruct = (sessionId: string, parent_message_id?: string, user = scene.user) =>
        tree.instruct(user, sessionId, { content: "x", parent_message_id });
      expect(await instruct(session_id)).toEqual({ kind: "unfinished" });
      expect(await instruct(session_id, open.answer.message_id)).toEqual({ kind: "unfinished" });
      expect(await instruct(session_id, open.user_message.message_id)).toEqual({ kind: "not_an_answer" });
      expect(await instruct(session_id, newId("msg"))).toEqual({ kind: "not_found" });
      expect(await instruct(newId("sess"))).toEqual({ kind: "not_found" });
      const other = await scene.asAnother();
      const foreign = await other.converse();
      expect(await instruct(session_id, undefined, other.user)).toEqual({ kind: "not_found" });
      expect(await instruct(foreign.session.session_id)).toEqual({ kind: "not_found" });
      const elsewhere = await scene.converse();
      expect(await instruct(elsewhere.session.session_id, open.answer.message_id)).toEqual({ kind: "not_found" });
      const temporary = await scene.accept({ temporary: { history: [] } });
      expect(await instruct(temporary.session.session_id)).toEqual({ kind: "temporary_session" });
      expect((await messages.list(scene.user, session_id, firstPage))?.rows).toHaveLength(2);
    });

    it("R14 goes along however long the conversation has become, and is no part of what is shared", async () => {
      const { tree, shares, sessions } = scene.store.conversations;
      const { session_id } = await sessions.create(scene.user, null);
      await tree.instruct(scene.user, session_id, { content: "Be brief.", parent_message_id: undefined });
      for (const question of ["a", "b", "c", "d"]) {
        await scene.converse({ session_id, message: question.repeat(200_000) }, question);
      }
      const { job } = await scene.accept({ session_id, message: "e" });
      expect(job?.context.system_prompt).toBe("Be brief.");
      expect(job?.context.conversation_history.map(({ content }) => content.slice(0, 1))).toEqual(["c", "c", "d", "d"]);
      const share = await shares.create(scene.user, session_id, job?.message_id);
      if (share === null || typeof share === "string") throw new Error("not shared");
      const shared = await shares.read(share.share_id);
      expect(shared?.messages.map(({ role }) => role)).not.toContain("system");
      expect(shared?.messages).toHaveLength(9);
    });

    it("R15 is copied with the branch, and removed with what follows it", async () => {
      const { tree, sessions } = scene.store.conversations;
      const { session_id } = await sessions.create(scene.user, null);
      const rule = { content: "Be brief.", parent_message_id: undefined };
      const outcome = await tree.instruct(scene.user, session_id, rule);
      const { answer } = await scene.converse({ session_id, message: "one" });
      const branched = await tree.branch(scene.user, session_id, answer.message_id);
      if (branched.kind !== "branched" || outcome.kind !== "instructed") throw new Error(branched.kind);
      const copied = await list(branched.session.session_id);
      expect(copied.map(({ role }) => role)).toEqual(["assistant", "user", "system"]);
      await tree.remove(scene.user, outcome.message.message_id);
      expect(await list(session_id)).toEqual([]);
      expect(await list(branched.session.session_id)).toHaveLength(3);
    });
  });

  describe("removing", () => {
    it("R3 takes a message with all that follows it and leaves its siblings", async () => {
      const first = await scene.converse({ message: "one" });
      const { session_id } = first.session;
      const second = await scene.converse({ session_id, message: "two" });
      await scene.converse({ session_id, message: "three" });
      const sibling = await scene.converse({
        session_id,
        message: "two again",
        parent_message_id: first.answer.message_id,
      });
      const removed = await scene.store.conversations.tree.remove(scene.user, second.user_message.message_id);
      expect(removed).toEqual({ session_id, unfinished: [] });
      const left = (await list(session_id)).map(({ message_id }) => message_id);
      const kept = [first.user_message, first.answer, sibling.user_message, sibling.answer];
      expect(left.sort()).toEqual(kept.map(({ message_id }) => message_id).sort());
    });

    it("R4 tells which answers were still being written, and their jobs are gone", async () => {
      const open = await scene.accept();
      const removed = await scene.store.conversations.tree.remove(scene.user, open.user_message.message_id);
      expect(removed?.unfinished).toEqual([open.answer.message_id]);
      expect(await scene.pending()).toEqual([]);
      expect(await scene.store.ledger.finalize(finalAnswer(open))).toBe("gone");
    });

    it("R5 knows no other user's message", async () => {
      const foreign = await (await scene.asAnother()).converse();
      expect(await scene.store.conversations.tree.remove(scene.user, foreign.answer.message_id)).toBeNull();
      expect(await scene.store.ledger.load(foreign.answer.message_id)).not.toBeNull();
    });
  });

  describe("branching", () => {
    it("R6 copies the way to an answer into a session of its own", async () => {
      const first = await scene.converse({ message: "one" }, "eins");
      const { session_id } = first.session;
      const second = await scene.converse({ session_id, message: "two" }, "zwei");
      await scene.converse({ session_id, message: "three" }, "drei");
      const outcome = await scene.store.conversations.tree.branch(scene.user, session_id, second.answer.message_id);
      if (outcome.kind !== "branched") throw new Error(outcome.kind);
      expect(outcome.session).toMatchObject({ title: first.session.title });
      const copies = (await list(outcome.session.session_id)).toReversed();
      expect(copies.map(({ content }) => content)).toEqual(["one", "eins", "two", "zwei"]);
      expect(copies.map(({ parent_message_id }) => parent_message_id)).toEqual([
        null,
        ...copies.slice(0, -1).map(({ message_id }) => message_id),
      ]);
      const goesOn = await scene.accept({ session_id: outcome.session.session_id, message: "on" });
      expect(goesOn.job?.context.conversation_history).toHaveLength(4);
      expect(await list(session_id)).toHaveLength(6);
    });

    it("R7 refuses what is no finished answer of that session", async () => {
      const { tree } = scene.store.conversations;
      const turn = await scene.converse();
      const { session_id } = turn.session;
      const elsewhere = await scene.converse();
      const open = await scene.accept({ session_id });
      const at = (messageId: string) => tree.branch(scene.user, session_id, messageId);
      expect(await at(turn.user_message.message_id)).toEqual({ kind: "not_an_answer" });
      expect(await at(open.answer.message_id)).toEqual({ kind: "unfinished" });
      expect(await at(elsewhere.answer.message_id)).toEqual({ kind: "not_found" });
      const other = await scene.asAnother();
      expect(await tree.branch(other.user, session_id, turn.answer.message_id)).toEqual({ kind: "not_found" });
    });
  });

  describe("continuing", () => {
    const again = (messageId: string) => {
      const { message: _message, session_id: _session, ...request } = scene.request();
      return scene.store.conversations.turns.acceptContinuation({ ...request, message_id: messageId });
    };

    it("R8 adds a sibling that begins with what was said", async () => {
      const turn = await scene.accept({ message: "count" });
      await scene.store.ledger.finalize(
        finalAnswer(turn, { status: "stopped", finish_reason: "stopped", text: "1, 2" }),
      );
      const next = accepted(await again(turn.answer.message_id));
      expect(next.answer).toMatchObject({ parent_message_id: turn.user_message.message_id, status: "queued" });
      expect(next.job).toMatchObject({ message: "count", context: { answer_begins: "1, 2" } });
    });

    it("R9 refuses an answer that is complete, has no text or is unfinished", async () => {
      const complete = await scene.converse();
      expect(await again(complete.answer.message_id)).toEqual({ kind: "not_an_answer" });
      const open = await scene.accept();
      expect(await again(open.answer.message_id)).toEqual({ kind: "parent_unfinished" });
      await scene.store.ledger.finalize(finalAnswer(open, { status: "failed", finish_reason: "error", text: "" }));
      expect(await again(open.answer.message_id)).toEqual({ kind: "not_an_answer" });
    });
  });
}
