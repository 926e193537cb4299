/**
 * How the cluster does while a part is away: `npm run outages`. Stops or freezes Redis, PostgreSQL and NATS in turn under
 * running answers and prints how long requests took meanwhile and what became of the answers.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ScriptedServer } from "@uci/adapters/providers/testing";
import { temporaryFolder } from "@uci/services";
import { Conversation, TurnRefused } from "../e2e/conversation.ts";
import { type Cluster, startCluster } from "../tools/cluster/index.ts";
import { say } from "../tools/command.ts";

const streams = 20;
let sessions = 0;

const provider = await ScriptedServer.start({ tokensPerSecond: 20, models: ["scripted"] });
const cluster = await startCluster({
  folder: temporaryFolder("outages"),
  environment: {
    AUTH_MODE: "trusted",
    OPENAI_COMPATIBLE_BASE_URL: provider.baseUrl,
    OPENAI_COMPATIBLE_MODELS: "scripted",
    TITLES: "message",
  },
});
try {
  await outage(
    "Redis stopped",
    8,
    () => cluster.stop("redis"),
    () => cluster.start("redis"),
  );
  await outage("Redis frozen", 8, signal("redis", "SIGSTOP"), signal("redis", "SIGCONT"));
  await outage(
    "PostgreSQL stopped",
    60,
    () => cluster.stop("postgres"),
    () => cluster.start("postgres"),
  );
  await outage(
    "NATS stopped",
    8,
    () => cluster.stop("nats-1"),
    () => cluster.start("nats-1"),
  );
} finally {
  await cluster.stopAll();
  await provider.close();
}

function signal(name: string, kind: NodeJS.Signals): () => Promise<void> {
  return async () => cluster.process(name).signal(kind);
}

/** Answers are running when the part goes away and when it comes back; requests are made all the while. */
async function outage(name: string, seconds: number, away: () => Promise<void>, back: () => Promise<void>) {
  const all = await opened(cluster, streams);
  const words = Math.round((seconds + 10) * 12);
  const turns = await Promise.all(
    all.map(async (conversation, index) => {
      const prompt = `${name}, answer ${index}: ${words} words`;
      const messageId = await conversation.post(prompt);
      await conversation.untilShown(messageId, 20);
      return { conversation, prompt, messageId };
    }),
  );
  await away();
  const untilMs = Date.now() + seconds * 1_000;
  const shownBefore = total(turns);
  const posts = { accepted: 0, refused: 0, slowestMs: 0 };
  const readies: number[] = [];
  while (Date.now() < untilMs) {
    await Promise.all([timedPost(posts), timedStream(readies)]);
    await sleep(200);
  }
  const shownMeanwhile = total(turns) - shownBefore;
  await back();
  const reports = await Promise.all(
    turns.map(({ conversation, prompt, messageId }) => conversation.outcome(prompt, messageId, 300_000, true)),
  );
  const whole = reports.filter(({ isWhole, status }) => isWhole && status === "complete").length;
  const violations = all.reduce((sum, conversation) => sum + conversation.violations.length, 0);
  say(
    `${name} for ${seconds} s: new turns ${posts.accepted} accepted, ${posts.refused} refused, slowest ${posts.slowestMs} ms; ` +
      `streams opened ${readies.length}, slowest ready ${Math.round(Math.max(0, ...readies))} ms; ` +
      `${shownMeanwhile} characters shown meanwhile; ${whole} of ${reports.length} answers whole and stored, ${violations} violations`,
  );
  for (const conversation of all) conversation.close();
}

async function opened({ gatewayUrl }: Cluster, count: number): Promise<Conversation[]> {
  const all = Array.from({ length: count }, () => new Conversation(gatewayUrl, `outage-${++sessions}`));
  await Promise.all(all.map((conversation) => conversation.ready()));
  return all;
}

function total(turns: readonly { conversation: Conversation; messageId: string }[]): number {
  return turns.reduce((sum, { conversation, messageId }) => sum + conversation.shown(messageId), 0);
}

async function timedPost(posts: { accepted: number; refused: number; slowestMs: number }): Promise<void> {
  const conversation = new Conversation(cluster.gatewayUrl, `outage-${++sessions}`);
  const startedMs = performance.now();
  try {
    await conversation.post("hello 3 words");
    posts.accepted++;
  } catch (error) {
    if (!(error instanceof TurnRefused)) throw error;
    posts.refused++;
  }
  posts.slowestMs = Math.max(posts.slowestMs, Math.round(performance.now() - startedMs));
  conversation.close();
}

/** Time until a new stream is ready; those that are not within 5 s are left out, as they wait for the part itself. */
async function timedStream(readies: number[]): Promise<void> {
  const startedMs = performance.now();
  const conversation = new Conversation(cluster.gatewayUrl, `outage-${++sessions}`);
  await conversation.ready(5_000).then(
    () => readies.push(performance.now() - startedMs),
    () => undefined,
  );
  conversation.close();
}
