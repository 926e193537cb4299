import { beforeEach, describe, expect, it, vi } from "vitest";
import { sessionMetaConformance } from "../conformance/index.ts";
import {
  type ConversationStore,
  cachedConversations,
  noSessionSettings,
  type SessionChange,
  type SessionMetaCache,
} from "../src/index.ts";
import { MemorySessionMetaCache } from "../src/memory/index.ts";

/** Time that moves only when told. */
class TestClock {
  #nowMs = 1_000_000;

  nowMs(): number {
    return this.#nowMs;
  }

  after(): () => void {
    throw new Error("the cache needs no timers");
  }

  async pass(durationMs: number): Promise<void> {
    this.#nowMs += durationMs;
  }
}

sessionMetaConformance("memory", async () => {
  const clock = new TestClock();
  return { cache: new MemorySessionMetaCache(clock), pass: (durationMs) => clock.pass(durationMs) };
});

type Row = { user: string; title: string | null };

/** Sessions in a map; counts how often whose they are was asked. */
class TestStore {
  readonly rows = new Map<string, Row>();
  asked = 0;
  /** Set: `ensure` has read its answer and waits for this before it gives it. */
  held: Promise<void> | null = null;

  get conversations(): ConversationStore {
    const unused = () => Promise.reject(new Error("not part of the test"));
    const sessions = {
      ensure: async (user: string, id: string) => {
        this.asked++;
        const known = this.rows.get(id);
        if (known !== undefined && known.user !== user) return null;
        if (known === undefined) this.rows.set(id, { user, title: null });
        const session = view(id, this.rows.get(id)!);
        await this.held;
        return { session, created: known === undefined };
      },
      update: async (user: string, id: string, change: SessionChange) => {
        const title = change.title ?? null;
        const known = this.rows.get(id);
        if (known?.user !== user) return null;
        this.rows.set(id, { user, title });
        return view(id, this.rows.get(id)!);
      },
      remove: async (user: string, id: string) =>
        this.rows.get(id)?.user === user && this.rows.delete(id) ? [] : null,
      create: unused,
      list: unused,
      find: async (user: string, id: string) =>
        this.rows.get(id)?.user === user ? view(id, this.rows.get(id)!) : null,
    };
    const acceptTurn: ConversationStore["turns"]["acceptTurn"] = async (request) => {
      const id = request.session_id!;
      const title = this.rows.get(id)?.title ?? request.message;
      this.rows.set(id, { user: request.user_id, title });
      const turn = { replayed: false, session_created: false, session: view(id, this.rows.get(id)!) };
      return { kind: "accepted", turn } as unknown as Awaited<ReturnType<typeof acceptTurn>>;
    };
    const users = {
      ensure: async () => {},
      anyRegistered: async () => true,
      oneAtATime: <Result>(task: () => Promise<Result>) => task(),
      remove: unused,
      moveSessions: async (from: string, to: string) => {
        const ids = [...this.rows].filter(([, row]) => row.user === from).map(([id]) => id);
        for (const id of ids) this.rows.set(id, { ...this.rows.get(id)!, user: to });
        return ids;
      },
    };
    return {
      turns: { acceptTurn, acceptRegeneration: unused, acceptContinuation: unused, forgetTexts: unused },
      sessions,
      messages: { list: unused, find: unused },
      attachments: { put: unused, get: unused, use: unused, remove: unused, removeUnused: unused },
      tree: { rate: unused, edit: unused, instruct: unused, remove: unused, branch: unused },
      users,
      folders: { list: unused, create: unused, rename: unused, remove: unused },
      prompts: { list: unused, create: unused, update: unused, remove: unused },
      search: { find: unused },
      transfer: { takeIn: unused, messagesInOrder: unused, newestBranch: unused },
      shares: { create: unused, list: unused, remove: unused, read: unused },
      preferences: { find: unused, change: unused, forTurn: unused },
    };
  }
}

function view(session_id: string, { title }: Row) {
  const time = "2026-01-01T00:00:00.000Z";
  const state = { pinned: false, archived: false, folder_id: null, settings: noSessionSettings };
  return { session_id, title, ...state, created_at: time, updated_at: time };
}

