import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { connectionOf, postgresSettingSchemas } from "../index.ts";
import { temporaryFolder } from "./folders.ts";

const address = "postgres://chat:secret@db.example.org:5433/chat";

function authorityFile(): string {
  const file = path.join(temporaryFolder(), "authority.pem");
  fs.writeFileSync(file, "an authority");
  return file;
}

describe("the settings of the database", () => {
  it("are an address, and a file that is there", () => {
    const { DATABASE_URL, DATABASE_TLS_CA } = postgresSettingSchemas;
    for (const good of [undefined, address, `${address}?sslmode=require`, "postgresql://%2Ftmp/chat"]) {
      expect(DATABASE_URL.safeParse(good).success, good).toBe(true);
    }
    for (const bad of ["mysql://a/b", "nonsense", `${address}?sslmode=verify-fully`]) {
      expect(DATABASE_URL.safeParse(bad).success, bad).toBe(false);
    }
    expect(DATABASE_TLS_CA.safeParse(authorityFile()).success).toBe(true);
    expect(DATABASE_TLS_CA.safeParse("/nowhere/authority.pem").success).toBe(false);
    expect(DATABASE_TLS_CA.safeParse("/").success).toBe(false);
  });

  it("speak in plain text unless encryption is asked for", () => {
    for (const plain of ["", "?sslmode=disable", "?sslmode=allow", "?ssl=0"]) {
      expect(connectionOf({ DATABASE_URL: address + plain })).toEqual({ connectionString: address, ssl: false });
    }
    expect(() => connectionOf({})).toThrow(TypeError);
  });

  it("check the server in every encrypted mode but the one that says not to", () => {
    for (const mode of ["prefer", "require", "verify-ca", "verify-full"]) {
      const connection = connectionOf({ DATABASE_URL: `${address}?sslmode=${mode}&application_name=x` });
      expect(connection).toEqual({
        connectionString: `${address}?application_name=x`,
        ssl: { rejectUnauthorized: true },
      });
    }
    expect(connectionOf({ DATABASE_URL: `${address}?ssl=true` }).ssl).toEqual({ rejectUnauthorized: true });
    expect(connectionOf({ DATABASE_URL: `${address}?sslmode=no-verify` }).ssl).toEqual({ rejectUnauthorized: false });
  });

  it("check it against the authority that is given, whatever the address says", () => {
    const file = authorityFile();
    const checked = { connectionString: address, ssl: { rejectUnauthorized: true, ca: "an authority" } };
    for (const mode of ["", "?sslmode=disable", "?sslmode=no-verify", "?sslmode=require"]) {
      expect(connectionOf({ DATABASE_URL: address + mode, DATABASE_TLS_CA: file })).toEqual(checked);
    }
    expect(connectionOf({ DATABASE_URL: `${address}?sslrootcert=${encodeURIComponent(file)}` })).toEqual(checked);
  });
});
