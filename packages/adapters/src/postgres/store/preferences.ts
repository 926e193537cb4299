import { noPreferences, noSessionSettings, type PreferenceStore, type TurnDefaults } from "@uci/chat";
import type { Preferences, SessionSettings } from "@uci/protocol";
import { type Kysely, sql } from "kysely";
import type { Database } from "./schema.ts";
import { storableJson } from "./storable.ts";

type Kept = Partial<Preferences> | null;

export class PostgresPreferences implements PreferenceStore {
  readonly #database: Kysely<Database>;

  constructor(database: Kysely<Database>) {
    this.#database = database;
  }

  async find(userId: string): Promise<Preferences> {
    const row = await this.#database
      .selectFrom("user_preferences")
      .select("preferences")
      .where("user_id", "=", userId)
      .executeTakeFirst();
    return { ...noPreferences, ...row?.preferences };
  }

  async change(
    userId: string,
    change: { readonly [Name in keyof Preferences]?: Preferences[Name] | undefined },
  ): Promise<Preferences> {
    const given = storableJson(change);
    const { rows } = await sql<{ preferences: Partial<Preferences> }>`
      insert into user_preferences (user_id, preferences) values (${userId}, jsonb_strip_nulls(${given}::jsonb))
      on conflict (user_id) do update
        set preferences = jsonb_strip_nulls(user_preferences.preferences || ${given}::jsonb)
      returning preferences`.execute(this.#database);
    return { ...noPreferences, ...rows[0]?.preferences };
  }

  async forTurn(
    userId: string,
    { session_id, message_id }: { session_id?: string | undefined; message_id?: string | undefined },
  ): Promise<TurnDefaults> {
    const { rows } = await sql<{ settings: Partial<SessionSettings> | null; preferences: Kept }>`
      select
        (select settings from chat_sessions where user_id = ${userId} and session_id = coalesce(
          ${session_id ?? null}::text,
          (select session_id from messages where message_id = ${message_id ?? null}::text))) as settings,
        (select preferences from user_preferences where user_id = ${userId}) as preferences`.execute(this.#database);
    return {
      settings: { ...noSessionSettings, ...rows[0]?.settings },
      preferences: { ...noPreferences, ...rows[0]?.preferences },
    };
  }
}
