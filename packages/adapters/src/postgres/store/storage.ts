import { RegisteredError } from "@uci/protocol";
import { sql } from "kysely";
import { lockPerson, type Open } from "./turn-rows.ts";

export type StorageLimits = {
  /** What one person may keep: texts, files and shares, in bytes. */
  readonly personBytes: number;
  /** What all people together may keep, in bytes; 0: no limit. */
  readonly totalBytes: number;
};

/** What all people keep is counted this often at most: it is read from every session's row. */
const totalKnownMs = 30_000;
/** What a session takes besides its texts. */
const sessionBytes = 1_024;

/**
 * What people keep is counted where it lies: each session's row has the size of its texts, by a trigger of the
 * database's, whoever writes them. So nothing is counted in one place for everybody, and what is deleted is room again.
 */
export class StorageQuota {
  readonly #limits: StorageLimits;
  /** What this process has let in since the last count; what was refused or deleted since is in the next one. */
  #claimedSince = 0;
  #total: { readonly atMs: number; readonly bytes: Promise<number> } | null = null;

  constructor(limits: StorageLimits) {
    this.#limits = limits;
  }

  /**
   * Makes sure that there is room for so many bytes more of this person's. Holds the person's lock until the transaction
   * ends, so that many at once do not take the same room. Throws `quota_exceeded`, `storage_full`.
   */
  async claim(open: Open, userId: string, bytes: number): Promise<void> {
    await lockPerson(open, userId);
    const { rows } = await personBytesQuery(userId).execute(open);
    await this.check(open, rows[0]?.bytes ?? 0, bytes);
  }

  /** The same, where the lock is held and what the person keeps is known. */
  async check(open: Open, keptBytes: number, bytes: number): Promise<void> {
    const { personBytes, totalBytes } = this.#limits;
    if (keptBytes + bytes > personBytes) {
      const most = Math.floor(personBytes / 1024 / 1024);
      throw new RegisteredError(
        "quota_exceeded",
        `Your chats, files and shares may take ${most} MB; delete some of them first.`,
      );
    }
    if (totalBytes === 0) return;
    const total = await this.#totalBytes(open);
    if (total + this.#claimedSince + bytes > totalBytes) throw new RegisteredError("storage_full");
    this.#claimedSince += bytes;
  }

  /** Over the connection of whoever asks: with all connections in such transactions another one would never come. */
  #totalBytes(open: Open): Promise<number> {
    const nowMs = Date.now();
    if (this.#total !== null && nowMs - this.#total.atMs < totalKnownMs) return this.#total.bytes;
    const bytes = totalBytesQuery()
      .execute(open)
      .then(({ rows }) => rows[0]?.bytes ?? 0);
    const counted = { atMs: nowMs, bytes };
    this.#total = counted;
    this.#claimedSince = 0;
    bytes.catch(() => {
      if (this.#total === counted) this.#total = null;
    });
    return bytes;
  }
}

/** Served by the indexes `chat_sessions_bytes`, `attachments_sizes` and `shares_of_user`. */
export function personBytesQuery(userId: string) {
  return sql<{ bytes: number }>`
    select ${keptBy(userId)} as bytes`;
}

/** What a person keeps, as part of a statement. */
export function keptBy(userId: string) {
  return sql<number>`((
      select coalesce(sum(bytes) + count(*) * ${sessionBytes}::bigint, 0) from chat_sessions where user_id = ${userId})
      + (select coalesce(sum(size), 0) from attachments where user_id = ${userId})
      + (select coalesce(sum(pg_column_size(messages)), 0) from shares where user_id = ${userId}))::float8`;
}

function totalBytesQuery() {
  return sql<{ bytes: number }>`
    select ((select coalesce(sum(bytes) + count(*) * ${sessionBytes}::bigint, 0) from chat_sessions)
      + (select coalesce(sum(size), 0) from attachments)
      + (select coalesce(sum(pg_column_size(messages)), 0) from shares))::float8 as bytes`;
}
