import { setTimeout as sleep } from "node:timers/promises";
import type { LinkState } from "@uci/services";
import type { Cluster } from "../../tools/cluster/index.ts";

export const targets = [
  "pod",
  "worker",
  "NATS leader",
  "NATS follower",
  "NATS in turn",
  "Redis",
  "PostgreSQL",
  "nginx",
] as const;
export type Target = (typeof targets)[number];

export const actions = [
  "killed",
  "frozen 5 s",
  "frozen 25 s",
  "restarted",
  "black hole",
  "connections reset",
  "delayed",
  "deaf",
  "mute",
] as const;
export type Action = (typeof actions)[number];

/** One thing that is done to one part. */
export type Fault = { readonly target: Target; readonly action: Action };

/** When a fault was felt: when it began, and from when on everything could work again. */
export type FaultTimes = { readonly beganMs: number; readonly healedMs: number; readonly kills: number };

/** A supervisor needs a moment to see that a process is gone. */
const downMs = 1_500;
const cutMs = 6_000;
const delayMs = 300;
const betweenNodesMs = 2_000;

const cuts: Partial<Record<Action, LinkState>> = {
  "black hole": { kind: "black_hole" },
  "connections reset": { kind: "reset" },
  delayed: { kind: "delay", delayMs },
};

/** About how long a fault takes, in milliseconds; answers must be longer than that. */
export function expectedMs({ target, action }: Fault): number {
  const one = action === "frozen 5 s" ? 5_000 : action === "frozen 25 s" ? 25_000 : action === "killed" ? 3_000 : cutMs;
  return target === "NATS in turn" ? 3 * (one + betweenNodesMs + 2_000) : one;
}

/** Does it and undoes it. Throws where a part does not come back. */
export async function befall(cluster: Cluster, fault: Fault): Promise<FaultTimes> {
  const names = await namesOf(cluster, fault.target);
  const beganMs = performance.now();
  let kills = 0;
  for (const [index, name] of names.entries()) {
    if (index > 0) await sleep(betweenNodesMs);
    kills += await doTo(cluster, name, fault.action);
  }
  return { beganMs, healedMs: performance.now(), kills };
}

async function namesOf(cluster: Cluster, target: Target): Promise<readonly string[]> {
  switch (target) {
    case "pod":
      return ["pod-1"];
    case "worker":
      return ["worker-1"];
    case "Redis":
      return ["redis"];
    case "PostgreSQL":
      return ["postgres"];
    case "nginx":
      return ["gateway"];
    default:
      return natsNodes(cluster, target);
  }
}

async function natsNodes(cluster: Cluster, target: Target): Promise<readonly string[]> {
  const nodes = cluster.names.filter((name) => name.startsWith("nats-"));
  const led = await cluster.streamsLed();
  const byLeading = nodes.sort((one, other) => (led.get(other) ?? 0) - (led.get(one) ?? 0));
  if (target === "NATS in turn") return byLeading;
  return [target === "NATS leader" ? byLeading[0]! : byLeading.at(-1)!];
}

/** Returns the number of processes that were killed. */
async function doTo(cluster: Cluster, name: string, action: Action): Promise<number> {
  const process = cluster.process(name);
  switch (action) {
    case "killed":
      process.signal("SIGKILL");
      await process.ended;
      await sleep(downMs);
      await cluster.start(name);
      return 1;
    case "restarted":
      await cluster.restart(name);
      return 0;
    case "frozen 5 s":
    case "frozen 25 s":
      process.signal("SIGSTOP");
      await sleep(action === "frozen 5 s" ? 5_000 : 25_000);
      process.signal("SIGCONT");
      return 0;
    default:
      await cutOff(cluster, name, action);
      return 0;
  }
}

/** `deaf`: nothing comes in to the process any more; `mute`: nothing goes out. */
async function cutOff(cluster: Cluster, name: string, action: Action): Promise<void> {
  for (const { link, isServer } of cluster.linksOf(name)) {
    const hears = isServer ? "to_server" : "to_client";
    const speaks = isServer ? "to_client" : "to_server";
    link.set(cuts[action] ?? { kind: "one_way", lost: action === "deaf" ? hears : speaks });
  }
  await sleep(cutMs);
  for (const { link } of cluster.linksOf(name)) link.set({ kind: "open" });
}
