import { wireLimits } from "@uci/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { noPreferences, noSessionSettings } from "../src/index.ts";
import { everyPage } from "./every-page.ts";
import { type MakeStore, newId, Scene } from "./scene.ts";

export function collectionConformance(makeStore: MakeStore): void {
  let scene: Scene;
  let other: Scene;
  beforeEach(async () => {
    scene = await Scene.open(makeStore);
    other = await scene.asAnother();
  });
  const store = () => scene.store.conversations;
  const folder = async (name = "Work") => {
    const made = await store().folders.create(scene.user, name);
    if (typeof made === "string") throw new Error(made);
    return made;
  };

  describe("folders", () => {
    it("F1 are made, renamed, listed and removed by their user alone", async () => {
      const { folders } = store();
      const made = await folder("A\u0000");
      expect(made.name).toBe("A\ufffd");
      expect(await folders.rename(other.user, made.folder_id, "Theirs")).toBeNull();
      expect(await folders.remove(other.user, made.folder_id)).toBe(false);
      expect(await folders.rename(scene.user, made.folder_id, "B")).toEqual({ ...made, name: "B" });
      for (let index = 0; index < 4; index++) await folder(`More ${index}`);
      const listed = await everyPage((page) => folders.list(scene.user, page), 2);
      expect(listed.map(({ name }) => name).sort()).toEqual(["B", "More 0", "More 1", "More 2", "More 3"]);
      expect((await folders.list(other.user, { cursor: null, limit: 9 })).rows).toEqual([]);
      expect(await folders.remove(scene.user, made.folder_id)).toBe(true);
      expect(await folders.remove(scene.user, made.folder_id)).toBe(false);
    });

    it("F2 hold sessions, which stay when the folder goes", async () => {
      const { sessions, folders } = store();
      const { folder_id } = await folder();
      const { session_id } = await sessions.create(scene.user, "Inside");
      await sessions.create(scene.user, "Outside");
      expect(await sessions.update(scene.user, session_id, { folder_id })).toMatchObject({ folder_id });
      const inside = await sessions.list(scene.user, { cursor: null, limit: 9 }, { folder_id });
      expect(inside.rows.map(({ title }) => title)).toEqual(["Inside"]);
      expect((await sessions.list(other.user, { cursor: null, limit: 9 }, { folder_id })).rows).toEqual([]);
      await folders.remove(scene.user, folder_id);
      expect(await sessions.find(scene.user, session_id)).toMatchObject({ folder_id: null, title: "Inside" });
    });

    it("F3 take no session of a user they are not of", async () => {
      const { folder_id } = await folder();
      const { session_id } = await store().sessions.create(other.user, "Theirs");
      expect(await store().sessions.update(other.user, session_id, { folder_id })).toBeNull();
      expect(await store().sessions.update(scene.user, session_id, { folder_id })).toBeNull();
      expect(await store().sessions.update(scene.user, session_id, { folder_id: newId("fold") })).toBeNull();
    });

    it("F4 are so many at most", async () => {
      for (let index = 0; index < wireLimits.folders; index++) await folder(`${index}`);
      expect(await store().folders.create(scene.user, "One more")).toBe("full");
      expect(await store().folders.create(other.user, "First")).toMatchObject({ name: "First" });
    });
  });

  describe("prompts", () => {
    it("P1 are the user's own, and once of a name", async () => {
      const { prompts } = store();
      const made = await prompts.create(scene.user, { name: "mail", text: "Write\u0000" });
      expect(made).toMatchObject({ name: "mail", text: "Write\ufffd" });
      if (typeof made === "string") throw new Error(made);
      expect(await prompts.create(scene.user, { name: "mail", text: "x" })).toBe("taken");
      expect(await prompts.create(other.user, { name: "mail", text: "x" })).toMatchObject({ name: "mail" });
      await prompts.create(scene.user, { name: "code", text: "Code" });
      expect(await prompts.update(scene.user, made.prompt_id, { name: "code" })).toBe("taken");
      expect(await prompts.update(other.user, made.prompt_id, { text: "Theirs" })).toBeNull();
      expect(await prompts.update(scene.user, made.prompt_id, { text: "New" })).toEqual({ ...made, text: "New" });
      const listed = await everyPage((page) => prompts.list(scene.user, page), 1);
      expect(listed.map(({ name }) => name).sort()).toEqual(["code", "mail"]);
      expect(await prompts.remove(other.user, made.prompt_id)).toBe(false);
      expect(await prompts.remove(scene.user, made.prompt_id)).toBe(true);
    });
  });

  describe("preferences", () => {
    it("R1 change one by one and are taken back by null", async () => {
      const { preferences } = store();
      expect(await preferences.find(scene.user)).toEqual(noPreferences);
      await preferences.change(scene.user, { theme: "dark", model: "small" });
      expect(await preferences.change(scene.user, { model: null, language: "de" })).toEqual({
        ...noPreferences,
        theme: "dark",
        language: "de",
      });
      expect(await preferences.find(scene.user)).toMatchObject({ theme: "dark", model: null });
      expect(await preferences.find(other.user)).toEqual(noPreferences);
    });

    it("R2 are told for a turn together with the session's settings, and nobody else's", async () => {
      const { preferences, sessions } = store();
      const { answer, session } = await scene.converse();
      const { session_id } = session;
      await preferences.change(scene.user, { model: "mine" });
      const settings = { system_prompt: "Be brief.\u0000", temperature: 0.3, model: "small" };
      await sessions.update(scene.user, session_id, { settings });
      const changed = await sessions.update(scene.user, session_id, { settings: { model: null, max_tokens: 50 } });
      const expected = { ...noSessionSettings, system_prompt: "Be brief.\ufffd", temperature: 0.3, max_tokens: 50 };
      expect(changed?.settings).toEqual(expected);
      const found = { settings: expected, preferences: { ...noPreferences, model: "mine" } };
      expect(await preferences.forTurn(scene.user, { session_id })).toEqual(found);
      expect(await preferences.forTurn(scene.user, { message_id: answer.message_id })).toEqual(found);
      expect((await preferences.forTurn(scene.user, {})).settings).toEqual(noSessionSettings);
      const nobody = { settings: noSessionSettings, preferences: noPreferences };
      expect(await preferences.forTurn(other.user, { session_id })).toEqual(nobody);
      expect(await preferences.forTurn(other.user, { message_id: answer.message_id })).toEqual(nobody);
    });
  });

  describe("what belongs to a user", () => {
    it("U4 moves over with the sessions, except what the other has already", async () => {
      const { users, folders, prompts, preferences, sessions } = store();
      const { folder_id } = await folder("Mine");
      const { session_id } = await sessions.create(scene.user, "Inside");
      await sessions.update(scene.user, session_id, { folder_id, pinned: true });
      await prompts.create(scene.user, { name: "both", text: "guest" });
      await prompts.create(scene.user, { name: "new", text: "guest" });
      await prompts.create(other.user, { name: "both", text: "member" });
      await preferences.change(scene.user, { theme: "dark" });
      expect(await users.moveSessions(scene.user, other.user)).toEqual([session_id]);
      expect(await sessions.find(other.user, session_id)).toMatchObject({ folder_id, pinned: true });
      expect((await folders.list(other.user, { cursor: null, limit: 9 })).rows).toMatchObject([{ name: "Mine" }]);
      const texts = (await prompts.list(other.user, { cursor: null, limit: 9 })).rows.map(({ text }) => text);
      expect(texts.sort()).toEqual(["guest", "member"]);
      expect(await preferences.find(other.user)).toMatchObject({ theme: "dark" });
    });
  });
}
