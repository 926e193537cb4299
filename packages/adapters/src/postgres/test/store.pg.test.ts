import { type StoreUnderTest, storeConformance } from "@uci/chat/conformance";
import { afterAll, describe } from "vitest";
import type { PostgresStore } from "../store/index.ts";
import { hasDebianServer, openStore, startDebianServer, startPackagedServer, type TestServer } from "./database.ts";

/** One server and one store for all tests of a suite, made when the first needs it. */
function shared(start: () => Promise<TestServer>): () => Promise<StoreUnderTest> {
  let opened: Promise<{ server: TestServer; store: PostgresStore }> | null = null;
  afterAll(async () => {
    const made = await opened;
    await made?.store.close();
    await made?.server.stop();
  });
  return async () => {
    opened ??= start().then(async (server) => ({ server, store: await openStore(server.connection) }));
    return (await opened).store;
  };
}

describe("PostgreSQL 18", () => {
  storeConformance("the packaged server", shared(startPackagedServer));
});

// Skipped where PostgreSQL 15 is not installed: the program brings version 18 alone.
describe.runIf(hasDebianServer)("PostgreSQL 15", () => {
  storeConformance("Debian's server", shared(startDebianServer));
});
