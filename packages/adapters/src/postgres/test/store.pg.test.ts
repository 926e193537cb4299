import { cachedConversations, cachedTitles } from "@uci/chat";
import { type StoreUnderTest, storeConformance } from "@uci/chat/conformance";
import { MemorySessionMetaCache } from "@uci/chat/memory";
import { afterAll, describe } from "vitest";
import type { PostgresStore } from "../store/index.ts";
import { openStore, startDebianServer, startPackagedServer, type TestServer } from "./database.ts";

/** The cache reads the time and sets no timers. */
const systemClock = { nowMs: Date.now, after: () => () => {} };

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
  const store = shared(startPackagedServer);
  storeConformance("the packaged server", store);
  storeConformance("the packaged server behind a cache", async () => {
    const { conversations, ledger, outbox, titles } = await store();
    const failed = (error: unknown) => {
      throw error;
    };
    const cache = new MemorySessionMetaCache(systemClock);
    return {
      ...{ ledger, outbox },
      conversations: cachedConversations(conversations, cache, failed),
      titles: cachedTitles(titles, cache, failed),
    };
  });
});

describe("PostgreSQL 15", () => {
  storeConformance("Debian's server", shared(startDebianServer));
});
