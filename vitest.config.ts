import { defineConfig } from "vitest/config";

/** Browsers and whole clusters: two of these at once on two cores, and what they wait for comes too late. */
const heavy = [
  "{packages,apps,tools,e2e}/**/*.{browser,chaos,servers}.test.{ts,tsx}",
  "e2e/**/*.nats.test.ts",
  "apps/all-in-one/test/{start,streams}.pg.test.ts",
];
const all = ["{packages,apps,tools,e2e}/**/*.test.{ts,tsx}"];
const nowhere = ["**/node_modules/**", "**/dist/**"];

export default defineConfig({
  test: {
    globals: false,
    pool: "forks",
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: "parts",
          include: all,
          exclude: [...nowhere, ...heavy],
          // Real services run beside the tests; more workers than this make times meaningless on a small machine.
          maxWorkers: 2,
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "whole",
          include: heavy,
          exclude: nowhere,
          maxWorkers: 1,
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
