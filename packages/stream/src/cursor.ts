import { isIdentifier, wireLimits } from "@uci/protocol";

/** How far a reader is in one answer: the last chunk it has of a generation, -1 when none. */
export type CursorPosition = { readonly generation: number; readonly chunkId: number };

/** Where a reader is in every answer it believes unfinished, by message id. */
export type Cursor = ReadonlyMap<string, CursorPosition>;

const version = "1";
const numberPattern = /^(0|[1-9][0-9]{0,8})$/;

/** `1~{message_id}:{generation}.{chunk_id},…`; an empty cursor is `1~`. */
export function formatCursor(cursor: Cursor): string {
  const parts: string[] = [];
  for (const [messageId, position] of cursor) parts.push(`${messageId}:${position.generation}.${position.chunkId}`);
  return `${version}~${parts.join(",")}`;
}

/** The cursor a text stands for; null when it is not one we could have given out. */
export function parseCursor(text: string): Cursor | null {
  if (text.length > wireLimits.cursorCharacters || !text.startsWith(`${version}~`)) return null;
  const cursor = new Map<string, CursorPosition>();
  const body = text.slice(2);
  if (body === "") return cursor;
  const parts = body.split(",");
  if (parts.length > wireLimits.cursorEntries) return null;
  for (const part of parts) {
    const match = /^([^:]+):([^.]+)\.(.+)$/.exec(part);
    if (match === null) return null;
    const [, messageId, generation, chunkId] = match as unknown as [string, string, string, string];
    if (!isIdentifier(messageId) || cursor.has(messageId)) return null;
    if (!numberPattern.test(generation) || !(chunkId === "-1" || numberPattern.test(chunkId))) return null;
    cursor.set(messageId, { generation: Number(generation), chunkId: Number(chunkId) });
  }
  return cursor;
}
