import {
  claimDatabase,
  connectionOf,
  type EmbeddedLog,
  holdsDatabase,
  type PostgresSettings,
  shownAddress,
  startEmbeddedPostgres,
} from "@uci/adapters/postgres";
import { SettingError } from "@uci/adapters/settings";
import type { PoolConfig } from "pg";
import { embeddedFolder, hasUnusedDatabase, refuseEmptyDatabase, writeRecord } from "./folder-record.ts";

export type OpenedDatabase = {
  readonly connection: PoolConfig;
  /** Where it is, for a person; without a password. */
  readonly description: string;
  /** Notes in the data folder where its chats are; once the database has shown to be usable. */
  settle(): void;
  stop(): Promise<void>;
};

export type DatabaseOptions = {
  readonly settings: PostgresSettings;
  /** The whole path of the data folder, which exists. */
  readonly dataFolder: string;
  readonly log: EmbeddedLog;
};

/**
 * Opens the database of the one process for it alone: the one in its data folder, or the one that `DATABASE_URL` names.
 * `taken` hears, once, that another instance has taken the latter. Throws `SettingError`, `EmbeddedDatabaseError`,
 * `DatabaseClaimedError`, or what the connection throws.
 */
export async function openDatabase(
  options: DatabaseOptions & { readonly taken: (error: Error) => void },
): Promise<OpenedDatabase> {
  const { settings, dataFolder, log } = options;
  if (settings.DATABASE_URL === undefined) return embeddedDatabase(dataFolder, log);
  const connection = connectionOf(settings);
  const shownAs = shownAddress(connection);
  writeRecord(dataFolder, { database: "none" });
  const waiting = (sentence: string) => log.warn(sentence);
  const claim = await claimDatabase({ connection, waiting, taken: options.taken });
  const unused = hasUnusedDatabase(dataFolder) ? `; the one in ${embeddedFolder(dataFolder)} is not used` : "";
  return {
    connection,
    description: `${shownAs}${unused}`,
    settle: () => writeRecord(dataFolder, { database: "external", address: shownAs }),
    stop: () => claim.release(),
  };
}

async function embeddedDatabase(dataFolder: string, log: EmbeddedLog): Promise<OpenedDatabase> {
  refuseEmptyDatabase(dataFolder);
  writeRecord(dataFolder, { database: "none" });
  const folder = embeddedFolder(dataFolder);
  const server = await startEmbeddedPostgres({ dataFolder: folder, log });
  return {
    connection: server.connection,
    description: `PostgreSQL 18, in ${folder}`,
    settle: () => writeRecord(dataFolder, { database: "embedded" }),
    stop: () => server.stop(),
  };
}

/** Does something with the database beside an instance that may be running on it. Makes none where there is none. */
export async function withDatabase<Result>(
  { settings, dataFolder, log }: DatabaseOptions,
  task: (connection: PoolConfig) => Promise<Result>,
): Promise<Result> {
  if (settings.DATABASE_URL !== undefined) return task(connectionOf(settings));
  const folder = embeddedFolder(dataFolder);
  if (!holdsDatabase(folder)) {
    throw new SettingError(
      `There is no database in ${dataFolder}; name the data folder with --data, or set DATABASE_URL.`,
    );
  }
  const server = await startEmbeddedPostgres({ dataFolder: folder, log });
  try {
    return await task(server.connection);
  } finally {
    await server.stop();
  }
}
