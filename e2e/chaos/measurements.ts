import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "../../packages/stream/sim/random.ts";
import type { Cluster } from "../../tools/cluster/index.ts";
import { BareReader } from "./bare-reader.ts";
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
  /** Of a round before, not counted: processes that were just started compile what they run. */
  readonly firstP99Ms?: number;
  /** What it should stay under for 99 of 100; null: nothing was promised. */
  readonly aimMs: number | null;
};

export type Plan = {
  readonly name: string;
  readonly aimMs: number | null;
  readonly answers: number;
  /** Further readers of each answer, which look at no text. */
  readonly bareReadersEach: number;
  /** The pod that all of these are connected to at first; else the gateway spreads them. */
  readonly bareReadersOn?: string;
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
  readonly bareReaders: readonly BareReader[];
  readonly beganMs: number;
  readonly cluster: Cluster;
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
function nextPieces({ bareReaders, beganMs }: Seen): readonly number[] {
  return bareReaders.flatMap(({ losses }) => {
    const loss = losses.find(({ atMs }) => atMs >= beganMs);
    // One that never got a piece again would be among the lost of the cases; here it counts as the longest.
    return loss === undefined ? [] : [(loss.nextPieceAtMs ?? Number.POSITIVE_INFINITY) - beganMs];
  });
}

/** When a worker last said that others can take its answers, on the clock of `performance.now`. */
function handedOverMs(cluster: Cluster, name: string): number {
  const lines = fs.readFileSync(path.join(cluster.folder, "logs", `${name}.log`), "utf8").split("\n");
  const line = lines.findLast((one) => one.includes('"worker: handed over"'));
  if (line === undefined) throw new Error(`${name} handed nothing over`);
  return Date.parse((JSON.parse(line) as { time: string }).time) - performance.timeOrigin;
}

/** As many tokens a second as leave two cores, which all of this shares, something for what is measured. */
const pace = { tokensPerSecond: 5, bareReadersEach: 0 };

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
    name: "SIGTERM of a worker with a third of 150 answers: until all are handed over",
    aimMs: 500,
    ...pace,
    ...{ answers: 150, seconds: 10 },
    ...signalled("worker-1", "SIGTERM"),
    samples: ({ beganMs, cluster }) => [handedOverMs(cluster, "worker-1") - beganMs],
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
    name: "SIGKILL of a pod with a third of 1,500 readers of 50 answers: to the next piece for each",
    aimMs: 1_000,
    ...pace,
    ...{ answers: 50, bareReadersEach: 30, seconds: 20 },
    ...signalled("pod-1", "SIGKILL"),
    samples: nextPieces,
  },
  {
    name: "SIGKILL of a pod with all of 500 readers of 50 answers: to the next piece for each",
    aimMs: 1_000,
    ...pace,
    ...{ answers: 50, bareReadersEach: 10, bareReadersOn: "pod-1", seconds: 20 },
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
  const first = await oneRound(cluster, plan, 0);
  const samples: number[] = [];
  for (let round = 1; round <= rounds; round++) samples.push(...(await oneRound(cluster, plan, round)));
  return {
    name: plan.name,
    rounds,
    samples: samples.length,
    medianMs: Math.round(percentile(samples, 0.5)),
    p99Ms: Math.round(percentile(samples, 0.99)),
    slowestMs: Math.round(percentile(samples, 1)),
    firstP99Ms: Math.round(percentile(first, 0.99)),
    aimMs: plan.aimMs,
  };
}

function addressOf(cluster: Cluster, name: string): string {
  const { host, port } = cluster.process(name).command;
  return `http://${host}:${port}`;
}

async function oneRound(cluster: Cluster, plan: Plan, round: number): Promise<readonly number[]> {
  const { answers: streams, bareReadersEach, tokensPerSecond, seconds } = plan;
  const options: CrowdOptions = {
    ...{ streams, words: Math.ceil(seconds * tokensPerSecond), models: [continues] },
    ...{ random: new Random(round + 1), name: `measured-${plans.indexOf(plan)}-${round}-${process.pid}` },
  };
  const crowd = new Crowd(cluster, options);
  await crowd.begin();
  const firstUrl = plan.bareReadersOn === undefined ? cluster.gatewayUrl : addressOf(cluster, plan.bareReadersOn);
  const bareReaders = crowd.talks.flatMap(({ conversation: { sessionId, userId } }) =>
    Array.from({ length: bareReadersEach }, () => new BareReader(cluster.gatewayUrl, sessionId, userId, firstUrl)),
  );
  await Promise.all(bareReaders.map(({ shown }) => shown));
  await sleep(1_000);
  const beganMs = await plan.fault(cluster);
  const { talks } = crowd;
  await Promise.all(
    talks.map(({ conversation, prompt, messageId }) => conversation.outcome(prompt, messageId, endLimitMs)),
  );
  await plan.restore(cluster);
  const samples = plan.samples({ talks, bareReaders, beganMs, cluster, firstTokenMs: 1_000 / tokensPerSecond });
  crowd.close();
  for (const reader of bareReaders) reader.close();
  return samples;
}
