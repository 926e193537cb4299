import { describe, expect, inject, it } from "vitest";
import { runPlainSchedule, runSchedule } from "../sim/index.ts";
import { keptSeeds } from "../sim/kept-seeds.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** How many schedules of the simulation are run. */
    simulationSeeds: number;
  }
}

const seeds = inject("simulationSeeds");
const seedsATest = 100;
const firstSeeds = Array.from({ length: seeds / seedsATest }, (_, index) => 1 + index * seedsATest);
const timeoutMs = 120_000;
const plainSeeds = [1, 501, 1_001, 1_501];
const plainSeedsATest = 500;

/** What a failing seed is told with; its whole story is printed by `npm run sim -- --seed N`. */
async function brokenBy(seed: number): Promise<string[]> {
  const { violations } = await runSchedule(seed);
  return violations.map(({ atMs, rule, what }) => `seed ${seed} at ${atMs} ms: ${rule}: ${what}`);
}

describe("simulation", () => {
  it("I1–I12 the same seed makes the same schedule", async () => {
    const [one, other] = [await runSchedule(42, { story: true }), await runSchedule(42, { story: true })];
    expect(one.fingerprint).toBe(other.fingerprint);
    expect(one.story).toEqual(other.story);
    expect(one.story.length).toBeGreaterThan(20);
  });

  it(
    "I1–I12 schedules do what their seeds say: faults of every kind take effect",
    async () => {
      const needed = [
        "take-over",
        "fenced",
        "message lost",
        "broker late",
        "redelivery",
        "append busy",
        "commit unheard",
      ];
      const faults = new Set<string>();
      // Rare ones take some looking for.
      for (let seed = 10_001; seed <= 11_500 && !needed.every((kind) => faults.has(kind)); seed++)
        for (const kind of (await runSchedule(seed)).faults.keys()) faults.add(kind);
      expect(needed.filter((kind) => !faults.has(kind))).toEqual([]);
    },
    timeoutMs,
  );

  it.each(keptSeeds)("I1–I12 seed $seed once found: $found", async ({ seed }) => {
    expect(await brokenBy(seed)).toEqual([]);
  });

  it.each(plainSeeds)(
    "PL1–PL12 no rule of plain workflows is broken from seed %i on",
    async (first) => {
      const broken: string[] = [];
      for (let seed = first; seed < first + plainSeedsATest; seed++) {
        const { violations } = await runPlainSchedule(seed);
        broken.push(...violations.map(({ rule, what }) => `seed ${seed}: ${rule}: ${what}`));
      }
      expect(broken).toEqual([]);
    },
    timeoutMs,
  );

  it.each(firstSeeds)(
    "I1–I12 no rule is broken from seed %i on",
    async (first) => {
      const broken: string[] = [];
      for (let seed = first; seed < first + seedsATest; seed++) broken.push(...(await brokenBy(seed)));
      expect(broken).toEqual([]);
    },
    timeoutMs,
  );
});
