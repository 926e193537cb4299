import fs from "node:fs";
import path from "node:path";
import { localCertificate } from "@uci/gateway";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { postgresServer, postgresUrl, startPostgresServer } from "./postgres-server.ts";
import { temporaryFolder } from "./temporary-folder.ts";

async function asked(
  connectionString: string,
  question: string,
  ssl: pg.ClientConfig["ssl"] = false,
): Promise<unknown> {
  const client = new pg.Client({ connectionString, ssl });
  await client.connect();
  try {
    return Object.values((await client.query(question)).rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

describe("PostgreSQL", () => {
  it("keeps its data over a kill and a restart, for those who know the password", async () => {
    const options = { folder: temporaryFolder("postgres"), password: "sesame", durable: false };
    const server = await startPostgresServer(options);
    const url = postgresUrl(server, "sesame");
    await asked(url, "create table kept as select 7 as number");
    expect(await asked(url, "show server_encoding")).toBe("UTF8");
    await expect(asked(postgresUrl(server, "wrong"), "select 1")).rejects.toThrow(/password authentication failed/);
    expect(server.command.arguments.join(" ")).not.toContain("sesame");
    server.signal("SIGKILL");
    await server.ended;
    await server.start();
    expect(await asked(url, "select number from kept")).toBe(7);
    await server.stop();
    const again = await postgresServer(options);
    await again.start();
    expect(await asked(postgresUrl(again, "sesame"), "select number from kept")).toBe(7);
    await again.stop();
  });

  it("refuses unencrypted connections when it speaks TLS", async () => {
    const folder = temporaryFolder("postgres");
    const tls = localCertificate(path.join(folder, "certificate"));
    const server = await startPostgresServer({ folder, password: "sesame", durable: false, tls });
    const url = postgresUrl(server, "sesame");
    const ca = fs.readFileSync(tls.authorityFile, "utf8");
    expect(await asked(url, "select ssl from pg_stat_ssl where pid = pg_backend_pid()", { ca })).toBe(true);
    await expect(asked(url, "select 1")).rejects.toThrow(/no encryption/);
    await server.stop();
  });
});
