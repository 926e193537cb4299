import { setTimeout as sleep } from "node:timers/promises";
import { sessionMetaConformance } from "@uci/chat/conformance";
import { keyTimes } from "@uci/protocol";
import type { ServiceProcess } from "@uci/services";
import { sessionRegistryConformance } from "@uci/stream/conformance";
import { beforeAll } from "vitest";
import { RedisSessionMetaCache } from "../session-meta.ts";
import { RedisSessionRegistry } from "../session-registry.ts";
import { openLink, startServer, urlOf } from "./server.ts";

let server: ServiceProcess;
beforeAll(async () => {
  server = await startServer();
});

/** How much faster time goes by here. */
const faster = 20;

sessionRegistryConformance("Redis", async () => {
  const { link } = await openLink(urlOf(server));
  await link.run((client) => client.flushall());
  const registry = new RedisSessionRegistry(link, {
    connectionsTtlMs: (keyTimes.connectionsTtlSeconds * 1000) / faster,
    heartbeatTtlMs: (keyTimes.heartbeatTtlSeconds * 1000) / faster,
  });
  return { registry, pass: (durationMs) => sleep(durationMs / faster) };
});

// An hour and twenty seconds lie too far apart to be shortened alike.
const metaTimes = { ttlMs: 2_000, droppedMs: 1_000 };

sessionMetaConformance("Redis", async () => {
  const { link } = await openLink(urlOf(server));
  const pass = (durationMs: number) =>
    sleep(1.2 * (durationMs > keyTimes.sessionMetaTtlSeconds * 1000 ? metaTimes.ttlMs : metaTimes.droppedMs));
  return { cache: new RedisSessionMetaCache(link, metaTimes), pass };
});
