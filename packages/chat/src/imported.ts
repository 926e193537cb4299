import { exportedSessionSchema, exportSchema, wireLimits } from "@uci/protocol";
import { chatGptConversations } from "./imported-chatgpt.ts";
import type { ImportedConversation, ImportedMessage } from "./transfer-ports.ts";

/** Messages of one conversation that are taken in; longer ones lose their newest. */
const mostMessages = 20_000;
const earliestMs = Date.UTC(2000, 0, 1);

/** What a file holds, and how many conversations of it nothing can be made of. */
export type ImportedFile = { readonly conversations: readonly ImportedConversation[]; readonly unusable: number };

/**
 * Reads an export of this system, or the `conversations.json` of ChatGPT's. `nowMs` bounds times: nothing was written in
 * the future. Null: the file is neither.
 */
export function importedFile(value: unknown, nowMs: number): ImportedFile | null {
  const own = exportSchema.safeParse(value);
  const read = own.success ? own.data.sessions.map(ownConversation) : chatGptConversations(value);
  if (read === null) return null;
  const conversations = read
    .filter((conversation) => conversation !== null && conversation.messages.length > 0)
    .map((conversation) => tidied(conversation!, nowMs));
  return { conversations, unusable: read.length - conversations.length };
}

function ownConversation(value: unknown): ImportedConversation | null {
  const parsed = exportedSessionSchema.safeParse(value);
  if (!parsed.success) return null;
  const { session_id, title, created_at, updated_at, settings, messages } = parsed.data;
  return {
    source: `universal-chat:${session_id}`,
    ...{ session_id, title, created_at, updated_at },
    pinned: parsed.data.pinned ?? false,
    archived: parsed.data.archived ?? false,
    folder: parsed.data.folder ?? null,
    settings: settings ?? {},
    messages: messages.map(({ message_id, parent_message_id, role, content, model, created_at: at }) => ({
      ...{ key: message_id, parent_key: parent_message_id, role, content, model: model ?? null, created_at: at },
    })),
  };
}

/** With every parent before its children, times that grow from parent to child, and texts that can be stored. */
function tidied(conversation: ImportedConversation, nowMs: number): ImportedConversation {
  const createdMs = timeMs(conversation.created_at, nowMs) ?? nowMs;
  const atMs = new Map<string, number>();
  const messages: ImportedMessage[] = [];
  for (const message of inOrder(conversation.messages).slice(0, mostMessages)) {
    const parentMs = message.parent_key === null ? null : (atMs.get(message.parent_key) ?? null);
    const ownMs = timeMs(message.created_at, nowMs) ?? createdMs;
    const time = parentMs === null ? ownMs : Math.max(ownMs, parentMs + 1);
    atMs.set(message.key, time);
    const parent_key = parentMs === null ? null : message.parent_key;
    messages.push({ ...message, parent_key, created_at: new Date(time).toISOString() });
  }
  const title = conversation.title === null ? null : conversation.title.slice(0, wireLimits.titleCharacters).trim();
  const lastMs = Math.max(createdMs, ...[...atMs.values()].slice(-1));
  return {
    ...conversation,
    source: conversation.source.slice(0, 300),
    title: title === "" ? null : title,
    folder: conversation.folder?.slice(0, wireLimits.nameCharacters).trim() || null,
    created_at: new Date(createdMs).toISOString(),
    updated_at: new Date(timeMs(conversation.updated_at, nowMs) ?? lastMs).toISOString(),
    messages,
  };
}

function inOrder(messages: readonly ImportedMessage[]): ImportedMessage[] {
  const known = new Map(messages.map((message) => [message.key, message]));
  const children = new Map<string | null, ImportedMessage[]>();
  for (const message of known.values()) {
    const parent = message.parent_key !== null && known.has(message.parent_key) ? message.parent_key : null;
    children.set(parent, [...(children.get(parent) ?? []), message]);
  }
  const ordered: ImportedMessage[] = [];
  const waiting = [...(children.get(null) ?? [])].reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    ordered.push(next);
    waiting.push(...[...(children.get(next.key) ?? [])].reverse());
  }
  return ordered;
}

function timeMs(text: string, nowMs: number): number | null {
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : Math.min(Math.max(time, earliestMs), nowMs);
}
