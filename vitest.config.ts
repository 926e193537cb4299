import { defineConfig } from "vitest/config";

const folders = "{packages,apps,tools,e2e}/**/*";
const all = [`${folders}.test.{ts,tsx}`];
const browsers = [`${folders}.browser.test.{ts,tsx}`];
/** Whole programs and clusters: two of these at once on two cores, and what they wait for comes too late. */
const clusters = [
  `${folders}.{chaos,servers}.test.ts`,
  "e2e/**/*.nats.test.ts",
  "apps/all-in-one/test/{start,streams}.pg.test.ts",
];
/** What starts a server of its own, or takes minutes. */
const slow = [`${folders}.{pg,nats,redis,nginx}.test.ts`, "packages/stream/test/sim-mutants.test.ts"];
/** What `npm run test:long` runs. */
const long = [`${folders}.long.test.ts`];
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
          name: "long",
          include: long,
          exclude: nowhere,
          maxWorkers: 1,
          testTimeout: 300_000,
          sequence: { groupOrder: 4 },
        },
      },
      {
        extends: true,
        test: {
          name: "parts",
          include: all,
          exclude: [...nowhere, ...clusters, ...browsers, ...long],
          // Real services run beside the tests; more workers than this make times meaningless on a small machine.
          maxWorkers: 2,
          testTimeout: 30_000,
          provide: { simulationSeeds: 2_000 },
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "clusters",
          include: clusters,
          exclude: nowhere,
          maxWorkers: 1,
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "browsers",
          include: browsers,
          exclude: nowhere,
          maxWorkers: 1,
          testTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: "quick",
          include: all,
          exclude: [...nowhere, ...clusters, ...browsers, ...slow, ...long],
          maxWorkers: 2,
          testTimeout: 30_000,
          provide: { simulationSeeds: 300 },
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
