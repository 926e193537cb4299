import { type Attachment, type AttachmentReference, wireLimits } from "@uci/protocol";
import type { Clock } from "@uci/stream";
import type { AttachmentStore, NewAttachment } from "../attachment-ports.ts";

type Kept = { readonly userId: string; readonly attachment: Attachment; readonly bytes: Uint8Array; used: boolean };

/** Files of users, as long as the process lasts. */
export class MemoryAttachments implements AttachmentStore {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #makeAttachmentId: () => string;
  readonly #files = new Map<string, Kept>();

  constructor(clock: Pick<Clock, "nowMs">, makeAttachmentId: () => string) {
    this.#clock = clock;
    this.#makeAttachmentId = makeAttachmentId;
  }

  async put(userId: string, { name, media_type, bytes }: NewAttachment): Promise<Attachment | null> {
    const unused = [...this.#files.values()].filter((file) => file.userId === userId && !file.used);
    if (unused.length >= wireLimits.unusedAttachments) return null;
    const created_at = new Date(this.#clock.nowMs()).toISOString();
    const attachment = { attachment_id: this.#makeAttachmentId(), name, media_type, size: bytes.length, created_at };
    this.#files.set(attachment.attachment_id, { userId, attachment, bytes: bytes.slice(), used: false });
    return attachment;
  }

  async get(userId: string, attachmentId: string): Promise<{ attachment: Attachment; bytes: Uint8Array } | null> {
    return this.#own(userId, attachmentId);
  }

  async use(
    userId: string,
    _messageId: string,
    attachmentIds: readonly string[],
  ): Promise<readonly AttachmentReference[] | null> {
    const files = [...new Set(attachmentIds)].map((id) => this.#own(userId, id));
    if (files.some((file) => file === null)) return null;
    return files
      .filter((file) => file !== null)
      .map((file) => {
        file.used = true;
        const { attachment_id, name, media_type } = file.attachment;
        return { attachment_id, name, media_type };
      });
  }

  async remove(userId: string, attachmentId: string): Promise<boolean> {
    return this.#own(userId, attachmentId)?.used === false && this.#files.delete(attachmentId);
  }

  async removeUnused(olderThanMs: number): Promise<number> {
    const beforeMs = this.#clock.nowMs() - olderThanMs;
    const old = [...this.#files].filter(
      ([, { used, attachment }]) => !used && Date.parse(attachment.created_at) < beforeMs,
    );
    for (const [id] of old) this.#files.delete(id);
    return old.length;
  }

  #own(userId: string, attachmentId: string): Kept | null {
    const file = this.#files.get(attachmentId);
    return file?.userId === userId ? file : null;
  }
}
