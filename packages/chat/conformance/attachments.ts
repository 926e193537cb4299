import { wireLimits } from "@uci/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import type { AttachmentStore } from "../src/index.ts";
import { newId } from "./scene.ts";

/** A store of files, a user of its own, and how a message of that user comes to be. */
export type AttachmentsUnderTest = {
  readonly store: AttachmentStore;
  readonly userId: string;
  readonly newMessage: () => Promise<string>;
};

/** What every store of files must do. `make` is called once a test and may give the same store with another user. */
export function attachmentConformance(name: string, make: () => Promise<AttachmentsUnderTest>): void {
  describe(`attachments: ${name}`, () => {
    let made: AttachmentsUnderTest;
    const bytes = Uint8Array.from([0, 1, 2, 250, 255]);
    const file = { name: "Grüße.png", media_type: "image/png", bytes };
    beforeEach(async () => {
      made = await make();
    });
    const put = async () => (await made.store.put(made.userId, file))!;

    it("B1 gives back what was put, to its owner alone", async () => {
      const attachment = await put();
      expect(attachment).toMatchObject({ name: "Grüße.png", media_type: "image/png", size: 5 });
      const found = await made.store.get(made.userId, attachment.attachment_id);
      expect(found?.attachment).toEqual(attachment);
      expect([...found!.bytes]).toEqual([...bytes]);
      const other = await make();
      expect(await made.store.get(other.userId, attachment.attachment_id)).toBeNull();
      expect(await made.store.get(made.userId, newId("att"))).toBeNull();
    });

    it("B2 ties files to a message in the order given, all or none", async () => {
      const [first, second] = [await put(), await put()];
      const message = await made.newMessage();
      const ids = [second.attachment_id, first.attachment_id];
      expect(await made.store.use(made.userId, message, [...ids, newId("att")])).toBeNull();
      const used = await made.store.use(made.userId, message, ids);
      expect(used).toEqual(
        [second, first].map(({ attachment_id, name: fileName, media_type }) => ({
          attachment_id,
          name: fileName,
          media_type,
        })),
      );
      const other = await make();
      expect(await other.store.use(other.userId, await other.newMessage(), ids)).toBeNull();
    });

    it("B3 removes only what no message uses, and only for its owner", async () => {
      const attachment = await put();
      const { attachment_id } = attachment;
      const other = await make();
      expect(await made.store.remove(other.userId, attachment_id)).toBe(false);
      expect(await made.store.remove(made.userId, attachment_id)).toBe(true);
      expect(await made.store.get(made.userId, attachment_id)).toBeNull();
      const kept = await put();
      await made.store.use(made.userId, await made.newMessage(), [kept.attachment_id]);
      expect(await made.store.remove(made.userId, kept.attachment_id)).toBe(false);
    });

    it("B4 clears away what has waited too long for a message", async () => {
      const waiting = await put();
      const used = await put();
      await made.store.use(made.userId, await made.newMessage(), [used.attachment_id]);
      await made.store.removeUnused(60_000);
      expect(await made.store.get(made.userId, waiting.attachment_id)).not.toBeNull();
      expect(await made.store.removeUnused(-60_000)).toBeGreaterThanOrEqual(1);
      expect(await made.store.get(made.userId, waiting.attachment_id)).toBeNull();
      expect(await made.store.get(made.userId, used.attachment_id)).not.toBeNull();
    });

    it("B5 takes a bounded number that nobody uses", async () => {
      for (let count = 0; count < wireLimits.unusedAttachments; count++) await put();
      expect(await made.store.put(made.userId, file)).toBeNull();
    });
  });
}
