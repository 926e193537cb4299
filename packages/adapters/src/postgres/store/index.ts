import type { ConversationStore } from "@uci/chat";
import type { Kysely } from "kysely";
import { PostgresLedger } from "./ledger.ts";
import { migrate } from "./migrations.ts";
import { PostgresOutbox } from "./outbox.ts";
import { openDatabase, type PoolSettings } from "./pool.ts";
import type { Database } from "./schema.ts";
import { PostgresMessages, PostgresSessions, PostgresUsers } from "./sessions.ts";
import { type MakeTurnId, PostgresTurns } from "./turns.ts";

export { MigrationError } from "./migrations.ts";
export { isDatabaseUnavailable } from "./pool.ts";

export type PostgresStore = {
  readonly conversations: ConversationStore;
  readonly ledger: PostgresLedger;
  readonly outbox: PostgresOutbox;
  /** For the sign-in library, which keeps its own tables in the same database. */
  readonly database: Kysely<Database>;
  close(): Promise<void>;
};

/** Opens the store and brings its tables up to date. Throws `MigrationError`, or what the connection throws. */
export async function openPostgresStore(settings: PoolSettings, makeId: MakeTurnId): Promise<PostgresStore> {
  const { database } = openDatabase(settings);
  try {
    await migrate(database);
  } catch (error) {
    await database.destroy();
    throw error;
  }
  return {
    conversations: {
      turns: new PostgresTurns(database, makeId),
      sessions: new PostgresSessions(database, () => makeId("session")),
      messages: new PostgresMessages(database),
      users: new PostgresUsers(database),
    },
    ledger: new PostgresLedger(database),
    outbox: new PostgresOutbox(database),
    database,
    close: () => database.destroy(),
  };
}
