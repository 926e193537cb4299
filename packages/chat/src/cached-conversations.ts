import type { Session } from "@uci/protocol";
import type { TitleStore } from "./finding-ports.ts";
import type { Page, PageRequest } from "./page.ts";
import type {
  ConversationStore,
  RegenerationRequest,
  SessionChange,
  SessionFilter,
  SessionMeta,
  SessionMetaCache,
  SessionStore,
  SessionSummary,
  TurnOutcome,
  TurnRequest,
  TurnStore,
  UserStore,
} from "./ports.ts";

type Failed = (error: unknown) => void;

/**
 * The store with a cache of sessions before it, so that opening a stream need not ask the store whose session it is.
 * A cache that fails is the same as none; `failed` hears of it.
 */
export function cachedConversations(
  store: ConversationStore,
  cache: SessionMetaCache,
  failed: Failed,
): ConversationStore {
  return {
    turns: new CachedTurnStore(store.turns, cache, failed),
    sessions: new CachedSessionStore(store.sessions, cache, failed),
    messages: store.messages,
    tree: store.tree,
    attachments: store.attachments,
    users: new CachedUserStore(store.users, cache, failed),
    folders: store.folders,
    prompts: store.prompts,
    preferences: store.preferences,
    search: store.search,
    shares: store.shares,
    transfer: store.transfer,
  };
}

/** Titles given by models, of which the cache hears. */
export function cachedTitles(titles: TitleStore, cache: SessionMetaCache, failed: Failed): TitleStore {
  return {
    untitledTurn: (messageId) => titles.untitledTurn(messageId),
    async titleByModel(sessionId, title) {
      const titled = await titles.titleByModel(sessionId, title);
      if (titled !== null) await drop([sessionId], cache, failed);
      return titled;
    },
  };
}

/**
 * Answers `ensure` from the cache where it knows the session to be the caller's own; everything else is the store's.
 * That somebody else owns it is asked of the store again, since sessions move when a guest registers.
 */
export class CachedSessionStore implements SessionStore {
  readonly #store: SessionStore;
  readonly #cache: SessionMetaCache;
  readonly #failed: Failed;

  constructor(store: SessionStore, cache: SessionMetaCache, failed: Failed) {
    this.#store = store;
    this.#cache = cache;
    this.#failed = failed;
  }

  async ensure(
    userId: string,
    sessionId: string,
    create = true,
  ): Promise<{ session: SessionSummary; created: boolean } | null> {
    const meta = await quietly(() => this.#cache.find(sessionId), this.#failed);
    if (meta?.user_id === userId) return { session: summaryOf(sessionId, meta), created: false };
    const ensured = await this.#store.ensure(userId, sessionId, create);
    if (ensured !== null) {
      const { title, created_at, updated_at, settings } = ensured.session;
      const { ai_provider: provider, model } = settings;
      const read = { user_id: userId, title, created_at, updated_at, provider, model };
      await quietly(() => this.#cache.keep(sessionId, read), this.#failed);
    }
    return ensured;
  }

  create(userId: string, title: string | null): Promise<Session> {
    return this.#store.create(userId, title);
  }

  list(userId: string, page: PageRequest, filter?: SessionFilter): Promise<Page<Session>> {
    return this.#store.list(userId, page, filter);
  }

  find(userId: string, sessionId: string): Promise<Session | null> {
    return this.#store.find(userId, sessionId);
  }

  async update(userId: string, sessionId: string, change: SessionChange): Promise<Session | null> {
    const updated = await this.#store.update(userId, sessionId, change);
    if (updated !== null) await drop([sessionId], this.#cache, this.#failed);
    return updated;
  }

  async remove(userId: string, sessionId: string): Promise<readonly string[] | null> {
    const unfinished = await this.#store.remove(userId, sessionId);
    if (unfinished !== null) await drop([sessionId], this.#cache, this.#failed);
    return unfinished;
  }
}

/** A turn gives its session a title and a new time. */
class CachedTurnStore implements TurnStore {
  readonly #store: TurnStore;
  readonly #cache: SessionMetaCache;
  readonly #failed: Failed;

  constructor(store: TurnStore, cache: SessionMetaCache, failed: Failed) {
    this.#store = store;
    this.#cache = cache;
    this.#failed = failed;
  }

  async acceptTurn(request: TurnRequest): Promise<TurnOutcome> {
    return this.#noted(await this.#store.acceptTurn(request));
  }

  async acceptRegeneration(request: RegenerationRequest): Promise<TurnOutcome> {
    return this.#noted(await this.#store.acceptRegeneration(request));
  }

  forgetTexts(userId: string, messageId: string): Promise<"forgotten" | "unfinished" | null> {
    return this.#store.forgetTexts(userId, messageId);
  }

  async acceptContinuation(request: RegenerationRequest): Promise<TurnOutcome> {
    return this.#noted(await this.#store.acceptContinuation(request));
  }

  async #noted(outcome: TurnOutcome): Promise<TurnOutcome> {
    if (outcome.kind === "accepted" && !outcome.turn.replayed && !outcome.turn.session_created) {
      await drop([outcome.turn.session.session_id], this.#cache, this.#failed);
    }
    return outcome;
  }
}

/** Sessions that move belong to somebody else from then on. */
class CachedUserStore implements UserStore {
  readonly #store: UserStore;
  readonly #cache: SessionMetaCache;
  readonly #failed: Failed;

  constructor(store: UserStore, cache: SessionMetaCache, failed: Failed) {
    this.#store = store;
    this.#cache = cache;
    this.#failed = failed;
  }

  ensure(userId: string): Promise<void> {
    return this.#store.ensure(userId);
  }

  anyRegistered(): Promise<boolean> {
    return this.#store.anyRegistered();
  }

  oneAtATime<Result>(task: () => Promise<Result>): Promise<Result> {
    return this.#store.oneAtATime(task);
  }

  async moveSessions(fromUserId: string, toUserId: string): Promise<readonly string[]> {
    const sessionIds = await this.#store.moveSessions(fromUserId, toUserId);
    await drop(sessionIds, this.#cache, this.#failed);
    return sessionIds;
  }

  async remove(userId: string): Promise<{ session_ids: readonly string[]; unfinished: readonly string[] }> {
    const removed = await this.#store.remove(userId);
    await drop(removed.session_ids, this.#cache, this.#failed);
    return removed;
  }
}

async function drop(sessionIds: readonly string[], cache: SessionMetaCache, failed: Failed): Promise<void> {
  if (sessionIds.length > 0) await quietly(() => cache.drop(sessionIds), failed);
}

/** What the cache says; null when it fails. */
async function quietly<Result>(task: () => Promise<Result>, failed: Failed): Promise<Result | null> {
  try {
    return await task();
  } catch (error) {
    failed(error);
    return null;
  }
}

function summaryOf(sessionId: string, meta: SessionMeta): SessionSummary {
  const { title, created_at, updated_at, provider, model } = meta;
  return { session_id: sessionId, title, created_at, updated_at, settings: { ai_provider: provider, model } };
}
