import { noSessionSettings } from "@uci/chat";
import type { Message, Session } from "@uci/protocol";
import type { Selectable } from "kysely";
import type { ChatSessionsTable, MessagesTable } from "./schema.ts";

export function sessionView(row: Selectable<ChatSessionsTable>): Session {
  const { session_id, title, pinned, archived, folder_id } = row;
  const settings = { ...noSessionSettings, ...row.settings };
  const times = { created_at: row.created_at.toISOString(), updated_at: row.updated_at.toISOString() };
  return { session_id, title, pinned, archived, folder_id, settings, ...times };
}

export function messageView(row: Selectable<MessagesTable>): Message {
  const { message_id, session_id, parent_message_id, role, content, status, model, token_count, metadata } = row;
  const created_at = row.created_at.toISOString();
  return { message_id, session_id, parent_message_id, role, content, status, model, token_count, metadata, created_at };
}
