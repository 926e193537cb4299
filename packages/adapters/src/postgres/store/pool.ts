import { PermanentStoreError } from "@uci/stream";
import { Kysely, PostgresDialect } from "kysely";
import { Pool, type PoolConfig } from "pg";
import { GuardedPool, isPlanChange } from "./guarded-pool.ts";
import type { Database } from "./schema.ts";

export type PoolSettings = {
  readonly connection: PoolConfig;
  /** Connections at most. */
  readonly connections: number;
  /** A connection of the pool broke while it was idle; the pool makes another. */
  readonly connectionLost: (error: Error) => void;
};

/** What the connections of a pool do just now. */
export type PoolUse = {
  readonly inUse: number;
  /** Callers that wait for one. */
  readonly waiting: number;
  /** Connections at most. */
  readonly most: number;
};

const connectTimeoutMs = 2_000;
const statementTimeoutMs = 15_000;

/** A pool of connections. Nothing waits for it longer than two seconds. `failed` hears what statements fail with. */
export function openDatabase(
  settings: PoolSettings,
  failed: (error: unknown) => void = () => {},
): { database: Kysely<Database>; pool: Pool } {
  const pool = new Pool({
    ...settings.connection,
    max: settings.connections,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + connectTimeoutMs,
    idleTimeoutMillis: 60_000,
    application_name: "universal-chat-interface",
  });
  // Without this listener the process dies when the server restarts.
  pool.on("error", (error: Error & { client?: unknown }) => {
    // The pool hangs the whole client onto it, with all that it was set up with: nothing for a log.
    delete error.client;
    settings.connectionLost(error);
  });
  const dialect = new PostgresDialect({ pool: new GuardedPool(pool, failed) });
  return { database: new Kysely<Database>({ dialect }), pool };
}

const connectionCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  // A standby, or made read-only for a while; its disk does not take or give what it should.
  "25006",
  "58030",
  // Deadlock, too long a wait for a lock, too many connections, shutdown, crash, starting up, query cancelled by a time-out.
  "40P01",
  "55P03",
  "53300",
  "57P01",
  "57P02",
  "57P03",
  "57014",
]);

/** Whether an error means that the database cannot be reached or used just now: the same call may succeed later. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (isPlanChange(error)) return true;
  const { code } = error as Error & { code?: unknown };
  if (typeof code === "string") return connectionCodes.has(code) || code.startsWith("08") || code.startsWith("53");
  return /terminated|timeout|timed out|ended|closed/i.test(error.message);
}

/** Errors that no retry can mend, made recognisable: the data itself is refused. */
export function asPermanent(error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== "string" || !/^(22|23|42|54)/.test(code)) return error;
  return new PermanentStoreError(`the database refuses this row (${code})`, { cause: error });
}
