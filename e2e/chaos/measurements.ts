import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "../../packages/stream/sim/random.ts";
import type { Cluster } from "../../tools/cluster/index.ts";
import { type ChaosWorld, continues } from "./chaos-cluster.ts";
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
  readonly answers: number;
  /** Connections that read each answer. */
  readonly readersEach: number;
  readonly tokensPerSecond: number;
  readonly seconds: number;
  /** Does it and returns when it began; what comes back afterwards is awaited by `restore`. */
  readonly fault: (cluster: Cluster) => Promise<number>;
  readonly restore: (cluster: Cluster) => Promise<void>;
  /** What was waited for, of each answer, reader or round. */
  readonly samples: (seen: Seen) => readonly number[];
};

type Seen = {
  readonly talks: readonly Talk[];
  readonly beganMs: number;
  /** When the fault had been done: what was told to end had ended. */
  readonly doneMs: number;
  /** The provider's own time to its first word. */
  readonly firstTokenMs: number;
};

const endLimitMs = 180_000;

function signalled(name: string, signal: "SIGKILL" | "SIGTERM"): Pick<Plan, "fault" | "restore"> {
  return {
    fault: async (cluster) => {
      const beganMs = performance.now();
      cluster.process(name).signal(signal);
      await cluster.process(name).ended;
      return beganMs;
    },
    restore: (cluster) => cluster.start(name),
  };
}

/** From the fault to the first text that another worker's call of the provider brought. */
function takeOvers({ talks, beganMs, firstTokenMs }: Seen): readonly number[] {
  return timingsOf(talks, beganMs).takeOversMs.map((ms) => Math.max(0, ms - firstTokenMs));
}

/** From the fault to the first piece after it, of readers whose connection was lost by it. */
function nextPieces({ talks, beganMs }: Seen): readonly number[] {
  const readers = talks.flatMap(({ conversation, otherTabs, messageId }) =>
    [conversation, ...otherTabs].map((reader) => ({ reader, messageId })),
  );
  return readers.flatMap(({ reader, messageId }) => {
    const lost = reader.marks.find(({ kind, atMs }) => kind === "lost" && atMs >= beganMs);
    const again = reader.marks.find(({ kind, atMs }) => kind === "connected" && atMs >= beganMs);
    if (lost === undefined || again === undefined) return [];
    const next = reader.histories.get(messageId)?.changes.find(({ atMs }) => atMs >= again.atMs);
    return next === undefined ? [] : [next.atMs - beganMs];
  });
}

/** As many tokens a second as leave two cores, which all of this shares, something for what is measured. */
const pace = { tokensPerSecond: 5, readersEach: 1 };

export const plans: readonly Plan[] = [
  {
    name: "SIGKILL of a worker with a third of 150 answers: to the next text of each",
    aimMs: 2_500,
    ...pace,
    ...{ answers: 150, seconds: 12 },
    ...signalled("worker-1", "SIGKILL"),
    samples: takeOvers,
  },
  {
    name: "SIGTERM of a worker with a third of 150 answers: until all are handed over and it has ended",
    aimMs: 500,
    ...pace,
    ...{ answers: 150, seconds: 10 },
    ...signalled("worker-1", "SIGTERM"),
    samples: ({ beganMs, doneMs }) => [doneMs - beganMs],
  },
  {
    name: "SIGTERM of a worker with a third of 150 answers: to the next text of each",
    aimMs: null,
    ...pace,
    ...{ answers: 150, seconds: 10 },
    ...signalled("worker-1", "SIGTERM"),
    samples: takeOvers,
  },
  {
    name: "SIGKILL of a pod with a third of 1,500 readers of 100 answers: to the next piece for each",
    aimMs: 1_000,
    ...pace,
    ...{ answers: 100, readersEach: 15, seconds: 20 },
    ...signalled("pod-1", "SIGKILL"),
    samples: nextPieces,
  },
  {
    name: "SIGKILL of the leading NATS node of three: the longest pause of each of 100 answers",
    aimMs: null,
    ...pace,
    ...{ answers: 100, seconds: 25 },
    fault: async (cluster) => {
      const { beganMs } = await befall(cluster, { target: "NATS leader", action: "killed" });
      return beganMs;
    },
    restore: async () => undefined,
    samples: ({ talks, beganMs }) => timingsOf(talks, beganMs).pausesMs,
  },
];

/** Takes one measurement on a cluster that is whole. */
export async function measure({ cluster, provider }: ChaosWorld, plan: Plan, rounds: number): Promise<Measurement> {
  provider.tokensPerSecond = plan.tokensPerSecond;
  const samples: number[] = [];
  for (let round = 0; round < rounds; round++) samples.push(...(await oneRound(cluster, plan, round)));
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

async function oneRound(cluster: Cluster, plan: Plan, round: number): Promise<readonly number[]> {
  const { answers: streams, readersEach, tokensPerSecond, seconds } = plan;
  const options: CrowdOptions = {
    ...{ streams, words: Math.ceil(seconds * tokensPerSecond), models: [continues], otherTabs: readersEach - 1 },
    ...{ random: new Random(round + 1), name: `measured-${plans.indexOf(plan)}-${round}-${process.pid}` },
  };
  const crowd = new Crowd(cluster, options);
  await crowd.begin();
  await sleep(1_000);
  const beganMs = await plan.fault(cluster);
  const doneMs = performance.now();
  const { talks } = crowd;
  await Promise.all(
    talks.map(({ conversation, prompt, messageId }) => conversation.outcome(prompt, messageId, endLimitMs)),
  );
  await plan.restore(cluster);
  const samples = plan.samples({ talks, beganMs, doneMs, firstTokenMs: 1_000 / tokensPerSecond });
  crowd.close();
  return samples;
}
