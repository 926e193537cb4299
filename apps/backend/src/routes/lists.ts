import { InvalidPageCursor, type PageRequest } from "@uci/chat";
import { RegisteredError } from "@uci/protocol";
import { z } from "zod";

const standardPageRows = 50;

/** Trusted mode: who asks, in the query. */
export const userQuery = z.object({ user_id: z.string().min(1).max(128).optional() });

export function pageRequest(
  query: { readonly cursor?: string | undefined; readonly limit?: number | undefined },
  standardRows: number = standardPageRows,
): PageRequest {
  return { cursor: query.cursor ?? null, limit: query.limit ?? standardRows };
}

/** What a list answers; a cursor it did not give out is the caller's fault. */
export async function listed<Result>(list: () => Promise<Result>): Promise<Result> {
  try {
    return await list();
  } catch (error) {
    if (error instanceof InvalidPageCursor) throw new RegisteredError("invalid_cursor");
    throw error;
  }
}

/** The value; 404 where there is none. */
export function found<Value>(value: Value | null): Value {
  if (value === null) throw new RegisteredError("not_found");
  return value;
}
