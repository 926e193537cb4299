import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "../../packages/stream/sim/random.ts";
import type { Cluster } from "../../tools/cluster/index.ts";
import type { ChaosCase } from "./cases.ts";
import { beginsAnew, continues } from "./chaos-cluster.ts";
import { Crowd, type Talk } from "./crowd.ts";
import { befall, expectedMs } from "./faults.ts";
import { readStored } from "./stored.ts";
import { percentile, timingsOf } from "./timings.ts";
import { type FlawCounts, judge } from "./verdict.ts";

export type CaseResult = FlawCounts & {
  readonly name: string;
  readonly streams: number;
  readonly answers: number;
  readonly kills: number;
  readonly reconnections: number;
  readonly takeOvers: number;
  readonly slowestTakeOverMs: number;
  readonly slowestResumeMs: number;
  readonly longestPauseMs: number;
  readonly examples: readonly string[];
};

export type CaseOptions = { readonly streams: number; readonly seed: number; readonly tokensPerSecond: number };

/** Answers go on for so long after everything works again, so that the end is not what mends it. */
const models = [continues, continues, continues, beginsAnew];
const afterwardsMs = 5_000;
const settleMs = 1_500;
/** Every accepted message ends within three minutes and the provider's time once everything works again. */
const endLimitMs = 180_000;

/** Runs one case on a cluster that is whole, and leaves it whole. */
export async function runCase(cluster: Cluster, chaosCase: ChaosCase, options: CaseOptions): Promise<CaseResult> {
  const random = new Random(options.seed);
  const name = `chaos-${process.pid}-${options.seed}`;
  const faultMs = Math.max(...chaosCase.faults.map(expectedMs));
  const words = Math.ceil(((faultMs + afterwardsMs) / 1000) * options.tokensPerSecond * wordsPerToken);
  const crowd = new Crowd(cluster, { streams: options.streams, words, models, random, name });
  await crowd.begin();
  const living = crowd.live();
  await sleep(settleMs * random.next());
  const times = await Promise.all(chaosCase.faults.map((fault) => befall(cluster, fault)));
  crowd.end();
  await living;
  const talks = [...crowd.talks, ...(await Promise.all(crowd.late))];
  await Promise.all(talks.map(untilStored));
  const stored = await readStored(cluster.environment.DATABASE_URL ?? "", name);
  const verdict = judge(talks, stored);
  const beganMs = Math.min(...times.map((time) => time.beganMs));
  const { takeOversMs, resumesMs, pausesMs } = timingsOf(crowd.talks, beganMs);
  const result = {
    name: chaosCase.name,
    streams: crowd.streams,
    answers: talks.length,
    kills: times.reduce((sum, { kills }) => sum + kills, 0),
    reconnections: talks.reduce((sum, { conversation }) => sum + conversation.reconnects, 0),
    ...verdict.counts,
    takeOvers: takeOversMs.length,
    slowestTakeOverMs: Math.round(percentile(takeOversMs, 1)),
    slowestResumeMs: Math.round(percentile(resumesMs, 1)),
    longestPauseMs: Math.round(percentile(pausesMs, 1)),
    examples: verdict.examples,
  };
  for (const { conversation, otherTabs } of talks) {
    conversation.close();
    for (const tab of otherTabs) tab.close();
  }
  return result;
}

/** The scripted provider sends words of up to twelve characters as one token, longer ones in parts. */
const wordsPerToken = 0.75;

/** An answer that does not end in time is for the verdict to name. */
async function untilStored({ conversation, otherTabs, prompt, messageId }: Talk): Promise<void> {
  await conversation.outcome(prompt, messageId, endLimitMs, true).catch(() => undefined);
  for (const tab of otherTabs) await tab.outcome(prompt, messageId, endLimitMs).catch(() => undefined);
}
