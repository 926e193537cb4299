import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shortCases } from "./chaos/cases.ts";
import { type ChaosWorld, startChaosWorld } from "./chaos/chaos-cluster.ts";
import { runCase } from "./chaos/run-case.ts";

const limitMs = 240_000;
const streams = 30;
const tokensPerSecond = 12;

let world: ChaosWorld;

beforeAll(async () => {
  world = await startChaosWorld(tokensPerSecond, { pods: 2, workers: 2 });
}, limitMs);
afterAll(() => world?.close(), limitMs);

describe("answers stay whole while", () => {
  it.each(shortCases)("$name", { timeout: limitMs }, async (chaosCase) => {
    const seed = shortCases.indexOf(chaosCase) + 1;
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
