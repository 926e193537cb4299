import { type SessionMeta, type SessionMetaCache, sessionMetaTimes } from "@uci/chat";
import { keys, keyTimes } from "@uci/protocol";
import { Gathering } from "./gathering.ts";
import { redisLimits as limits } from "./limits.ts";
import type { RedisLink } from "./link.ts";
import { dropMetaScript, keepMetaScript } from "./scripts.ts";

export type SessionMetaTimes = { readonly ttlMs: number; readonly droppedMs: number };

const standardTimes: SessionMetaTimes = {
  ttlMs: keyTimes.sessionMetaTtlSeconds * 1000,
  droppedMs: sessionMetaTimes.droppedMs,
};

/** Sessions' meta in Redis, a hash each. Throws `RedisError`, at once while Redis is away. */
export class RedisSessionMetaCache implements SessionMetaCache {
  readonly #link: RedisLink;
  readonly #times: SessionMetaTimes;
  readonly #questions = new Gathering<string, SessionMeta | null>((sessionIds) => this.#findTogether(sessionIds));

  constructor(link: RedisLink, times: SessionMetaTimes = standardTimes) {
    this.#link = link;
    this.#times = times;
  }

  find(sessionId: string): Promise<SessionMeta | null> {
    return this.#questions.add(sessionId);
  }

  async keep(sessionId: string, meta: SessionMeta): Promise<void> {
    const { user_id, title, created_at, updated_at, provider, model } = meta;
    const fields = ["user_id", user_id, "created_at", created_at, "updated_at", updated_at];
    // A session without a title has no such field: an empty title is one.
    if (title !== null) fields.push("title", title);
    if (provider !== null) fields.push("provider", provider);
    if (model !== null) fields.push("model", model);
    await this.#link.runScript(keepMetaScript, [keys.sessionMeta(sessionId)], [this.#times.ttlMs, ...fields]);
  }

  async drop(sessionIds: readonly string[]): Promise<void> {
    for (let from = 0; from < sessionIds.length; from += limits.sessionsAtOnce) {
      const names = sessionIds.slice(from, from + limits.sessionsAtOnce).map(keys.sessionMeta);
      await this.#link.runScript(dropMetaScript, names, [this.#times.droppedMs]);
    }
  }

  async #findTogether(sessionIds: readonly string[]): Promise<readonly (SessionMeta | null)[]> {
    const wanted = [...new Set(sessionIds)];
    const replies = await this.#link.runTogether((pipeline) => {
      for (const sessionId of wanted) pipeline.hgetall(keys.sessionMeta(sessionId));
    });
    const found = new Map(replies.map((reply, index) => [wanted[index]!, metaOf(reply as Record<string, string>)]));
    return sessionIds.map((sessionId) => found.get(sessionId) ?? null);
  }
}

function metaOf(fields: Readonly<Record<string, string>>): SessionMeta | null {
  const { user_id, title = null, created_at, updated_at, provider = null, model = null } = fields;
  if (user_id === undefined || created_at === undefined || updated_at === undefined) return null;
  return { user_id, title, created_at, updated_at, provider, model };
}
