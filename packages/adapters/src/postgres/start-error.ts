import type { PoolConfig } from "pg";
import { isDatabaseUnavailable } from "./store/pool.ts";

/** The database cannot be used at the start. The message is one sentence for the operator, without the password. */
export class DatabaseStartError extends Error {
  override readonly name = "DatabaseStartError";
}

/** What the codes of the system and of PostgreSQL mean to whoever wrote the address. */
const reasonOf: Readonly<Record<string, string>> = {
  ENOTFOUND: "there is no host of that name",
  EAI_AGAIN: "the name of its host cannot be looked up just now",
  ECONNREFUSED: "nothing listens there",
  EHOSTUNREACH: "there is no way to its host",
  ETIMEDOUT: "nothing answers there",
  "28P01": "its user or password is refused",
  "28000": "its user is not let in",
  "3D000": "there is no database of that name",
  "42501": "its user may not make tables there",
  "25006": "it is read-only",
  "53100": "there is no space left on its disk",
  "53300": "it has no connection left; raise its max_connections or lower DATABASE_POOL_SIZE",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is not trusted; name its authority's file with DATABASE_TLS_CA",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is not trusted; name its authority's file with DATABASE_TLS_CA",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is not trusted; name its authority's file with DATABASE_TLS_CA",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
};

/** The error a person can act on, for one of the connection or the login; any other is returned as it is. */
export function asStartError(error: unknown, connection: PoolConfig): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as Error & { code?: unknown };
  const known = typeof code === "string" ? reasonOf[code] : undefined;
  if (known === undefined && !isDatabaseUnavailable(error) && !/SSL|password/.test(error.message)) return error;
  const reason = known ?? error.message.trim().replace(/\.$/, "");
  return new DatabaseStartError(`The database ${shownAddress(connection)} cannot be used: ${reason}.`, {
    cause: error,
  });
}

/** Where a database is, without user and password. */
export function shownAddress({ connectionString, host, port, database }: PoolConfig): string {
  const address = connectionString === undefined ? null : URL.parse(connectionString);
  return address === null ? `${host}:${port}/${database}` : `${decodeURIComponent(address.host)}${address.pathname}`;
}
