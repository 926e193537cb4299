import { type Kysely, sql } from "kysely";
import type { Database } from "./schema.ts";

/** Counts that all pods share and that end by themselves, such as wrong passwords for one account. */
export class PostgresAttempts {
  readonly #database: Kysely<Database>;

  constructor(database: Kysely<Database>) {
    this.#database = database;
  }

  /** Counts one more of a key, whose window of so many milliseconds begins with the first; atomic. */
  async count(key: string, windowMs: number): Promise<{ count: number; leftMs: number }> {
    const { rows } = await sql<{ count: number; left_ms: number }>`
      insert into attempts as known (key, count, ends_at)
      values (${key}, 1, clock_timestamp() + ${windowMs} * interval '1 millisecond')
      on conflict (key) do update set
        count = case when known.ends_at <= clock_timestamp() then 1 else known.count + 1 end,
        ends_at = case when known.ends_at <= clock_timestamp() then excluded.ends_at else known.ends_at end
      returning count, ceil(extract(epoch from ends_at - clock_timestamp()) * 1000)::int as left_ms`.execute(
      this.#database,
    );
    const { count = 1, left_ms: leftMs = windowMs } = rows[0] ?? {};
    return { count, leftMs };
  }

  /** Takes one back. */
  async giveBack(key: string): Promise<void> {
    await sql`update attempts set count = count - 1 where key = ${key} and count > 0`.execute(this.#database);
  }

  /** Deletes counts whose window is over. */
  async forgetOld(): Promise<void> {
    await sql`delete from attempts where ends_at < clock_timestamp()`.execute(this.#database);
  }
}
