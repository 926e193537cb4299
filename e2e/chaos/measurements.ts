import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "../../packages/stream/sim/random.ts";
import type { Cluster } from "../../tools/cluster/index.ts";
import { continues } from "./chaos-cluster.ts";
import { Crowd, type CrowdOptions, type Talk } from "./crowd.ts";
import { befall } from "./faults.ts";
import { percentile, timingsOf } from "./timings.ts";

/** How long something took over several rounds, in milliseconds. */
export type Measurement = {
  readonly name: string;
  readonly rounds: number;
  readonly samples: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
  /** What it should stay under for 99 of 100; null: nothing was promised. */
  readonly aimMs: number | null;
};

export type Plan = {
  readonly name: string;
  readonly aimMs: number | null;
  readonly streams: number;
  readonly seconds: number;
  /** Does it and returns when it began; what comes back afterwards is awaited by `restore`. */
  readonly fault: (cluster: Cluster) => Promise<number>;
  readonly restore: (cluster: Cluster) => Promise<void>;
  /** What was waited for, of each answer or reader. */
  readonly samples: (talks: readonly Talk[], beganMs: number, cluster: Cluster) => readonly number[];
};

const endLimitMs = 180_000;

function killed(name: string): Pick<Plan, "fault" | "restore"> {
  return {
    fault: async (cluster) => {
      const beganMs = performance.now();
      cluster.process(name).signal("SIGKILL");
      await cluster.process(name).ended;
      return beganMs;
    },
    restore: (cluster) => cluster.start(name),
  };
}

/** From the fault to the first piece after it, of readers whose connection was lost by it. */
function nextPieces(talks: readonly Talk[], beganMs: number): readonly number[] {
  return talks.flatMap(({ conversation, messageId }) => {
    const lost = conversation.marks.find(({ kind, atMs }) => kind === "lost" && atMs >= beganMs);
    const again = conversation.marks.find(({ kind, atMs }) => kind === "connected" && atMs >= beganMs);
    if (lost === undefined || again === undefined) return [];
    const next = conversation.histories.get(messageId)?.changes.find(({ atMs }) => atMs >= again.atMs);
    return next === undefined ? [] : [next.atMs - beganMs];
  });
}

export const plans: readonly Plan[] = [
  {
    name: "SIGKILL of a worker, 50 answers on it: to the next text of each",
    aimMs: 2_500,
    streams: 150,
    seconds: 12,
    ...killed("worker-1"),
    samples: (talks, beganMs) => timingsOf(talks, beganMs).takeOversMs,
  },
  {
    name: "SIGTERM of a worker: to the next text of each answer it had",
    aimMs: 500,
    streams: 150,
    seconds: 10,
    fault: async (cluster) => {
      const beganMs = performance.now();
      cluster.process("worker-1").signal("SIGTERM");
      await cluster.process("worker-1").ended;
      return beganMs;
    },
    restore: (cluster) => cluster.start("worker-1"),
    samples: (talks, beganMs) => timingsOf(talks, beganMs).takeOversMs,
  },
  {
    name: "SIGKILL of a pod, 500 readers on it: to the next piece for each",
    aimMs: 1_000,
    streams: 1_500,
    seconds: 20,
    ...killed("pod-1"),
    samples: nextPieces,
  },
  {
    name: "SIGKILL of the leading NATS node of three: the longest pause of each answer",
    aimMs: null,
    streams: 100,
    seconds: 25,
    fault: async (cluster) => {
      const { beganMs } = await befall(cluster, { target: "NATS leader", action: "killed" });
      return beganMs;
    },
    restore: async () => undefined,
    samples: (talks, beganMs) => timingsOf(talks, beganMs).pausesMs,
  },
];

/** Takes one measurement on a cluster that is whole. */
export async function measure(
  cluster: Cluster,
  plan: Plan,
  rounds: number,
  tokensPerSecond: number,
): Promise<Measurement> {
  const samples: number[] = [];
  for (let round = 0; round < rounds; round++) {
    samples.push(...(await oneRound(cluster, plan, round, tokensPerSecond)));
  }
  return {
    name: plan.name,
    rounds,
    samples: samples.length,
    medianMs: Math.round(percentile(samples, 0.5)),
    p99Ms: Math.round(percentile(samples, 0.99)),
    slowestMs: Math.round(percentile(samples, 1)),
    aimMs: plan.aimMs,
  };
}

async function oneRound(cluster: Cluster, plan: Plan, round: number, tokensPerSecond: number) {
  const random = new Random(round + 1);
  const words = Math.ceil(plan.seconds * tokensPerSecond);
  const name = `measured-${plans.indexOf(plan)}-${round}-${process.pid}`;
  const options: CrowdOptions = { streams: plan.streams, words, models: [continues], random, name };
  const crowd = new Crowd(cluster, options);
  await crowd.begin();
  await sleep(1_000);
  const beganMs = await plan.fault(cluster);
  await Promise.all(
    crowd.talks.map(({ conversation, prompt, messageId }) => conversation.outcome(prompt, messageId, endLimitMs)),
  );
  await plan.restore(cluster);
  const samples = plan.samples(crowd.talks, beganMs, cluster);
  crowd.close();
  return samples;
}
