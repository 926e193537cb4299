export type Page<Row> = { readonly rows: readonly Row[]; readonly next_cursor: string | null };
export type PageRequest = { readonly cursor: string | null; readonly limit: number };

/** Thrown by lists when the cursor is not one they gave out. */
export class InvalidPageCursor extends Error {
  override readonly name = "InvalidPageCursor";
}
