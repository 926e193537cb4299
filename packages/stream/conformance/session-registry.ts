import { beforeEach, describe, expect, it } from "vitest";
import type { SessionRegistry } from "../src/index.ts";

/**
 * What every session registry must do. `makeRegistry` gives an empty one; `pass` lets time go by for it. `heartbeats`:
 * "ignored" for a registry that stands behind another and knows a pod by its connections alone, so that it cannot tell
 * whether it has forgotten one.
 */
export function sessionRegistryConformance(
  name: string,
  makeRegistry: () => Promise<{ registry: SessionRegistry; pass: (durationMs: number) => Promise<void> }>,
  heartbeats: "kept" | "ignored" = "kept",
): void {
  describe(`session registry: ${name}`, () => {
    let registry: SessionRegistry;
    let pass: (durationMs: number) => Promise<void>;
    beforeEach(async () => {
      ({ registry, pass } = await makeRegistry());
      await registry.renew("pod-a", null);
      await registry.renew("pod-b", null);
    });

    async function podsOf(sessionId: string): Promise<string[]> {
      return [...((await registry.find([sessionId])).get(sessionId) ?? [])].sort();
    }

    it("R1 finds every pod that holds a session", async () => {
      await registry.register("pod-a", [{ connection_id: "c1", session_id: "s1" }]);
      await registry.register("pod-b", [
        { connection_id: "c2", session_id: "s1" },
        { connection_id: "c2", session_id: "s2" },
      ]);
      expect(await podsOf("s1")).toEqual(["pod-a", "pod-b"]);
      expect(await podsOf("s2")).toEqual(["pod-b"]);
      expect(await podsOf("s3")).toEqual([]);
    });

    it("R2 keeps a pod while one of its connections shows the session", async () => {
      const two = ["c1", "c2"].map((connection_id) => ({ connection_id, session_id: "s1" }));
      await registry.register("pod-a", two);
      await registry.deregister("pod-a", two.slice(0, 1));
      expect(await podsOf("s1")).toEqual(["pod-a"]);
      await registry.deregister("pod-a", two.slice(1));
      expect(await podsOf("s1")).toEqual([]);
    });

    it("R3 does the same thing twice without harm", async () => {
      const connection = [{ connection_id: "c1", session_id: "s1" }];
      await registry.register("pod-a", connection);
      await registry.register("pod-a", connection);
      await registry.deregister("pod-a", connection);
      await registry.deregister("pod-a", connection);
      expect(await podsOf("s1")).toEqual([]);
    });

    it("R4 sweeps out a pod whose heartbeat stopped, and no other", async () => {
      await registry.register("pod-a", [{ connection_id: "c1", session_id: "s1" }]);
      await registry.register("pod-b", [{ connection_id: "c2", session_id: "s1" }]);
      await pass(20_000);
      await registry.renew("pod-b", [{ connection_id: "c2", session_id: "s1" }]);
      await pass(15_000);
      expect([...(await registry.sweep())]).toEqual(["pod-a"]);
      expect(await podsOf("s1")).toEqual(["pod-b"]);
    }, 60_000);

    it("R5 tells a pod that it did not know it any more", async () => {
      const forgot = heartbeats === "kept";
      expect(await registry.renew("pod-c", null)).toBe(!forgot);
      expect(await registry.renew("pod-c", null)).toBe(true);
      await registry.register("pod-c", [{ connection_id: "c1", session_id: "s1" }]);
      expect(await registry.renew("pod-c", [{ connection_id: "c1", session_id: "s1" }])).toBe(true);
      await pass(35_000);
      expect([...(await registry.sweep())]).toContain("pod-c");
      expect(await podsOf("s1")).toEqual([]);
      expect(await registry.renew("pod-c", null)).toBe(!forgot);
      expect(await registry.renew("pod-c", [{ connection_id: "c1", session_id: "s1" }])).toBe(true);
      expect(await podsOf("s1")).toEqual(["pod-c"]);
    }, 60_000);

    it("R6 keeps the other sessions of a connection, however they came", async () => {
      const shown = (session_id: string) => [{ connection_id: "c1", session_id }];
      await registry.register("pod-a", shown("s1"));
      await registry.register("pod-a", [...shown("s2"), ...shown("s3")]);
      await registry.deregister("pod-a", shown("s2"));
      expect([await podsOf("s1"), await podsOf("s2"), await podsOf("s3")]).toEqual([["pod-a"], [], ["pod-a"]]);
      await pass(35_000);
      expect([...(await registry.sweep())]).toContain("pod-a");
      expect([await podsOf("s1"), await podsOf("s3")]).toEqual([[], []]);
    }, 60_000);

    it("R7 takes thousands of connections at once", async () => {
      const many = Array.from({ length: 3_000 }, (_, index) => ({
        connection_id: `c${index}`,
        session_id: `s${index % 1_000}`,
      }));
      await registry.renew("pod-a", many);
      const sessionIds = Array.from({ length: 1_000 }, (_, index) => `s${index}`);
      const found = await registry.find(sessionIds);
      expect(sessionIds.filter((sessionId) => !found.get(sessionId)?.has("pod-a"))).toEqual([]);
      await registry.deregister("pod-a", many);
      const after = await registry.find(sessionIds);
      expect(sessionIds.filter((sessionId) => after.get(sessionId)?.size !== 0)).toEqual([]);
    }, 60_000);

    it("R8 takes what is known of the caller along, and knows the connection without it", async () => {
      const one = { connection_id: "c1", session_id: "s1" };
      const told = { ...one, caller: { address: "::1", user_agent: "Browser/1" } };
      await registry.register("pod-a", [
        told,
        { ...told, session_id: "s2", caller: { address: "", user_agent: null } },
      ]);
      await registry.renew("pod-a", [told]);
      expect([await podsOf("s1"), await podsOf("s2")]).toEqual([["pod-a"], ["pod-a"]]);
      await registry.deregister("pod-a", [one]);
      expect([await podsOf("s1"), await podsOf("s2")]).toEqual([[], ["pod-a"]]);
    });
  });
}
