import { setTimeout as sleep } from "node:timers/promises";
import { isFinalStatus } from "@uci/protocol";
import { until } from "../../apps/all-in-one/test/waiting.ts";
import type { PlainCase, PlainFault } from "./cases.ts";
import { JoiningReader } from "./joining-reader.ts";
import { type Manner, nextTurn, wordsOf } from "./manners.ts";
import type { PlainWorld } from "./world.ts";

export type PlainResult = {
  readonly name: string;
  readonly status: string;
  readonly error: string | null;
  readonly tookMs: number;
  /** What is wrong; empty: nothing is. */
  readonly problems: readonly string[];
};

const userId = "third-party";
const endsWithinMs = 60_000;
const begunMs = 1_500;
let sessions = 0;

/** Plays all cases of one fault together; each in a session of its own. */
export async function runPlainCases(world: PlainWorld, cases: readonly PlainCase[]): Promise<readonly PlainResult[]> {
  const [first] = cases;
  if (first === undefined) return [];
  await everyPodIsReady(world);
  world.workflow.podSubject = `chat.pod.${(await healthOf(world.cluster.pods[0]!.url)).pod_id}.response`;
  const running = cases.map((plainCase) => runPlainCase(world, plainCase));
  await sleep(begunMs);
  const fault: PlainFault = first.fault;
  await fault.befall(world.cluster);
  return Promise.all(running);
}

/** One answer to its end, and the next turn of its session. */
async function runPlainCase(world: PlainWorld, { name, manner }: PlainCase): Promise<PlainResult> {
  const sessionId = `plain-${process.pid}-${++sessions}`;
  const reader = new JoiningReader(world.cluster.gatewayUrl, userId, sessionId);
  const startedMs = performance.now();
  const problems: string[] = [];
  const messageId = await post(world, sessionId, manner);
  const ended = await rowOnceFinal(world, messageId);
  const tookMs = Math.round(performance.now() - startedMs);
  if (ended === null) problems.push("it never ended");
  else problems.push(...flawsOf(manner, ended));
  if (ended !== null) {
    const shown = () => reader.textOf(messageId);
    // A pod may die with a close that it has shown and not stored: then its reader has more than the row.
    const agrees = () => shown() === ended.text || (ended.status !== "complete" && shown().startsWith(ended.text));
    await until("the reader has the text", agrees, endsWithinMs).catch(() => {
      problems.push(`its reader has "${shown()}", the row "${ended.text}"`);
    });
    const nextId = await post(world, sessionId, nextTurn);
    const next = await rowOnceFinal(world, nextId);
    if (next?.status !== "complete") problems.push(`the next turn is ${next?.status ?? "never over"}`);
  }
  reader.close();
  return { name, status: ended?.status ?? "never ended", error: ended?.error ?? null, tookMs, problems };
}

function flawsOf(manner: Manner, { status, text }: { status: string; text: string }): string[] {
  const all = wordsOf(manner);
  const flaws = all.startsWith(text) ? [] : [`its row holds "${text}"`];
  if (status === "complete" && text !== all) flaws.push("it is called complete and is not");
  if (status === "complete" && manner.lost.length > 0) flaws.push("it is called complete although a chunk was lost");
  return flaws;
}

/** Again with the same key until it is taken: pods and servers come and go. */
async function post(world: PlainWorld, sessionId: string, manner: Manner): Promise<string> {
  let messageId = "";
  const key = `${sessionId}-${manner.name.replaceAll(" ", "-")}`;
  const body = JSON.stringify({ user_id: userId, session_id: sessionId, message: JSON.stringify(manner) });
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
  const take = async () => {
    const response = await fetch(`${world.cluster.gatewayUrl}/api/chat`, { method: "POST", headers, body }).catch(
      () => null,
    );
    if (response?.status !== 202) return false;
    ({ message_id: messageId } = (await response.json()) as { message_id: string });
    return true;
  };
  await until(`${sessionId} takes "${manner.name}"`, take, endsWithinMs);
  return messageId;
}

async function rowOnceFinal(world: PlainWorld, messageId: string) {
  let found: Awaited<ReturnType<PlainWorld["rowOf"]>> | null = null;
  const isFinal = async () => {
    const row = await world.rowOf(messageId).catch(() => null);
    if (row !== null && isFinalStatus(row.status as never)) found = row;
    else await sleep(100);
    return found !== null;
  };
  await until(`${messageId} ends`, isFinal, endsWithinMs).catch(() => undefined);
  return found as Awaited<ReturnType<PlainWorld["rowOf"]>> | null;
}

async function everyPodIsReady({ cluster }: PlainWorld): Promise<void> {
  const isReady = async ({ url }: { url: string }) => (await fetch(`${url}/ready`).catch(() => null))?.status === 200;
  await until("every pod is ready", async () => (await Promise.all(cluster.pods.map(isReady))).every(Boolean), 30_000);
}

async function healthOf(url: string): Promise<{ pod_id: string }> {
  return (await fetch(`${url}/health`)).json() as Promise<{ pod_id: string }>;
}
