import { expect } from "vitest";
import type { Page, PageRequest } from "../src/index.ts";

/** All rows of a list, page by page. */
export async function everyPage<Row>(
  list: (page: PageRequest) => Promise<Page<Row> | null>,
  limit: number,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Page<Row> | null = await list({ cursor, limit });
    expect(page?.rows.length).toBeLessThanOrEqual(limit);
    rows.push(...(page?.rows ?? []));
    cursor = page?.next_cursor ?? null;
    if (cursor === null) return rows;
  }
}
