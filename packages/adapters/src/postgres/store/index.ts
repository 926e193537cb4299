import type { ConversationStore, TitleStore } from "@uci/chat";
import type { Kysely } from "kysely";
import { asStartError } from "../start-error.ts";
import { TextThread } from "../texts/index.ts";
import { PostgresAdmission } from "./admission.ts";
import { PostgresAttachments } from "./attachments.ts";
import { PostgresAttempts } from "./attempts.ts";
import { ModelCatalogueStore } from "./catalogue.ts";
import { PostgresConnectionTable } from "./connection-table.ts";
import { PostgresFolders } from "./folders.ts";
import { PostgresLedger } from "./ledger.ts";
import { migrate } from "./migrations.ts";
import { PostgresOutbox } from "./outbox.ts";
import { openDatabase, type PoolSettings } from "./pool.ts";
import { PostgresPreferences } from "./preferences.ts";
import { PostgresPrompts } from "./prompts.ts";
import { PostgresRevocations } from "./revocations.ts";
import type { Database } from "./schema.ts";
import { PostgresSearch } from "./search.ts";
import { PostgresMessages, PostgresSessions } from "./sessions.ts";
import { PostgresShares } from "./shares.ts";
import { type StorageLimits, StorageQuota } from "./storage.ts";
import { PostgresTitles } from "./titles.ts";
import { PostgresTransfer } from "./transfer.ts";
import { PostgresTree } from "./tree.ts";
import { PostgresTurns } from "./turns.ts";
import { PostgresUsers } from "./users.ts";

export type { PostgresAttempts } from "./attempts.ts";
export type { ModelCatalogueStore } from "./catalogue.ts";
export { type ConnectionTableSettings, PostgresConnectionTable } from "./connection-table.ts";
export { MigrationError } from "./migrations.ts";
export { replacePassword } from "./passwords.ts";
export { isDatabaseUnavailable, type PoolSettings } from "./pool.ts";
export type { PostgresRevocations } from "./revocations.ts";
export type { StorageLimits } from "./storage.ts";

const unlimited: StorageLimits = { personBytes: Number.POSITIVE_INFINITY, totalBytes: 0 };

/** Makes a new id of a kind. */
export type MakeId = (kind: "session" | "message" | "job" | "folder" | "prompt" | "attachment") => string;

export type PostgresStore = {
  readonly conversations: ConversationStore;
  /** Titles that models give, for the workers. */
  readonly titles: TitleStore;
  readonly ledger: PostgresLedger;
  readonly outbox: PostgresOutbox;
  readonly admission: PostgresAdmission;
  /** The table of open connections; unused, it costs nothing. */
  readonly connections: PostgresConnectionTable;
  /** Sign-ins that have ended. */
  readonly revocations: PostgresRevocations;
  /** Counts that all pods share. */
  readonly attempts: PostgresAttempts;
  /** What workers say they can call. */
  readonly catalogue: ModelCatalogueStore;
  /** For the sign-in library, which keeps its own tables in the same database. */
  readonly database: Kysely<Database>;
  close(): Promise<void>;
};

/**
 * Opens the store and brings its tables up to date. `tableFailed` hears of connections that could not be written into
 * their table. Throws `MigrationError` or `DatabaseStartError`.
 */
export async function openPostgresStore(
  settings: PoolSettings & { readonly tableFailed?: (error: unknown) => void; readonly storage?: StorageLimits },
  makeId: MakeId,
): Promise<PostgresStore> {
  const { database } = openDatabase(settings);
  try {
    await migrate(database);
  } catch (error) {
    await database.destroy();
    throw asStartError(error, settings.connection);
  }
  const texts = new TextThread();
  const quota = new StorageQuota(settings.storage ?? unlimited);
  const connections = new PostgresConnectionTable(database, { failed: settings.tableFailed ?? (() => {}) });
  return {
    conversations: {
      turns: new PostgresTurns(database, makeId, quota),
      sessions: new PostgresSessions(database, () => makeId("session")),
      messages: new PostgresMessages(database),
      tree: new PostgresTree(database, makeId, quota),
      attachments: new PostgresAttachments(database, () => makeId("attachment"), quota),
      users: new PostgresUsers(database),
      folders: new PostgresFolders(database, () => makeId("folder")),
      prompts: new PostgresPrompts(database, () => makeId("prompt")),
      preferences: new PostgresPreferences(database),
      search: new PostgresSearch(database, texts),
      shares: new PostgresShares(database, quota),
      transfer: new PostgresTransfer(database, makeId, quota),
    },
    titles: new PostgresTitles(database),
    ledger: new PostgresLedger(database),
    outbox: new PostgresOutbox(database),
    admission: new PostgresAdmission(database),
    connections,
    attempts: new PostgresAttempts(database),
    revocations: new PostgresRevocations(database),
    catalogue: new ModelCatalogueStore(database),
    database,
    async close() {
      await connections.close();
      await texts.close();
      await database.destroy();
    },
  };
}
