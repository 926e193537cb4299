import type { SessionMetaCache } from "@uci/chat";
import type { SessionRegistry } from "@uci/stream";
import { RedisLink, type RedisSettings } from "./link.ts";
import { RedisSessionMetaCache } from "./session-meta.ts";
import { RedisSessionRegistry } from "./session-registry.ts";

export { RedisError, type RedisEvents, type RedisSettings } from "./link.ts";
export { redisSettingSchemas } from "./settings.ts";

export type RedisConnection = {
  readonly registry: SessionRegistry;
  readonly sessionMeta: SessionMetaCache;
  /** Whether commands are let through just now. */
  readonly connected: boolean;
  close(): Promise<void>;
};

/**
 * Connects to Redis. Where it is away this resolves all the same, after two seconds at most: commands fail at once
 * until it is there. Throws when the authority's file cannot be read.
 */
export async function connectRedis(settings: RedisSettings): Promise<RedisConnection> {
  const link = new RedisLink(settings);
  await link.connect();
  return {
    registry: new RedisSessionRegistry(link),
    sessionMeta: new RedisSessionMetaCache(link),
    get connected() {
      return link.connected;
    },
    close: async () => link.close(),
  };
}
