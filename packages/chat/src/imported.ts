import { exportedSessionSchema, exportSchema, wireLimits } from "@uci/protocol";
import { utf8Bytes } from "@uci/stream";
import { chatGptConversations } from "./imported-chatgpt.ts";
import type { ImportedConversation, ImportedMessage } from "./transfer-ports.ts";

/** Conversations of one file, and messages of one conversation, that are taken in; longer ones lose their newest. */
const mostConversations = 10_000;
const mostMessages = 20_000;
const earliestMs = Date.UTC(2000, 0, 1);

export type ImportedFile = {
  readonly conversations: readonly ImportedConversation[];
  /** Conversations of which nothing can be made, and those past the most that one file may have. */
  readonly unusable: number;
  /** Messages cut to the longest length, or left out of conversations that have too many. */
  readonly shortened: number;
};

/**
 * Reads an export of this system, or the `conversations.json` of ChatGPT's. `nowMs` bounds times: nothing was written in
 * the future. Null: the file is neither.
 */
export function importedFile(value: unknown, nowMs: number): ImportedFile | null {
  const own = exportSchema.safeParse(value);
  const read = own.success ? own.data.sessions.map(ownConversation) : chatGptConversations(value);
  if (read === null) return null;
  const usable = read.filter((conversation) => conversation !== null && conversation.messages.length > 0);
  const count = { shortened: 0 };
  const conversations = usable.slice(0, mostConversations).map((conversation) => tidied(conversation!, nowMs, count));
  return { conversations, unusable: read.length - conversations.length, shortened: count.shortened };
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
function tidied(conversation: ImportedConversation, nowMs: number, count: { shortened: number }): ImportedConversation {
  const createdMs = timeMs(conversation.created_at, nowMs) ?? nowMs;
  const atMs = new Map<string, number>();
  const messages: ImportedMessage[] = [];
  const ordered = inOrder(conversation.messages);
  count.shortened += Math.max(0, ordered.length - mostMessages);
  for (const message of ordered.slice(0, mostMessages)) {
    const parentMs = message.parent_key === null ? null : (atMs.get(message.parent_key) ?? null);
    const ownMs = timeMs(message.created_at, nowMs) ?? createdMs;
    const time = parentMs === null ? ownMs : Math.max(ownMs, parentMs + 1);
    atMs.set(message.key, time);
    const parent_key = parentMs === null ? null : message.parent_key;
    const content = withinLimit(message);
    if (content !== message.content) count.shortened++;
    messages.push({ ...message, content, parent_key, created_at: new Date(time).toISOString() });
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

/** What may be asked, and what may be answered, here: an imported question is asked again with the next turn. */
function withinLimit({ role, content }: ImportedMessage): string {
  const most = longestBytes[role];
  if (content.length * longestUnitBytes <= most || utf8Bytes(content) <= most) return content;
  let end = Math.min(content.length, most);
  for (let bytes = utf8Bytes(content.slice(0, end)); bytes > most; bytes = utf8Bytes(content.slice(0, end))) {
    end -= Math.ceil((bytes - most) / longestUnitBytes);
  }
  // Half of a pair at the end is none.
  return content.slice(0, end).replace(/[\ud800-\udbff]$/, "");
}

const longestBytes = {
  user: wireLimits.messageBytes,
  assistant: wireLimits.answerBytes,
  system: wireLimits.systemPromptBytes,
} as const;

/** Bytes of UTF-8 that one UTF-16 unit stands for at most. */
const longestUnitBytes = 3;

function inOrder(messages: readonly ImportedMessage[]): ImportedMessage[] {
  const known = new Map(messages.map((message) => [message.key, message]));
  const children = new Map<string | null, ImportedMessage[]>();
  for (const message of known.values()) {
    const parent = message.parent_key !== null && known.has(message.parent_key) ? message.parent_key : null;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [message]);
    else siblings.push(message);
  }
  const ordered: ImportedMessage[] = [];
  const waiting = (children.get(null) ?? []).toReversed();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    ordered.push(next);
    // One by one: a call takes only so many arguments.
    for (const child of (children.get(next.key) ?? []).toReversed()) waiting.push(child);
  }
  return ordered;
}

function timeMs(text: string, nowMs: number): number | null {
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : Math.min(Math.max(time, earliestMs), nowMs);
}
