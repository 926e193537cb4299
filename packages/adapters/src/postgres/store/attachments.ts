import type { AttachmentStore, NewAttachment } from "@uci/chat";
import { type Attachment, type AttachmentReference, wireLimits } from "@uci/protocol";
import { type Kysely, type Selectable, sql, type Transaction } from "kysely";
import type { AttachmentsTable, Database } from "./schema.ts";
import { storable } from "./storable.ts";
import type { StorageQuota } from "./storage.ts";
import type { Open } from "./turn-rows.ts";

/** Unused files removed in one statement. */
const removedAtOnce = 200;

/** Files of users, their bytes in a column of their own: ten megabytes at most, and read one by one. */
export class PostgresAttachments implements AttachmentStore {
  readonly #database: Kysely<Database>;
  readonly #makeAttachmentId: () => string;
  readonly #quota: StorageQuota;

  constructor(database: Kysely<Database>, makeAttachmentId: () => string, quota: StorageQuota) {
    this.#database = database;
    this.#quota = quota;
    this.#makeAttachmentId = makeAttachmentId;
  }

  put(userId: string, file: NewAttachment): Promise<Attachment | null> {
    return this.#database.transaction().execute((open) => this.#put(open, userId, file));
  }

  /** Under the person's lock, so that of many at once only so many are taken. */
  async #put(open: Open, userId: string, { name, media_type, bytes }: NewAttachment): Promise<Attachment | null> {
    await this.#quota.claim(open, userId, bytes.length);
    const { rows } = await unusedCountQuery(userId).execute(open);
    if ((rows[0]?.count ?? 0) >= wireLimits.unusedAttachments) return null;
    const row = await open
      .insertInto("attachments")
      .values({
        attachment_id: this.#makeAttachmentId(),
        user_id: userId,
        name: storable(name),
        media_type: storable(media_type),
        size: bytes.length,
        bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
      })
      .returning(["attachment_id", "name", "media_type", "size", "created_at"])
      .executeTakeFirstOrThrow();
    return attachmentView(row);
  }

  async get(userId: string, attachmentId: string): Promise<{ attachment: Attachment; bytes: Uint8Array } | null> {
    const row = await this.#database
      .selectFrom("attachments")
      .selectAll()
      .where("attachment_id", "=", attachmentId)
      .where("user_id", "=", userId)
      .executeTakeFirst();
    return row === undefined ? null : { attachment: attachmentView(row), bytes: row.bytes };
  }

  use(userId: string, messageId: string, attachmentIds: readonly string[]) {
    return this.#database.transaction().execute((open) => useAttachments(open, userId, messageId, attachmentIds));
  }

  async remove(userId: string, attachmentId: string): Promise<boolean> {
    const { numAffectedRows } = await sql`
      delete from attachments a where attachment_id = ${attachmentId} and user_id = ${userId}
        and not exists (select from message_attachments l where l.attachment_id = a.attachment_id)`.execute(
      this.#database,
    );
    return numAffectedRows === 1n;
  }

  removeUnused(olderThanMs: number): Promise<number> {
    return removeUnusedAttachments(this.#database, olderThanMs);
  }
}

/** Removes files that no message uses, in pieces, so that none takes long; how many. */
export async function removeUnusedAttachments(database: Kysely<Database>, olderThanMs: number): Promise<number> {
  let total = 0;
  for (let removed = removedAtOnce; removed === removedAtOnce; total += removed) {
    removed = Number((await unusedQuery(olderThanMs).execute(database)).numAffectedRows);
  }
  return total;
}

/**
 * Runs what deletes messages, then removes the files that went with them and that no other message uses: whoever deletes
 * makes room.
 */
export async function removeWithFiles(
  open: Open,
  messages: { readonly sessionId: string } | { readonly messageIds: readonly string[] },
  remove: () => Promise<unknown>,
): Promise<void> {
  const which =
    "sessionId" in messages
      ? sql`(select message_id from messages where session_id = ${messages.sessionId})`
      : sql`(select unnest(${[...messages.messageIds]}::text[]))`;
  const { rows } = await sql<{ attachment_id: string }>`
    select distinct attachment_id from message_attachments where message_id in ${which}`.execute(open);
  await remove();
  if (rows.length === 0) return;
  await sql`
    delete from attachments a where attachment_id = any(${rows.map((row) => row.attachment_id)}::text[])
      and not exists (select from message_attachments l where l.attachment_id = a.attachment_id)`.execute(open);
}

/** Ties files to a message within a transaction; null when one of them is not the user's. */
export async function useAttachments(
  open: Transaction<Database>,
  userId: string,
  messageId: string,
  attachmentIds: readonly string[],
): Promise<readonly AttachmentReference[] | null> {
  const found = await sql<AttachmentReference>`
    select attachment_id, name, media_type from attachments
    where attachment_id = any(${[...attachmentIds]}::text[]) and user_id = ${userId} for share`.execute(open);
  const byId = new Map(found.rows.map((row) => [row.attachment_id, row]));
  const used = [...new Set(attachmentIds)].map((id) => byId.get(id));
  if (used.some((row) => row === undefined)) return null;
  await sql`
    insert into message_attachments (message_id, attachment_id)
    select ${messageId}, unnest(${[...byId.keys()]}::text[]) on conflict do nothing`.execute(open);
  return used.filter((row) => row !== undefined);
}

/** Looks at every file's row, once an hour; the bytes lie elsewhere, so that the rows are few pages. */
export function unusedQuery(olderThanMs: number) {
  return sql`
    delete from attachments where attachment_id = any(array(
      select attachment_id from attachments a
      where created_at < now() - ${olderThanMs} * interval '1 millisecond'
        and not exists (select from message_attachments l where l.attachment_id = a.attachment_id)
      limit ${removedAtOnce}))`;
}

/** Served by the index `attachments_of_user`. */
export function unusedCountQuery(userId: string) {
  return sql<{ count: number }>`
    select count(*)::integer as count from attachments a
    where user_id = ${userId} and created_at > now() - interval '1 day'
      and not exists (select from message_attachments l where l.attachment_id = a.attachment_id)`;
}

function attachmentView(row: Omit<Selectable<AttachmentsTable>, "bytes" | "user_id">): Attachment {
  const { attachment_id, name, media_type, size, created_at } = row;
  return { attachment_id, name, media_type, size, created_at: created_at.toISOString() };
}
