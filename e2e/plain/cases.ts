import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../../tools/cluster/index.ts";
import { type Manner, manners } from "./manners.ts";

/** What befalls the cluster in the middle of answers. */
export type PlainFault = { readonly name: string; befall(cluster: Cluster): Promise<void> };

/** One answer, and what befalls the cluster meanwhile. */
export type PlainCase = { readonly name: string; readonly fault: PlainFault; readonly manner: Manner };

const downMs = 500;

async function killed(cluster: Cluster, ...names: readonly string[]): Promise<void> {
  for (const name of names) cluster.process(name).signal("SIGKILL");
  await Promise.all(names.map((name) => cluster.process(name).ended));
  await sleep(downMs);
  await Promise.all(names.map((name) => cluster.start(name)));
}

export const faults: readonly PlainFault[] = [
  { name: "a pod killed", befall: (cluster) => killed(cluster, "pod-1") },
  {
    name: "pods restarted in turn",
    async befall(cluster) {
      for (const { name } of cluster.pods) await cluster.restart(name);
    },
  },
  { name: "all pods killed", befall: (cluster) => killed(cluster, ...cluster.pods.map(({ name }) => name)) },
  { name: "PostgreSQL killed", befall: (cluster) => killed(cluster, "postgres") },
  { name: "NATS killed", befall: (cluster) => killed(cluster, "nats-1") },
];

/** Thirty: every fault with everything a third party does. */
export const plainCases: readonly PlainCase[] = faults.flatMap((fault) =>
  manners.map((manner) => ({ name: `${fault.name}, ${manner.name}`, fault, manner })),
);
