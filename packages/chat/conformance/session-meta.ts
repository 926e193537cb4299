import { keyTimes } from "@uci/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { type SessionMeta, type SessionMetaCache, sessionMetaTimes } from "../src/index.ts";
import { newId } from "./scene.ts";

/**
 * What every cache of sessions must do. `makeCache` may give the same one each time; `pass` lets time go by for it, and
 * a cache whose times are shorter lets that much less go by.
 */
export function sessionMetaConformance(
  name: string,
  makeCache: () => Promise<{ cache: SessionMetaCache; pass: (durationMs: number) => Promise<void> }>,
): void {
  describe(`session meta: ${name}`, () => {
    let cache: SessionMetaCache;
    let pass: (durationMs: number) => Promise<void>;
    let sessionId: string;
    beforeEach(async () => {
      ({ cache, pass } = await makeCache());
      sessionId = newId("sess");
    });

    it("C1 gives back what it keeps, and null for what it does not know", async () => {
      expect(await cache.find(sessionId)).toBeNull();
      for (const title of ["Ein \u{1F990} & 'mehr'", "", null]) {
        await cache.keep(sessionId, metaOf({ title }));
        expect(await cache.find(sessionId)).toEqual(metaOf({ title }));
      }
      const chosen = metaOf({ provider: "house", model: "small" });
      await cache.keep(sessionId, chosen);
      expect(await cache.find(sessionId)).toEqual(chosen);
      expect(await cache.find(newId("sess"))).toBeNull();
    });

    it("C2 forgets what is dropped, and that alone", async () => {
      const others = [newId("sess"), newId("sess")];
      for (const id of [sessionId, ...others]) await cache.keep(id, metaOf());
      await cache.drop([sessionId, others[0]!, newId("never")]);
      await cache.drop([]);
      expect(await cache.find(sessionId)).toBeNull();
      expect(await cache.find(others[0]!)).toBeNull();
      expect(await cache.find(others[1]!)).toEqual(metaOf());
    });

    it("C3 keeps nothing that was read before a drop", async () => {
      await cache.drop([sessionId]);
      await cache.keep(sessionId, metaOf());
      expect(await cache.find(sessionId)).toBeNull();
      await pass(sessionMetaTimes.droppedMs * 1.2);
      await cache.keep(sessionId, metaOf({ title: "New" }));
      expect(await cache.find(sessionId)).toEqual(metaOf({ title: "New" }));
    });

    it("C4 forgets by itself after an hour", async () => {
      await cache.keep(sessionId, metaOf());
      await pass(keyTimes.sessionMetaTtlSeconds * 1000 * 1.2);
      expect(await cache.find(sessionId)).toBeNull();
    });
  });
}

function metaOf(change: Partial<SessionMeta> = {}): SessionMeta {
  const times = { created_at: "2026-01-01T00:00:00.000Z", updated_at: "2026-01-02T00:00:00.000Z" };
  return { user_id: "user_1", title: "A title", ...times, provider: null, model: null, ...change };
}