describe("conversations behind a cache", () => {
  let store: TestStore;
  let cache: SessionMetaCache;
  let failures: unknown[];
  let cached: ConversationStore;

  function open(over: SessionMetaCache = cache): ConversationStore {
    return cachedConversations(store.conversations, over, (error) => failures.push(error));
  }

  function ask(message: string) {
    const nothing = { parent_message_id: undefined, ai_provider: undefined, model: undefined, context: {} };
    const request = {
      user_id: "u1",
      session_id: "s1",
      message,
      attachments: [],
      temporary: null,
      idempotency: null,
      correlation_id: "corr_1",
      limits: { job_bytes: 1024 * 1024, running_answers: 100, waiting_answers: 100 },
    };
    return cached.turns.acceptTurn({ ...nothing, ...request });
  }

  beforeEach(async () => {
    store = new TestStore();
    cache = new MemorySessionMetaCache(new TestClock());
    failures = [];
    cached = open();
    await cached.sessions.ensure("u1", "s1");
    store.asked = 0;
  });

  it("know whose a session is without asking the store", async () => {
    const answer = await cached.sessions.ensure("u1", "s1");
    const { session_id, title, created_at, updated_at } = view("s1", { user: "u1", title: null });
    const settings = { ai_provider: null, model: null };
    expect(answer).toEqual({ session: { session_id, title, created_at, updated_at, settings }, created: false });
    expect(store.asked).toBe(0);
    expect(await cached.sessions.ensure("u2", "s1")).toBeNull();
    expect(await cached.sessions.ensure("u1", "s2")).toMatchObject({ created: true });
  });

  it("give a new title at once, whoever gave it", async () => {
    await cached.sessions.update("u1", "s1", { title: "Renamed" });
    expect(await cached.sessions.ensure("u1", "s1")).toMatchObject({ session: { title: "Renamed" } });
    const other = open();
    await other.sessions.update("u1", "s1", { title: "Again" });
    expect(await cached.sessions.ensure("u1", "s1")).toMatchObject({ session: { title: "Again" } });
    await cached.sessions.ensure("u1", "s2");
    await ask("The first message");
    expect(await cached.sessions.ensure("u1", "s1")).toMatchObject({ session: { title: "Again" } });
  });

  it("see the title that a first message gives", async () => {
    await ask("What is this?");
    expect(await cached.sessions.ensure("u1", "s1")).toMatchObject({ session: { title: "What is this?" } });
  });

  it("do not show a session that was removed", async () => {
    expect(await cached.sessions.remove("u2", "s1")).toBeNull();
    expect(await cached.sessions.remove("u1", "s1")).toEqual([]);
    expect(await cached.sessions.ensure("u2", "s1")).toMatchObject({ created: true });
    expect(await cached.sessions.ensure("u1", "s1")).toBeNull();
  });

  it("give sessions that moved to their new user, and not to the old one", async () => {
    expect(await cached.users.moveSessions("u1", "u9")).toEqual(["s1"]);
    expect(await cached.sessions.ensure("u1", "s1")).toBeNull();
    expect(await cached.sessions.ensure("u9", "s1")).toMatchObject({ created: false });
  });

  it("give sessions that moved to their new user also when the cache did not hear of it", async () => {
    await store.conversations.users.moveSessions("u1", "u9");
    expect(await cached.sessions.ensure("u9", "s1")).toMatchObject({ created: false });
  });

  it("do not bring back what was read before a change", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    cached = open(new MemorySessionMetaCache(new TestClock()));
    store.held = promise;
    const slow = cached.sessions.ensure("u1", "s1");
    await vi.waitFor(() => expect(store.asked).toBe(1));
    store.held = null;
    await cached.sessions.update("u1", "s1", { title: "New" });
    resolve();
    expect(await slow).toMatchObject({ session: { title: null } });
    expect(await cached.sessions.ensure("u1", "s1")).toMatchObject({ session: { title: "New" } });
  });

  it("do without a cache that fails, and tell of it", async () => {
    const fail = () => Promise.reject(new Error("away"));
    cached = open({ find: fail, keep: fail, drop: fail });
    expect(await cached.sessions.ensure("u1", "s1")).toMatchObject({ created: false });
    expect(await cached.sessions.ensure("u2", "s1")).toBeNull();
    expect(await cached.sessions.update("u1", "s1", { title: "New" })).toMatchObject({ title: "New" });
    expect(await ask("Go on")).toMatchObject({ kind: "accepted" });
    expect(await cached.users.moveSessions("u1", "u2")).toEqual(["s1"]);
    expect(await cached.sessions.remove("u2", "s1")).toEqual([]);
    expect(failures).toHaveLength(7);
  });
});
