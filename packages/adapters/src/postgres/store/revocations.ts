import { type Kysely, sql } from "kysely";
import type { Database } from "./schema.ts";

const keptForSeconds = 2 * 3_600;

/**
 * Sign-ins that have ended before their time. A trigger on their table writes them down, so that none is forgotten: a
 * sign-out, another password, a device signed out, a deleted account, an administrator's statement by hand.
 */
export class PostgresRevocations {
  readonly #database: Kysely<Database>;

  constructor(database: Kysely<Database>) {
    this.#database = database;
  }

  /** Ids of sign-ins that ended within so many seconds, two hours at most; the same ones again at each call. */
  async recent(withinSeconds: number): Promise<readonly string[]> {
    const { rows } = await sql<{ sign_in_id: string }>`
      select sign_in_id from ended_sign_ins where ended_at > clock_timestamp() - ${withinSeconds} * interval '1 second'
      `.execute(this.#database);
    return rows.map((row) => row.sign_in_id);
  }

  /** Ends one sign-in. */
  async end(signInId: string): Promise<void> {
    await sql`delete from auth_sessions where id = ${signInId}`.execute(this.#database);
  }

  /** Deletes what everybody has heard of long ago. */
  async forgetOld(): Promise<void> {
    await sql`
      delete from ended_sign_ins where ended_at < clock_timestamp() - ${keptForSeconds} * interval '1 second'`.execute(
      this.#database,
    );
  }
}
