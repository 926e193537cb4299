import { randomBytes } from "node:crypto";
import type { Page, PageRequest, ShareRefusal, ShareStore } from "@uci/chat";
import { type Share, type SharedBranch, type SharedMessage, wireLimits } from "@uci/protocol";
import { type Kysely, type Selectable, sql, type Transaction } from "kysely";
import { pageOf, parsePageCursor } from "./page-cursor.ts";
import type { Database, SharesTable } from "./schema.ts";
import { storableJson } from "./storable.ts";
import type { StorageQuota } from "./storage.ts";

/** Whoever knows a share's id may read it, so nobody may guess one: 192 bits. */
const shareIdBytes = 24;
/** Messages of one shared branch. */
const branchMessages = 2_000;

type BranchRow = SharedMessage & { readonly bytes: number };
type ShareRow = Pick<Selectable<SharesTable>, "share_id" | "session_id" | "title" | "created_at">;
const shareColumns = ["share_id", "session_id", "title", "created_at"] as const;

export class PostgresShares implements ShareStore {
  readonly #database: Kysely<Database>;
  readonly #quota: StorageQuota;

  constructor(database: Kysely<Database>, quota: StorageQuota) {
    this.#database = database;
    this.#quota = quota;
  }

  async create(userId: string, sessionId: string, messageId: string | undefined): Promise<Share | ShareRefusal | null> {
    return this.#database.transaction().execute(async (open) => {
      const session = await open
        .selectFrom("chat_sessions")
        .select(["title"])
        .where("session_id", "=", sessionId)
        .where("user_id", "=", userId)
        .where("temporary", "=", false)
        .forNoKeyUpdate()
        .executeTakeFirst();
      if (session === undefined) return null;
      const branch = await branchOf(open, sessionId, messageId);
      if (branch.length === 0) return null;
      const bytes = branch.reduce((sum, message) => sum + message.bytes, 0);
      if (bytes > wireLimits.sharedBytes) return "too_large";
      await this.#quota.claim(open, userId, bytes);
      const { count } = await open
        .selectFrom("shares")
        .select(sql<number>`count(*)::integer`.as("count"))
        .where("session_id", "=", sessionId)
        .executeTakeFirstOrThrow();
      if (count >= wireLimits.sharesPerSession) return "full";
      const messages = branch.map(({ bytes: _bytes, ...message }) => message);
      const row = await open
        .insertInto("shares")
        .values({
          share_id: randomBytes(shareIdBytes).toString("base64url"),
          session_id: sessionId,
          user_id: userId,
          title: session.title,
          messages: storableJson(messages),
        })
        .returning(shareColumns)
        .executeTakeFirstOrThrow();
      return shareView(row);
    });
  }

  async list(userId: string, sessionId: string, page: PageRequest): Promise<Page<Share> | null> {
    const session = await this.#database
      .selectFrom("chat_sessions")
      .select("session_id")
      .where("session_id", "=", sessionId)
      .where("user_id", "=", userId)
      .executeTakeFirst();
    if (session === undefined) return null;
    const rows = await shareListQuery(this.#database, sessionId, page).execute();
    return pageOf(rows, page.limit, shareView, (row) => ({ atMs: row.created_at.getTime(), id: row.share_id }));
  }

  async remove(userId: string, shareId: string): Promise<boolean> {
    const removed = await this.#database
      .deleteFrom("shares")
      .where("share_id", "=", shareId)
      .where("user_id", "=", userId)
      .executeTakeFirst();
    return removed.numDeletedRows > 0n;
  }

  async read(shareId: string): Promise<SharedBranch | null> {
    const row = await this.#database
      .selectFrom("shares")
      .select(["share_id", "title", "created_at", "messages"])
      .where("share_id", "=", shareId)
      .executeTakeFirst();
    if (row === undefined) return null;
    const { share_id, title, created_at, messages } = row;
    return { share_id, title, created_at: created_at.toISOString(), messages };
  }
}

/** Served by the index `shares_of_session`. */
export function shareListQuery(database: Kysely<Database>, sessionId: string, page: PageRequest) {
  const query = database.selectFrom("shares").select(shareColumns).where("session_id", "=", sessionId);
  const after = page.cursor === null ? null : parsePageCursor(page.cursor);
  const rest =
    after === null ? query : query.where(sql<boolean>`(created_at, share_id) < (${new Date(after.atMs)}, ${after.id})`);
  return rest
    .orderBy("created_at", "desc")
    .orderBy("share_id", "desc")
    .limit(page.limit + 1);
}

/** From the root to a message, or to the newest one; what has no text, and what is not said by either side, is left out. Empty: no such message in the session. */
async function branchOf(
  open: Transaction<Database>,
  sessionId: string,
  messageId: string | undefined,
): Promise<readonly BranchRow[]> {
  const end =
    messageId === undefined
      ? sql`(select message_id from messages where session_id = ${sessionId}
          order by created_at desc, message_id desc limit 1)`
      : sql`${messageId}`;
  const { rows } = await sql<Omit<BranchRow, "created_at"> & { created_at: Date }>`
    with recursive path as (
      select message_id, parent_message_id, 1 as depth from messages
      where message_id = ${end} and session_id = ${sessionId}
      union all
      select m.message_id, m.parent_message_id, path.depth + 1
      from messages m join path on m.message_id = path.parent_message_id where path.depth < ${branchMessages})
    select m.role, m.content, m.model, m.created_at, octet_length(m.content) as bytes
    from path join messages m on m.message_id = path.message_id
    where m.content <> '' and m.role <> 'system' order by path.depth desc`.execute(open);
  return rows.map((row) => ({ ...row, created_at: row.created_at.toISOString() }));
}

function shareView({ share_id, session_id, title, created_at }: ShareRow): Share {
  return { share_id, session_id, title, created_at: created_at.toISOString() };
}
