import type { Attachment, AttachmentReference } from "@uci/protocol";

export type NewAttachment = {
  readonly name: string;
  readonly media_type: string;
  readonly bytes: Uint8Array;
};

/** Files of users. Another user's file is the same as none. */
export interface AttachmentStore {
  /** Keeps a file; null: the user has too many already that no message uses. */
  put(userId: string, file: NewAttachment): Promise<Attachment | null>;
  /** A file with its bytes. */
  get(userId: string, attachmentId: string): Promise<{ attachment: Attachment; bytes: Uint8Array } | null>;
  /** Says that a message uses these, which keeps them as long as the message; null when one of them is not there. Atomic. */
  use(
    userId: string,
    messageId: string,
    attachmentIds: readonly string[],
  ): Promise<readonly AttachmentReference[] | null>;
  /** Removes a file that no message uses; whether there was one. */
  remove(userId: string, attachmentId: string): Promise<boolean>;
  /** Removes files that no message uses and that are older than this; how many. */
  removeUnused(olderThanMs: number): Promise<number>;
}
