import type { Message, MessageRole, Session, SessionSettings } from "@uci/protocol";

/** One message of a conversation from elsewhere; `key` and `parent_key` are names within it. Parents come first. */
export type ImportedMessage = {
  readonly key: string;
  readonly parent_key: string | null;
  readonly role: MessageRole;
  readonly content: string;
  readonly model: string | null;
  readonly created_at: string;
};

export type ImportedConversation = {
  /** Where it came from: the same for the same conversation, so that it is taken in once. */
  readonly source: string;
  /** Its id where it was written by this system; one that the user still has is not taken in again. */
  readonly session_id: string | null;
  readonly title: string | null;
  readonly pinned: boolean;
  readonly archived: boolean;
  readonly folder: string | null;
  readonly settings: { readonly [Name in keyof SessionSettings]?: SessionSettings[Name] | undefined };
  readonly created_at: string;
  readonly updated_at: string;
  readonly messages: readonly ImportedMessage[];
};

/** What leaves and enters as a whole. */
export interface TransferStore {
  /** Makes a session of it, all or nothing; null: it was there already. */
  takeIn(userId: string, conversation: ImportedConversation): Promise<Session | null>;
  /** Messages of a session, oldest first, from after the given one on; null: no such session. */
  messagesInOrder(userId: string, sessionId: string, after: Message | null, limit: number): Promise<Message[] | null>;
  /** Ids from the root to the newest message. */
  newestBranch(userId: string, sessionId: string): Promise<readonly string[]>;
}
