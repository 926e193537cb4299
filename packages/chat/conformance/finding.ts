import { beforeEach, describe, expect, it } from "vitest";
import type { TitleStore } from "../src/index.ts";
import { everyPage } from "./every-page.ts";
import { finalAnswer, type MakeStore, newId, Scene } from "./scene.ts";

export function findingConformance(makeStore: MakeStore): void {
  let scene: Scene;
  let other: Scene;
  beforeEach(async () => {
    scene = await Scene.open(makeStore);
    other = await scene.asAnother();
  });
  const store = () => scene.store.conversations;
  const firstPage = { cursor: null, limit: 9 };
  const found = async (query: string, of: Scene = scene) => (await store().search.find(of.user, query, firstPage)).rows;

  describe("search", () => {
    it("F1 finds questions, answers and titles of the user alone, as soon as they are stored", async () => {
      const { session, answer, user_message } = await scene.converse({ message: "Wo liegt Österreich?" }, "In Europa.");
      await other.converse({ message: "Wo liegt Europa?" });
      expect(await found("europa")).toMatchObject([
        { session_id: session.session_id, message_id: answer.message_id, title: "Wo liegt Österreich?" },
      ]);
      const ids = (await found("osterr")).map(({ message_id }) => message_id);
      expect(new Set(ids)).toEqual(new Set([null, user_message.message_id]));
      await store().sessions.update(scene.user, session.session_id, { title: "Alpine questions" });
      expect(await found("alpine")).toMatchObject([
        { message_id: null, snippet: [{ text: "Alpine", match: true }, {}] },
      ]);
      const next = await scene.converse({ session_id: session.session_id, message: "And the capital?" }, "Wien.");
      expect(await found("wien")).toMatchObject([{ message_id: next.answer.message_id }]);
    });

    it("F2 wants all words, and pages through them newest first", async () => {
      for (let index = 0; index < 5; index++) await scene.converse({ message: `apple number${index}` }, "pear");
      expect(await found("apple number3")).toHaveLength(2);
      expect(await found("apple missing")).toEqual([]);
      expect(await found("?!")).toEqual([]);
      const all = await everyPage((page) => store().search.find(scene.user, "pear", page), 2);
      expect(all).toHaveLength(5);
      const times = all.map(({ created_at }) => created_at);
      expect(times).toEqual([...times].sort().reverse());
      await expect(store().search.find(scene.user, "pear", { cursor: "nonsense", limit: 2 })).rejects.toThrow();
    });

    it("F3 finds parts of Chinese, and no answer before it is stored", async () => {
      const turn = await scene.accept({ message: "明天去北京大学" });
      expect(await found("北京")).not.toEqual([]);
      expect(await found("图书馆")).toEqual([]);
      await scene.store.ledger.finalize(finalAnswer(turn, { text: "请带上图书馆的证件。" }));
      expect(await found("图书馆")).toMatchObject([{ message_id: turn.answer.message_id }]);
    });

    it("F4 forgets what is deleted and follows sessions that move", async () => {
      const gone = await scene.converse({ message: "ephemeral" });
      const kept = await scene.converse({ message: "lasting" });
      expect(await found("ephemeral")).not.toEqual([]);
      await store().sessions.remove(scene.user, gone.session.session_id);
      expect(await found("ephemeral")).toEqual([]);
      expect(await found("lasting")).not.toEqual([]);
      await store().users.moveSessions(scene.user, other.user);
      expect(await found("lasting")).toEqual([]);
      expect(await found("lasting", other)).toMatchObject([{ session_id: kept.session.session_id }, {}]);
    });
  });

  describe("shares", () => {
    const share = async (sessionId: string, messageId?: string) => {
      const made = await store().shares.create(scene.user, sessionId, messageId);
      if (made === null || typeof made === "string") throw new Error(String(made));
      return made;
    };

    it("H1 freeze a branch, which later changes do not touch", async () => {
      const first = await scene.converse({ message: "one" }, "eins");
      const { session_id } = first.session;
      const second = await scene.converse({ session_id, message: "two" }, "zwei");
      await scene.converse({ session_id, message: "2", parent_message_id: first.answer.message_id }, "deux");
      const made = await share(session_id, second.answer.message_id);
      await store().sessions.update(scene.user, session_id, { title: "Renamed" });
      const read = await store().shares.read(made.share_id);
      expect(read).toMatchObject({ share_id: made.share_id, title: "one" });
      expect(read?.messages.map(({ content }) => content)).toEqual(["one", "eins", "two", "zwei"]);
      const newest = await store().shares.read((await share(session_id)).share_id);
      expect(newest?.messages.map(({ content }) => content)).toEqual(["one", "eins", "2", "deux"]);
      expect(JSON.stringify(read)).not.toContain(scene.user);
    });

    it("H2 are made, listed and revoked by their user alone", async () => {
      const { session, answer } = await scene.converse();
      const { session_id } = session;
      expect(await store().shares.create(other.user, session_id, undefined)).toBeNull();
      expect(await store().shares.create(scene.user, session_id, newId("msg"))).toBeNull();
      const elsewhere = await scene.converse();
      expect(await store().shares.create(scene.user, elsewhere.session.session_id, answer.message_id)).toBeNull();
      const made = [await share(session_id), await share(session_id), await share(session_id)];
      const ids = made.map(({ share_id }) => share_id);
      expect(new Set(ids).size).toBe(3);
      for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{32,}$/);
      const listed = await everyPage((page) => store().shares.list(scene.user, session_id, page), 2);
      expect(listed.map(({ share_id }) => share_id).sort()).toEqual([...ids].sort());
      expect(await store().shares.list(other.user, session_id, firstPage)).toBeNull();
      expect(await store().shares.remove(other.user, ids[0]!)).toBe(false);
      expect(await store().shares.remove(scene.user, ids[0]!)).toBe(true);
      expect(await store().shares.read(ids[0]!)).toBeNull();
      await store().sessions.remove(scene.user, session_id);
      expect(await store().shares.read(ids[1]!)).toBeNull();
    });
  });

  describe("titles of models", () => {
    const titles = (): TitleStore => scene.store.titles;

    it("N1 are for a complete first turn that nobody has named", async () => {
      const open = await scene.accept({ message: "What is NATS?" });
      expect(await titles().untitledTurn(open.answer.message_id)).toBeNull();
      await scene.store.ledger.finalize(finalAnswer(open, { text: "A broker.", model: "small" }));
      const { session_id } = open.session;
      expect(await titles().untitledTurn(open.answer.message_id)).toEqual({
        ...{ session_id, question: "What is NATS?", answer: "A broker.", model: "small" },
      });
      const titled = await titles().titleByModel(session_id, "NATS basics");
      expect(titled).toMatchObject({ user_id: scene.user, session: { title: "NATS basics" } });
      expect(await titles().untitledTurn(open.answer.message_id)).toBeNull();
      const later = await scene.converse({ session_id, message: "And then?" });
      expect(await titles().untitledTurn(later.answer.message_id)).toBeNull();
    });

    it("N3 are for a first turn that follows an instruction, too", async () => {
      const { tree, sessions } = scene.store.conversations;
      const { session_id } = await sessions.create(scene.user, null);
      await tree.instruct(scene.user, session_id, { content: "Be brief.", parent_message_id: undefined });
      const first = await scene.converse({ session_id, message: "Q" }, "A");
      expect(await scene.store.titles.untitledTurn(first.answer.message_id)).toMatchObject({ question: "Q" });
      await tree.instruct(scene.user, session_id, { content: "Rhyme.", parent_message_id: undefined });
      const second = await scene.converse({ session_id, message: "Q2" }, "A2");
      expect(await scene.store.titles.untitledTurn(second.answer.message_id)).toBeNull();
    });

    it("N2 never take the place of a person's", async () => {
      const { session, answer } = await scene.converse();
      await store().sessions.update(scene.user, session.session_id, { title: "Mine" });
      expect(await titles().untitledTurn(answer.message_id)).toBeNull();
      expect(await titles().titleByModel(session.session_id, "Its")).toBeNull();
      const named = await store().sessions.create(scene.user, "Named at once");
      const turn = await scene.converse({ session_id: named.session_id });
      expect(await titles().untitledTurn(turn.answer.message_id)).toBeNull();
      expect(await store().sessions.find(scene.user, named.session_id)).toMatchObject({ title: "Named at once" });
    });
  });

  describe("temporary sessions", () => {
    const temporary = {
      history: [{ role: "user", content: "Before" } as const, { role: "assistant", content: "Yes." } as const],
    };

    it("E1 keep the question in the job alone, and nothing once it is forgotten", async () => {
      const turn = await scene.accept({ message: "A secret", temporary });
      expect(turn).toMatchObject({ session: { title: null }, user_message: { content: "" } });
      expect(turn.job).toMatchObject({ message: "A secret", context: { conversation_history: temporary.history } });
      const { turns, messages } = store();
      expect(await turns.forgetTexts(scene.user, turn.answer.message_id)).toBe("unfinished");
      await scene.store.ledger.finalize(finalAnswer(turn, { text: "Its answer", reasoning: "Its thoughts" }));
      expect(await messages.find(scene.user, turn.answer.message_id)).toMatchObject({ content: "Its answer" });
      expect(await turns.forgetTexts(other.user, turn.answer.message_id)).toBeNull();
      expect(await turns.forgetTexts(scene.user, turn.answer.message_id)).toBe("forgotten");
      expect(await turns.forgetTexts(scene.user, turn.answer.message_id)).toBe("forgotten");
      const rows = await messages.list(scene.user, turn.session.session_id, firstPage);
      expect(rows?.rows.map(({ content, metadata }) => [content, metadata])).toEqual([
        ["", {}],
        ["", {}],
      ]);
      expect(await scene.pending()).toEqual([]);
    });

    it("E2 are in no list, search, share or title, and never become lasting ones", async () => {
      const turn = await scene.accept({ message: "invisible", temporary: { history: [] } });
      await scene.store.ledger.finalize(finalAnswer(turn, { text: "invisible too" }));
      const { session_id } = turn.session;
      const { sessions, shares, turns } = store();
      expect((await sessions.list(scene.user, firstPage)).rows).toEqual([]);
      expect(await found("invisible")).toEqual([]);
      expect(await shares.create(scene.user, session_id, undefined)).toBeNull();
      expect(await scene.store.titles.untitledTurn(turn.answer.message_id)).toBeNull();
      expect(await scene.try({ session_id })).toEqual({ kind: "temporary_session" });
      expect(await scene.tryAgain(turn.answer.message_id)).toEqual({ kind: "temporary_session" });
      expect(await scene.try({ session_id, temporary })).toMatchObject({ kind: "accepted" });
      const lasting = await scene.converse();
      expect(await scene.try({ session_id: lasting.session.session_id, temporary })).toEqual({
        kind: "temporary_session",
      });
      expect(await turns.forgetTexts(scene.user, lasting.answer.message_id)).toBeNull();
    });

    it("E3 may begin on an id whose stream was opened before", async () => {
      const session_id = newId("early");
      await store().sessions.ensure(scene.user, session_id);
      expect(await scene.try({ session_id, temporary })).toMatchObject({ kind: "accepted" });
      expect((await store().sessions.list(scene.user, firstPage)).rows).toEqual([]);
    });
  });
}
