import path from "node:path";
import { postgresUrl, type ServiceProcess, startPostgresServer } from "@uci/services";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connectionOf } from "../index.ts";
import { makeCertificate } from "./certificate.ts";
import { openStore } from "./database.ts";
import { temporaryFolder } from "./folders.ts";

const tls = makeCertificate();
const password = "s3cret";
let server: ServiceProcess;

beforeAll(async () => {
  const folder = path.join(temporaryFolder(), "data");
  server = await startPostgresServer({ folder, password, tls, durable: false });
});
afterAll(() => server.stop());

async function read(settings: Parameters<typeof connectionOf>[0]): Promise<unknown> {
  const store = await openStore(connectionOf(settings));
  try {
    return await store.ledger.load("msg_none");
  } finally {
    await store.close();
  }
}

it("a connection is encrypted, and the server checked against the authority that is given", async () => {
  const url = postgresUrl(server, password);
  expect(await read({ DATABASE_URL: url, DATABASE_TLS_CA: tls.authorityFile })).toBeNull();
  expect(await read({ DATABASE_URL: `${url}?sslmode=no-verify` })).toBeNull();
  const stranger = makeCertificate().authorityFile;
  await expect(read({ DATABASE_URL: url, DATABASE_TLS_CA: stranger })).rejects.toThrow(/certificate/);
  await expect(read({ DATABASE_URL: `${url}?sslmode=require` })).rejects.toThrow(/certificate/);
  await expect(read({ DATABASE_URL: url })).rejects.toThrow();
});
