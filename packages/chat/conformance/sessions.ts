import { beforeEach, describe, expect, it } from "vitest";
import { InvalidPageCursor, type SessionFilter } from "../src/index.ts";
import { everyPage } from "./every-page.ts";
import { accepted, finalAnswer, type MakeStore, newId, Scene } from "./scene.ts";

export function sessionConformance(makeStore: MakeStore): void {
  let scene: Scene;
  beforeEach(async () => {
    scene = await Scene.open(makeStore);
  });

  describe("sessions", () => {
    const sessions = () => scene.store.conversations.sessions;

    it("S1 are created, found and renamed by their user alone", async () => {
      const { user } = scene;
      const other = await scene.asAnother();
      const session = await sessions().create(user, "First\u0000");
      expect(session.title).toBe("First\ufffd");
      expect(await sessions().find(user, session.session_id)).toEqual(session);
      expect(await sessions().find(other.user, session.session_id)).toBeNull();
      expect(await sessions().update(other.user, session.session_id, { title: "Theirs" })).toBeNull();
      expect(await sessions().update(user, session.session_id, { title: "Second" })).toMatchObject({ title: "Second" });
      expect(await sessions().find(user, session.session_id)).toMatchObject({ title: "Second" });
      expect(await sessions().update(user, newId("none"), { title: "x" })).toBeNull();
    });

    it("S2 are not made by who only looks for them", async () => {
      const other = await scene.asAnother();
      const id = newId("looked_for");
      expect(await sessions().ensure(scene.user, id, false)).toBeNull();
      expect(await sessions().find(scene.user, id)).toBeNull();
      await sessions().ensure(scene.user, id);
      expect(await sessions().ensure(scene.user, id, false)).toMatchObject({ created: false });
      expect(await sessions().ensure(other.user, id, false)).toBeNull();
    });

    it("S2 are ensured once, and are not another's", async () => {
      const id = newId("given");
      const made = await Promise.all(Array.from({ length: 5 }, () => sessions().ensure(scene.user, id)));
      expect(made.filter((entry) => entry?.created)).toHaveLength(1);
      expect(new Set(made.map((entry) => entry?.session.session_id))).toEqual(new Set([id]));
      const other = await scene.asAnother();
      const atOnce = [sessions().ensure(scene.user, id), sessions().ensure(other.user, id)];
      atOnce.push(sessions().ensure(other.user, newId("theirs")), sessions().ensure(scene.user, id));
      expect((await Promise.all(atOnce)).map((entry) => entry?.created ?? null)).toEqual([false, null, true, false]);
    });

    it("S3 are listed page by page, the latest activity first", async () => {
      const turns = [];
      for (let index = 0; index < 7; index++) turns.push(await scene.accept());
      await scene.store.ledger.finalize(finalAnswer(turns[2]!));
      await (await scene.asAnother()).accept();
      const listed = await everyPage((page) => sessions().list(scene.user, page), 3);
      const ids = turns.map((turn) => turn.session.session_id);
      const order = [2, 6, 5, 4, 3, 1, 0].map((index) => ids[index]);
      const times = listed.map((session) => session.updated_at);
      expect(new Set(listed.map((session) => session.session_id))).toEqual(new Set(ids));
      expect(times).toEqual([...times].sort().reverse());
      // Two in the same millisecond may stand either way round.
      if (new Set(times).size === times.length) expect(listed.map((session) => session.session_id)).toEqual(order);
    });

    it("S4 refuse a cursor they did not give out", async () => {
      for (const cursor of ["nonsense", "0", Buffer.from("12~' or 1=1").toString("base64url")]) {
        await expect(sessions().list(scene.user, { cursor, limit: 3 })).rejects.toBeInstanceOf(InvalidPageCursor);
      }
    });

    it("S5 are removed with all that belongs to them, and name what was unfinished", async () => {
      const { user } = scene;
      const first = await scene.converse();
      const { session_id } = first.session;
      const open = await scene.accept({ session_id });
      expect(await sessions().remove((await scene.asAnother()).user, session_id)).toBeNull();
      expect(await sessions().remove(user, session_id)).toEqual([open.answer.message_id]);
      expect(await sessions().remove(user, session_id)).toBeNull();
      expect(await sessions().find(user, session_id)).toBeNull();
      expect(await scene.store.conversations.messages.find(user, first.answer.message_id)).toBeNull();
      expect(await scene.store.ledger.load(open.answer.message_id)).toBeNull();
      expect(await scene.store.ledger.finalize(finalAnswer(open))).toBe("gone");
      expect(await scene.pending()).toEqual([]);
    });

    it("S7 are listed by what they are: pinned ones, archived ones apart", async () => {
      const { user } = scene;
      const made = [];
      for (let index = 0; index < 5; index++) made.push((await sessions().create(user, `${index}`)).session_id);
      await sessions().update(user, made[1]!, { pinned: true });
      await sessions().update(user, made[2]!, { archived: true });
      expect(await sessions().update(user, made[3]!, { archived: true, pinned: true })).toMatchObject({
        title: "3",
        archived: true,
        pinned: true,
      });
      const titles = async (filter: SessionFilter) =>
        (await everyPage((page) => sessions().list(user, page, filter), 2)).map(({ title }) => title).sort();
      expect(await titles({})).toEqual(["0", "1", "4"]);
      expect(await titles({ archived: true })).toEqual(["2", "3"]);
      expect(await titles({ pinned: true })).toEqual(["1"]);
      expect(await titles({ pinned: false })).toEqual(["0", "4"]);
      expect(await titles({ archived: true, pinned: true })).toEqual(["3"]);
      expect(await sessions().update(user, made[1]!, { pinned: false })).toMatchObject({ pinned: false, title: "1" });
      expect(await titles({ pinned: true })).toEqual([]);
    });

    it("S6 are removed while an answer is stored, without either failing", async () => {
      for (let round = 0; round < 15; round++) {
        const turn = await scene.accept();
        const [outcome, removed] = await Promise.all([
          scene.store.ledger.finalize(finalAnswer(turn)),
          sessions().remove(scene.user, turn.session.session_id),
        ]);
        expect([outcome, removed?.length]).toEqual(outcome === "stored" ? ["stored", 0] : ["gone", 1]);
      }
    });
  });

  describe("messages", () => {
    const messages = () => scene.store.conversations.messages;

    it("M1 are listed page by page, newest first, each once", async () => {
      const turns = [await scene.converse()];
      const { session_id } = turns[0]!.session;
      for (let index = 0; index < 4; index++) turns.push(await scene.converse({ session_id }));
      const written = turns.flatMap((turn) => [turn.user_message.message_id, turn.answer.message_id]);
      const listed = await everyPage((page) => messages().list(scene.user, session_id, page), 3);
      expect(listed.map((message) => message.message_id)).toEqual(written.reverse());
    });

    it("M2 are found by their user alone", async () => {
      const other = await scene.asAnother();
      const { answer, session } = await scene.converse({}, "Noon.");
      expect(await messages().find(scene.user, answer.message_id)).toMatchObject({
        content: "Noon.",
        status: "complete",
      });
      expect(await messages().find(other.user, answer.message_id)).toBeNull();
      expect(await messages().list(other.user, session.session_id, { cursor: null, limit: 3 })).toBeNull();
      expect(await messages().list(scene.user, newId("none"), { cursor: null, limit: 3 })).toBeNull();
      const list = messages().list(scene.user, session.session_id, { cursor: "nonsense", limit: 3 });
      await expect(list).rejects.toBeInstanceOf(InvalidPageCursor);
    });

    it("M3 never come before what they reply to", async () => {
      const { session } = await scene.converse();
      const turn = await scene.accept({ session_id: session.session_id });
      const again = accepted(await scene.tryAgain((await scene.converse()).answer.message_id));
      expect(turn.answer.created_at > turn.user_message.created_at).toBe(true);
      expect(again.answer.created_at > again.user_message.created_at).toBe(true);
    });
  });

  describe("users", () => {
    const users = () => scene.store.conversations.users;

    it("U1 are ensured again and again, whatever their id", async () => {
      const name = `O'Brien\u0000 ${newId("🦐")}`;
      await Promise.all([users().ensure(name), users().ensure(name)]);
      await users().ensure(name);
      const session = await scene.store.conversations.sessions.create(name, null);
      expect(await scene.store.conversations.sessions.find(name, session.session_id)).toEqual(session);
      expect(await users().anyRegistered()).toBe(true);
    });

    it("U2 hand their sessions over", async () => {
      const member = await scene.asAnother();
      const kept = await member.converse();
      const moved = await scene.converse();
      const open = await scene.accept();
      expect(await users().moveSessions(scene.user, member.user)).toHaveLength(2);
      expect(await users().moveSessions(scene.user, member.user)).toEqual([]);
      const listed = await scene.store.conversations.sessions.list(member.user, { cursor: null, limit: 9 });
      const ids = [kept, moved, open].map((turn) => turn.session.session_id);
      expect(new Set(listed.rows.map((session) => session.session_id))).toEqual(new Set(ids));
      expect(await scene.store.conversations.messages.find(member.user, moved.answer.message_id)).not.toBeNull();
      const [row] = await scene.store.ledger.unfinished([open.session.session_id]);
      expect(row).toMatchObject({ user_id: member.user });
    });

    it("U3 run one task at a time, also after one has failed", async () => {
      const order: string[] = [];
      const step = (name: string, fails: boolean) =>
        users().oneAtATime(async () => {
          order.push(`${name} begins`);
          // Others would come in between here, and the task needs the store itself.
          await users().ensure(scene.user);
          order.push(`${name} ends`);
          if (fails) throw new Error(name);
          return name;
        });
      const names = Array.from({ length: 12 }, (_, index) => `task ${index}`);
      const results = await Promise.allSettled(names.map((name, index) => step(name, index === 3)));
      const expected = names.map((name, index) => (index === 3 ? new Error(name) : name));
      expect(results.map((entry) => (entry.status === "fulfilled" ? entry.value : entry.reason))).toEqual(expected);
      expect(order).toHaveLength(names.length * 2);
      for (let index = 0; index < order.length; index += 2) {
        expect(order[index + 1]).toBe(order[index]?.replace("begins", "ends"));
      }
    });
  });
}
