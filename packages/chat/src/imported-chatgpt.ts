import type { ImportedConversation, ImportedMessage } from "./transfer-ports.ts";

type Fields = Readonly<Record<string, unknown>>;
type Draft = { -readonly [Name in keyof ImportedMessage]: ImportedMessage[Name] };

/**
 * The conversations of ChatGPT's export: a list, each a tree of nodes by id. Nodes without a text for readers (system,
 * tools, hidden ones) are left out and their children follow the node before. Null: the value is no such list; a null in it:
 * not a conversation.
 */
export function chatGptConversations(value: unknown): (ImportedConversation | null)[] | null {
  const list = Array.isArray(value) ? value : isFields(value) && isFields(value.mapping) ? [value] : null;
  if (list === null || !list.some((entry) => isFields(entry) && isFields(entry.mapping))) return null;
  return list.map((entry) => (isFields(entry) && isFields(entry.mapping) ? conversation(entry, entry.mapping) : null));
}

function conversation(fields: Fields, mapping: Fields): ImportedConversation {
  const title = typeof fields.title === "string" ? fields.title : null;
  const created_at = timeOf(fields.create_time);
  const id = [fields.conversation_id, fields.id].find((candidate) => typeof candidate === "string" && candidate !== "");
  return {
    source: `chatgpt:${typeof id === "string" ? id : `${created_at} ${title}`}`,
    session_id: null,
    title,
    pinned: fields.is_starred === true,
    archived: fields.is_archived === true,
    folder: null,
    settings: {},
    created_at,
    updated_at: timeOf(fields.update_time) || created_at,
    messages: messagesOf(mapping),
  };
}

/** Walks the tree from its roots; no node is walked twice, whatever the file says. */
function messagesOf(mapping: Fields): ImportedMessage[] {
  const kept = new Map<string, Draft>();
  const seen = new Set<string>();
  const childrenOf = new Map<string, string[]>();
  const answered = new Set<string>();
  const waiting: { id: string; after: Draft | null }[] = [];
  for (const [id, node] of Object.entries(mapping)) {
    const parent = isFields(node) && typeof node.parent === "string" && node.parent in mapping ? node.parent : null;
    const siblings = parent === null ? undefined : childrenOf.get(parent);
    if (parent === null) waiting.push({ id, after: null });
    else if (siblings === undefined) childrenOf.set(parent, [id]);
    else siblings.push(id);
  }
  waiting.reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { id, after } = next;
    if (seen.has(id)) continue;
    seen.add(id);
    const own = messageOf(id, mapping[id], after);
    const only = after !== null && !answered.has(after.key);
    let last = own ?? after;
    // An answer in several pieces, with tools between them, is one answer.
    if (own !== null && after !== null && own.role === after.role && only) {
      after.content = `${after.content}\n\n${own.content}`;
      last = after;
    } else if (own !== null) {
      kept.set(id, own);
      if (own.parent_key !== null) answered.add(own.parent_key);
    }
    const children = childrenOf.get(id) ?? [];
    for (const child of children.toReversed()) waiting.push({ id: child, after: last });
  }
  return [...kept.values()];
}

function messageOf(id: string, node: unknown, after: Draft | null): Draft | null {
  const message = isFields(node) ? node.message : null;
  if (!isFields(message) || !isFields(message.author)) return null;
  const { role } = message.author;
  const metadata = isFields(message.metadata) ? message.metadata : {};
  if ((role !== "user" && role !== "assistant") || metadata.is_visually_hidden_from_conversation === true) return null;
  // What an assistant tells a tool is not for its reader.
  if (typeof message.recipient === "string" && message.recipient !== "all") return null;
  const content = textOf(message.content);
  if (content.trim() === "") return null;
  const model = typeof metadata.model_slug === "string" ? metadata.model_slug.slice(0, 200) : null;
  return {
    key: id,
    parent_key: after?.key ?? null,
    role,
    content,
    model: role === "assistant" ? model : null,
    created_at: timeOf(message.create_time),
  };
}

function textOf(content: unknown): string {
  if (!isFields(content)) return "";
  if (content.content_type === "code" && typeof content.text === "string") return `\`\`\`\n${content.text}\n\`\`\``;
  if (content.content_type !== "text" && content.content_type !== "multimodal_text") return "";
  const parts = Array.isArray(content.parts) ? content.parts : [];
  return parts
    .map((part) => (typeof part === "string" ? part : isFields(part) && typeof part.text === "string" ? part.text : ""))
    .filter((part) => part !== "")
    .join("\n");
}

/** Seconds since the epoch as ISO 8601; empty where there are none. */
function timeOf(seconds: unknown): string {
  if (typeof seconds !== "number" || !Number.isFinite(seconds) || Math.abs(seconds) > 1e11) return "";
  return new Date(seconds * 1000).toISOString();
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
