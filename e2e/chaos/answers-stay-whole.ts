import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChaosCase } from "./cases.ts";
import { type ChaosWorld, startChaosWorld } from "./chaos-cluster.ts";
import { runCase } from "./run-case.ts";

const limitMs = 240_000;
const streams = 30;
const tokensPerSecond = 12;

/** A test a case, all in one cluster of two pods and two workers. */
export function answersStayWhole(cases: readonly ChaosCase[]): void {
  let world: ChaosWorld;

  beforeAll(async () => {
    world = await startChaosWorld(tokensPerSecond, { pods: 2, workers: 2 });
  }, limitMs);
  afterAll(() => world?.close(), limitMs);

  describe("answers stay whole while", () => {
    it.each(cases)("$name", { timeout: limitMs }, async (chaosCase) => {
      const seed = cases.indexOf(chaosCase) + 1;
      const { examples, lost, repeated, contradicted, hanging, answers } = await runCase(world.cluster, chaosCase, {
        streams,
        seed,
        tokensPerSecond,
      });
      expect(examples).toEqual([]);
      expect({ lost, repeated, contradicted, hanging }).toEqual({ lost: 0, repeated: 0, contradicted: 0, hanging: 0 });
      // The thirty, and the ten that were sent while it lasted.
      expect(answers).toBe(streams + 10);
    });
  });
}
