import type { Message } from "@uci/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import type { ImportedConversation } from "../src/index.ts";
import { type MakeStore, newId, Scene } from "./scene.ts";

const at = (minute: number) => new Date(Date.UTC(2024, 4, 1, 12, minute)).toISOString();

function conversation(change: Partial<ImportedConversation> = {}): ImportedConversation {
  const message = { model: null, created_at: at(0) } as const;
  return {
    ...{ source: newId("elsewhere"), session_id: null, title: "From elsewhere", pinned: true, archived: false },
    ...{ folder: "Old", settings: { temperature: 0.5, model: null }, created_at: at(0), updated_at: at(5) },
    messages: [
      { ...message, key: "1", parent_key: null, role: "user", content: "Hello\u0000" },
      { ...message, key: "2", parent_key: "1", role: "assistant", content: "Hi", model: "m", created_at: at(1) },
      { ...message, key: "3", parent_key: "2", role: "user", content: "How are you?", created_at: at(2) },
    ],
    ...change,
  };
}

export function transferConformance(makeStore: MakeStore): void {
  let scene: Scene;
  let other: Scene;
  beforeEach(async () => {
    scene = await Scene.open(makeStore);
    other = await scene.asAnother();
  });
  const store = () => scene.store.conversations;

  describe("what comes in and leaves as a whole", () => {
    it("X1 is taken in once, with its tree, times and folder", async () => {
      const { transfer, folders, search } = store();
      const given = conversation();
      const session = await transfer.takeIn(scene.user, given);
      expect(session).toMatchObject({ title: "From elsewhere", pinned: true, created_at: at(0), updated_at: at(5) });
      expect(session?.settings).toMatchObject({ temperature: 0.5, model: null });
      const rows = await transfer.messagesInOrder(scene.user, session!.session_id, null, 9);
      expect(rows?.map(({ content, role, model }) => [content, role, model])).toEqual([
        ["Hello\ufffd", "user", null],
        ["Hi", "assistant", "m"],
        ["How are you?", "user", null],
      ]);
      expect(rows?.map(({ parent_message_id }) => parent_message_id)).toEqual([
        null,
        rows?.[0]?.message_id,
        rows?.[1]?.message_id,
      ]);
      expect(await transfer.takeIn(scene.user, given)).toBeNull();
      expect(await transfer.takeIn(other.user, given)).not.toBeNull();
      await transfer.takeIn(scene.user, conversation());
      expect((await folders.list(scene.user, { cursor: null, limit: 9 })).rows).toMatchObject([{ name: "Old" }]);
      expect((await search.find(scene.user, "how are", { cursor: null, limit: 9 })).rows).toHaveLength(2);
    });

    it("X4 takes messages of role system in as such", async () => {
      const message = { model: null, created_at: at(0) } as const;
      const messages = [
        { ...message, key: "1", parent_key: null, role: "system", content: "Be brief." },
        { ...message, key: "2", parent_key: "1", role: "user", content: "Hello", created_at: at(1) },
      ] as const;
      const session = await store().transfer.takeIn(scene.user, conversation({ messages }));
      const rows = await store().transfer.messagesInOrder(scene.user, session!.session_id, null, 9);
      expect(rows?.map(({ content, role }) => [content, role])).toEqual([
        ["Be brief.", "system"],
        ["Hello", "user"],
      ]);
    });

    it("X2 of several at once one is stored, and none that the user still has", async () => {
      const { transfer } = store();
      const given = conversation();
      const stored = await Promise.all(Array.from({ length: 5 }, () => transfer.takeIn(scene.user, given)));
      expect(stored.filter((session) => session !== null)).toHaveLength(1);
      const { session } = await scene.converse();
      expect(await transfer.takeIn(scene.user, conversation({ session_id: session.session_id }))).toBeNull();
      expect(await transfer.takeIn(other.user, conversation({ session_id: session.session_id }))).not.toBeNull();
    });

    it("X3 is read oldest first, page by page, and by its newest branch", async () => {
      const { transfer } = store();
      const first = await scene.converse({ message: "one" });
      const { session_id } = first.session;
      await scene.converse({ session_id, message: "two" });
      const branch = await scene.converse({ session_id, message: "2", parent_message_id: first.answer.message_id });
      const read: Message[] = [];
      for (let after: Message | null = null; ; after = read.at(-1) ?? null) {
        const page: Message[] | null = await transfer.messagesInOrder(scene.user, session_id, after, 2);
        if (page === null || page.length === 0) break;
        read.push(...page);
      }
      expect(read).toHaveLength(6);
      expect(read.map(({ created_at }) => created_at)).toEqual(read.map(({ created_at }) => created_at).sort());
      expect(await transfer.newestBranch(scene.user, session_id)).toEqual([
        ...[first.user_message.message_id, first.answer.message_id],
        ...[branch.user_message.message_id, branch.answer.message_id],
      ]);
      expect(await transfer.messagesInOrder(other.user, session_id, null, 9)).toBeNull();
      expect(await transfer.newestBranch(other.user, session_id)).toEqual([]);
    });

    it("U5 goes with its user, who leaves nothing", async () => {
      const { users, sessions, folders, shares, preferences } = store();
      const done = await scene.converse();
      const open = await scene.accept();
      await folders.create(scene.user, "Mine");
      await preferences.change(scene.user, { theme: "dark" });
      const share = await shares.create(scene.user, done.session.session_id, undefined);
      const kept = await other.converse();
      const removed = await users.remove(scene.user);
      expect([...removed.session_ids].sort()).toEqual([done.session.session_id, open.session.session_id].sort());
      expect(removed.unfinished).toEqual([open.answer.message_id]);
      expect((await sessions.list(scene.user, { cursor: null, limit: 9 })).rows).toEqual([]);
      expect((await folders.list(scene.user, { cursor: null, limit: 9 })).rows).toEqual([]);
      if (share === null || typeof share === "string") throw new Error("not shared");
      expect(await shares.read(share.share_id)).toBeNull();
      expect(await scene.pending()).toEqual([]);
      expect(await sessions.find(other.user, kept.session.session_id)).not.toBeNull();
      expect(await users.remove(scene.user)).toEqual({ session_ids: [], unfinished: [] });
    });
  });
}
