import type { ConversationStore } from "@uci/chat";
import {
  type ExportedMessage,
  type ExportedSession,
  exportFormat,
  exportVersion,
  isFinalStatus,
  type Message,
  type Session,
} from "@uci/protocol";

/** Rows read at once: an answer may have 4 MiB, and an export must not hold many of them. */
const sessionsAtOnce = 50;
const messagesAtOnce = 10;

/** All of a user, or one session, as JSON text, piece by piece. */
export async function* jsonExport(
  store: ConversationStore,
  userId: string,
  only: Session | null,
  now: Date,
): AsyncGenerator<string> {
  const head = { format: exportFormat, version: exportVersion, exported_at: now.toISOString() };
  const own =
    only === null
      ? { preferences: await store.preferences.find(userId), prompts: await allPrompts(store, userId) }
      : {};
  yield `${JSON.stringify({ ...head, ...own }).slice(0, -1)},"sessions":[`;
  const folders = await folderNames(store, userId);
  let first = true;
  for await (const session of only === null ? allSessions(store, userId) : [only]) {
    const { messages, ...described } = exportedSession(session, folders);
    yield `${first ? "" : ","}\n${JSON.stringify(described).slice(0, -1)},"messages":[`;
    let separator = "\n";
    for await (const message of messagesOf(store, userId, session.session_id)) {
      yield `${separator}${JSON.stringify(exportedMessage(message))}`;
      separator = ",\n";
    }
    yield "]}";
    first = false;
  }
  yield "]}\n";
}

/** The newest branch of every session, or of one, as Markdown. */
export async function* markdownExport(
  store: ConversationStore,
  userId: string,
  only: Session | null,
): AsyncGenerator<string> {
  let first = true;
  for await (const session of only === null ? allSessions(store, userId) : [only]) {
    yield `${first ? "" : "\n\n---\n\n"}# ${(session.title ?? "Chat").replace(/\s+/g, " ")}\n\n*${session.created_at.slice(0, 10)}*\n`;
    first = false;
    for (const messageId of await store.transfer.newestBranch(userId, session.session_id)) {
      const message = await store.messages.find(userId, messageId);
      if (message === null || message.content === "") continue;
      yield `\n## ${speakerOf(message)}\n\n${message.content.trim()}\n`;
    }
  }
}

function speakerOf({ role, model }: Message): string {
  if (role === "assistant") return `Assistant${model === null ? "" : ` (${model})`}`;
  return role === "user" ? "User" : "System";
}

async function* allSessions(store: ConversationStore, userId: string): AsyncGenerator<Session> {
  for (const archived of [false, true]) {
    for (let cursor: string | null = null; ; ) {
      const page = await store.sessions.list(userId, { cursor, limit: sessionsAtOnce }, { archived });
      yield* page.rows;
      cursor = page.next_cursor;
      if (cursor === null) break;
    }
  }
}

async function* messagesOf(store: ConversationStore, userId: string, sessionId: string): AsyncGenerator<Message> {
  for (let after: Message | null = null; ; ) {
    const rows: Message[] | null = await store.transfer.messagesInOrder(userId, sessionId, after, messagesAtOnce);
    yield* rows ?? [];
    after = rows?.at(-1) ?? null;
    if (after === null) return;
  }
}

async function folderNames(store: ConversationStore, userId: string): Promise<ReadonlyMap<string, string>> {
  const { rows } = await store.folders.list(userId, { cursor: null, limit: 1_000 });
  return new Map(rows.map(({ folder_id, name }) => [folder_id, name]));
}

async function allPrompts(store: ConversationStore, userId: string): Promise<{ name: string; text: string }[]> {
  const { rows } = await store.prompts.list(userId, { cursor: null, limit: 1_000 });
  return rows.map(({ name, text }) => ({ name, text }));
}

function exportedSession(session: Session, folders: ReadonlyMap<string, string>): ExportedSession {
  const { session_id, title, pinned, archived, settings, created_at, updated_at } = session;
  const folder = session.folder_id === null ? null : (folders.get(session.folder_id) ?? null);
  return { session_id, title, pinned, archived, folder, settings, created_at, updated_at, messages: [] };
}

function exportedMessage(message: Message): ExportedMessage {
  const { message_id, parent_message_id, role, content, status, model, token_count, created_at } = message;
  const ended = isFinalStatus(status) ? { status } : {};
  return { message_id, parent_message_id, role, content, ...ended, model, token_count, created_at };
}
