import { type Kysely, sql } from "kysely";
import type { Database } from "./schema.ts";

/** Replaces the password of the account with this address and ends its sign-ins. False: there is no such account. */
export async function replacePassword(database: Kysely<Database>, email: string, hash: string): Promise<boolean> {
  return database.transaction().execute(async (open) => {
    const { rows } = await sql<{ user_id: string }>`
      update auth_accounts set password = ${hash}, updated_at = now()
      from users where users.id = auth_accounts.user_id and users.email = ${email.toLowerCase()}
        and auth_accounts.provider_id = 'credential'
      returning auth_accounts.user_id`.execute(open);
    for (const { user_id } of rows) await sql`delete from auth_sessions where user_id = ${user_id}`.execute(open);
    return rows.length > 0;
  });
}
