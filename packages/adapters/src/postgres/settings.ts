import fs from "node:fs";
import type { PoolConfig } from "pg";
import { z } from "zod";
import { address } from "../address.ts";
import { readableFile } from "../readable-file.ts";

/** How `sslmode` of an address is taken. `verified`: against the authority's file when one is given, else the system's. */
const encryptionOf: Readonly<Record<string, "none" | "unverified" | "verified">> = {
  disable: "none",
  allow: "none",
  "no-verify": "unverified",
  prefer: "verified",
  require: "verified",
  "verify-ca": "verified",
  "verify-full": "verified",
};
/** Parts of an address that speak of encryption; they are read here and kept from the driver, which would let them win. */
const encryptionParts = ["ssl", "sslmode", "sslrootcert", "sslcert", "sslkey", "uselibpqcompat"];

/** Where the database is. */
export const postgresSettingSchemas = {
  DATABASE_URL: address("postgres", "postgresql")
    .refine(hasKnownMode, `has an sslmode that is none of ${Object.keys(encryptionOf).join(", ")}`)
    .optional()
    .describe("The address of a PostgreSQL of yours, 15 or newer, with user, password and database."),
  DATABASE_PASSWORD: z.string().optional().describe("Its password, of any characters, where the address has none."),
  DATABASE_POOL_SIZE: z.coerce
    .number()
    .int()
    .min(2)
    .max(500)
    .default(20)
    .describe(
      "Connections to PostgreSQL one process opens at most; all processes together stay below its max_connections.",
    ),
  DATABASE_TLS_CA: readableFile()
    .optional()
    .describe(
      "File of the authority that PostgreSQL's certificate is checked against; its connections are encrypted when it is given.",
    ),
} as const;

export type PostgresSettings = {
  readonly DATABASE_URL?: string | undefined;
  readonly DATABASE_PASSWORD?: string | undefined;
  readonly DATABASE_TLS_CA?: string | undefined;
};

/**
 * A connection as the driver takes it. Encrypted means verified, name included, unless the address says
 * `sslmode=no-verify`. Throws when a file it names cannot be read.
 */
export function connectionOf(settings: PostgresSettings): PoolConfig {
  if (settings.DATABASE_URL === undefined) throw new TypeError("There is no address of a database.");
  const given = new URL(settings.DATABASE_URL);
  // Here the driver's own setting for it would be overruled by the address.
  if (given.password === "") given.password = encodeURIComponent(settings.DATABASE_PASSWORD ?? "");
  const part = (name: string) => given.searchParams.get(name) || undefined;
  const authority = settings.DATABASE_TLS_CA ?? part("sslrootcert");
  const [certificate, key] = [part("sslcert"), part("sslkey")];
  const encryption = encryptionIn(given, authority !== undefined);
  for (const name of encryptionParts) given.searchParams.delete(name);
  if (encryption === "none") return { connectionString: given.href, ssl: false };
  const ssl = {
    rejectUnauthorized: encryption === "verified",
    ...(authority === undefined ? {} : { ca: fs.readFileSync(authority, "utf8") }),
    ...(certificate === undefined ? {} : { cert: fs.readFileSync(certificate, "utf8") }),
    ...(key === undefined ? {} : { key: fs.readFileSync(key, "utf8") }),
  };
  return { connectionString: given.href, ssl };
}

/** An authority that is given is meant to be used, whatever a copied address says. */
function encryptionIn(address: URL, hasAuthority: boolean): "none" | "unverified" | "verified" {
  if (hasAuthority) return "verified";
  const mode = address.searchParams.get("sslmode");
  if (mode !== null && mode !== "") return encryptionOf[mode] ?? "verified";
  return ["1", "true"].includes(address.searchParams.get("ssl") ?? "") ? "verified" : "none";
}

function hasKnownMode(address: string): boolean {
  const mode = URL.parse(address)?.searchParams.get("sslmode");
  return mode === undefined || mode === null || mode === "" || mode in encryptionOf;
}
