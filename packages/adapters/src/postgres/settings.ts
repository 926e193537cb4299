import fs from "node:fs";
import type { PoolConfig } from "pg";
import { z } from "zod";
import { isReadableFile } from "../readable-file.ts";

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
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: "must begin with postgres://" })
    .refine(hasKnownMode, `has an sslmode that is none of ${Object.keys(encryptionOf).join(", ")}`)
    .optional()
    .describe("The address of a PostgreSQL of yours, 15 or newer, with user, password and database."),
  DATABASE_TLS_CA: z
    .string()
    .refine(isReadableFile, "must name a file that can be read")
    .optional()
    .describe(
      "File of the authority that PostgreSQL's certificate is checked against; its connections are encrypted when it is given.",
    ),
} as const;

export type PostgresSettings = {
  readonly DATABASE_URL?: string | undefined;
  readonly DATABASE_TLS_CA?: string | undefined;
};

/**
 * A connection as the driver takes it. Encrypted means verified, name included, unless the address says
 * `sslmode=no-verify`. Throws when a file it names cannot be read.
 */
export function connectionOf(settings: PostgresSettings): PoolConfig {
  if (settings.DATABASE_URL === undefined) throw new TypeError("There is no address of a database.");
  const address = new URL(settings.DATABASE_URL);
  const part = (name: string) => address.searchParams.get(name) || undefined;
  const authority = settings.DATABASE_TLS_CA ?? part("sslrootcert");
  const [certificate, key] = [part("sslcert"), part("sslkey")];
  const encryption = encryptionIn(address, authority !== undefined);
  for (const name of encryptionParts) address.searchParams.delete(name);
  if (encryption === "none") return { connectionString: address.href, ssl: false };
  const ssl = {
    rejectUnauthorized: encryption === "verified",
    ...(authority === undefined ? {} : { ca: fs.readFileSync(authority, "utf8") }),
    ...(certificate === undefined ? {} : { cert: fs.readFileSync(certificate, "utf8") }),
    ...(key === undefined ? {} : { key: fs.readFileSync(key, "utf8") }),
  };
  return { connectionString: address.href, ssl };
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
