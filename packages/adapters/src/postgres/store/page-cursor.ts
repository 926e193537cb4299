import { InvalidPageCursor } from "@uci/chat";

/** Where a page ended: time in milliseconds and id of its last row. */
export type PagePosition = { readonly atMs: number; readonly id: string };

export function formatPageCursor(position: PagePosition): string {
  return Buffer.from(`${position.atMs}~${position.id}`).toString("base64url");
}

/** Throws `InvalidPageCursor` for what `formatPageCursor` cannot have made. */
export function parsePageCursor(text: string): PagePosition {
  const match = /^(\d{1,15})~([A-Za-z0-9_-]{1,64})$/.exec(Buffer.from(text, "base64url").toString("latin1"));
  if (match === null) throw new InvalidPageCursor();
  return { atMs: Number(match[1]), id: match[2]! };
}

/** Cuts a list read with one row more than wanted into a page. */
export function pageOf<Row, View>(
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => View,
  position: (row: Row) => PagePosition,
): { rows: View[]; next_cursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { rows: shown.map(view), next_cursor: more ? formatPageCursor(position(last)) : null };
}
