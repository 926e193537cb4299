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
import { type OpenJobs, openJobs } from "./open-jobs.ts";
import { PostgresOutbox } from "./outbox.ts";
import { openDatabase, type PoolSettings, type PoolUse } from "./pool.ts";
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
import { type DatabaseTrouble, WriteWatch, writeProbes } from "./write-watch.ts";

export type { PostgresAttempts } from "./attempts.ts";
export type { ModelCatalogueStore } from "./catalogue.ts";
export { type ConnectionTableSettings, PostgresConnectionTable } from "./connection-table.ts";
export { MigrationError } from "./migrations.ts";
export { replacePassword } from "./passwords.ts";
export { isDatabaseUnavailable, type PoolSettings, type PoolUse } from "./pool.ts";
export type { PostgresRevocations } from "./revocations.ts";
export type { StorageLimits } from "./storage.ts";
export type { DatabaseTrouble } from "./write-watch.ts";

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
  /** Why the database takes no writes just now; null: it does, as far as is known. */
  readonly trouble: () => DatabaseTrouble | null;
  readonly poolUse: () => PoolUse;
  /** Throws while the database cannot say. */
  readonly openJobs: () => Promise<OpenJobs>;
  close(): Promise<void>;
};

export type StoreSettings = PoolSettings & {
  /** What a person, and all together, may keep; absent: no limit. */
  readonly storage?: StorageLimits;
  /** Connections could not be written into their table. */
  readonly tableFailed?: (error: unknown) => void;
  /** The database began to refuse writes, or takes them again: null. */
  readonly troubleChanged?: (trouble: DatabaseTrouble | null) => void;
};

/** Opens the store and brings its tables up to date. Throws `MigrationError` or `DatabaseStartError`. */
export async function openPostgresStore(settings: StoreSettings, makeId: MakeId): Promise<PostgresStore> {
  const { database, pool } = openDatabase(settings, (error) => watch.noted(error));
  const watch = new WriteWatch(writeProbes(database), settings.troubleChanged ?? (() => {}));
  try {
    await migrate(database);
  } catch (error) {
    await database.destroy();
    throw asStartError(error, settings.connection);
  }
  const texts = new TextThread();
  const quota = new StorageQuota(settings.storage ?? unlimited);
  watch.start();
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
    trouble: () => watch.trouble,
    openJobs: () => openJobs(database),
    poolUse: () => ({
      inUse: pool.totalCount - pool.idleCount,
      waiting: pool.waitingCount,
      most: settings.connections,
    }),
    async close() {
      await watch.stop();
      await connections.close();
      await texts.close();
      await database.destroy();
    },
  };
}
