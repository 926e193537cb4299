import { type Action, actions, type Fault, type Target, targets } from "./faults.ts";

/** Faults that befall the cluster together, under a name. */
export type ChaosCase = { readonly name: string; readonly faults: readonly Fault[] };

function caseOf(...faults: readonly Fault[]): ChaosCase {
  return { name: faults.map(({ target, action }) => `${target} ${action}`).join(" + "), faults };
}

function pair(one: Target, oneAction: Action, other: Target, otherAction: Action): ChaosCase {
  return caseOf({ target: one, action: oneAction }, { target: other, action: otherAction });
}

/** What differs for three nodes one after another; the rest would take minutes and show what a single node shows. */
const inTurn: readonly Action[] = ["killed", "frozen 5 s", "restarted", "black hole"];

const single = targets.flatMap((target) =>
  (target === "NATS in turn" ? inTurn : actions).map((action) => caseOf({ target, action })),
);

const killable: readonly Target[] = ["pod", "worker", "NATS leader", "Redis", "PostgreSQL", "nginx"];

const pairs = [
  ...killable.flatMap((one, index) => killable.slice(index + 1).map((other) => pair(one, "killed", other, "killed"))),
  pair("worker", "frozen 5 s", "NATS leader", "killed"),
  pair("worker", "frozen 25 s", "PostgreSQL", "killed"),
  pair("worker", "black hole", "pod", "killed"),
  pair("worker", "mute", "Redis", "killed"),
  pair("pod", "frozen 5 s", "worker", "killed"),
  pair("pod", "black hole", "PostgreSQL", "restarted"),
  pair("pod", "deaf", "worker", "killed"),
  pair("NATS leader", "frozen 5 s", "NATS follower", "delayed"),
  pair("nginx", "restarted", "pod", "restarted"),
];

/** Every part with everything that can befall it, then pairs. */
export const allCases: readonly ChaosCase[] = [...single, ...pairs];

/** What `npm test` has time for. */
export const shortCases: readonly ChaosCase[] = [
  caseOf({ target: "worker", action: "frozen 5 s" }),
  caseOf({ target: "pod", action: "killed" }),
  caseOf({ target: "NATS leader", action: "killed" }),
  pair("worker", "killed", "pod", "mute"),
];

/** What `npm run test:long` adds. */
export const longerCases: readonly ChaosCase[] = [
  caseOf({ target: "worker", action: "killed" }),
  caseOf({ target: "worker", action: "black hole" }),
  caseOf({ target: "PostgreSQL", action: "killed" }),
  pair("Redis", "killed", "nginx", "killed"),
];
