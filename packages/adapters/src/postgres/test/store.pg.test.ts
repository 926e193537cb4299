import { cachedConversations, cachedTitles } from "@uci/chat";
import { attachmentConformance, type StoreUnderTest, storeConformance } from "@uci/chat/conformance";
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
  attachmentConformance("the packaged server", filesOver(store));
  storeConformance("the packaged server", store);
  storeConformance("the packaged server behind a cache", async () => {
    const { conversations, ledger, outbox, admission, titles } = await store();
    const failed = (error: unknown) => {
      throw error;
    };
    const cache = new MemorySessionMetaCache(systemClock);
    return {
      ...{ ledger, outbox, admission },
      conversations: cachedConversations(conversations, cache, failed),
      titles: cachedTitles(titles, cache, failed),
    };
  });
});

/** Users and messages for files, over one store. */
function filesOver(store: () => Promise<StoreUnderTest>) {
  let made = 0;
  return async () => {
    const { turns, users, attachments } = (await store()).conversations;
    const userId = `files-${process.pid}-${++made}`;
    await users.ensure(userId);
    const newMessage = async () => {
      const outcome = await turns.acceptTurn({
        ...{ user_id: userId, session_id: undefined, message: "with files", parent_message_id: null },
        ...{ ai_provider: undefined, model: undefined, context: {}, attachments: [], temporary: null },
        ...{ idempotency: null, correlation_id: "corr_1" },
        limits: { job_bytes: 1024 * 1024, running_answers: 100, waiting_answers: 100 },
      });
      if (outcome.kind !== "accepted") throw new Error(outcome.kind);
      return outcome.turn.user_message.message_id;
    };
    return { store: attachments, userId, newMessage };
  };
}

describe("PostgreSQL 15", () => {
  storeConformance("Debian's server", shared(startDebianServer));
});
