import { ScriptedServer, scriptedAnswer } from "@uci/adapters/providers/testing";
import { healthSchema } from "@uci/protocol";
import { temporaryFolder } from "@uci/services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Caller } from "../apps/all-in-one/test/caller.ts";
import { textOf } from "../apps/all-in-one/test/sse-reader.ts";
import { until } from "../apps/all-in-one/test/waiting.ts";
import { type Cluster, startCluster } from "../tools/cluster/index.ts";
import { Conversation, TurnRefused } from "./conversation.ts";

const limitMs = 60_000;

let provider: ScriptedServer;
let cluster: Cluster;
let sessions = 0;

beforeAll(async () => {
  provider = await ScriptedServer.start({ models: ["scripted"] });
  cluster = await startCluster({
    folder: temporaryFolder("cluster"),
    pods: 3,
    workers: 2,
    environment: {
      AUTH_MODE: "trusted",
      OPENAI_COMPATIBLE_BASE_URL: provider.baseUrl,
      OPENAI_COMPATIBLE_MODELS: "scripted",
      TITLES: "message",
      DRAIN_SECONDS: "5",
      GRACE_SECONDS: "0",
    },
  });
}, limitMs);
afterAll(async () => {
  await cluster?.stopAll();
  await provider?.close();
}, limitMs);

function newSession(): string {
  return `session-${++sessions}`;
}

function pod(number: number): string {
  return cluster.pods[number - 1]!.url;
}

/** Conversations whose readers are spread over the pods by the gateway. */
async function conversations(count: number): Promise<Conversation[]> {
  const opened = Array.from({ length: count }, () => new Conversation(cluster.gatewayUrl, newSession()));
  await Promise.all(opened.map((conversation) => conversation.ready(limitMs)));
  return opened;
}

async function storedText(messageId: string): Promise<string> {
  const client = new pg.Client({ connectionString: cluster.environment.DATABASE_URL });
  await client.connect();
  try {
    const { rows } = await client.query("select content from messages where message_id = $1", [messageId]);
    return rows[0].content;
  } finally {
    await client.end();
  }
}

/** Begins an answer in each conversation and waits until some of each is shown. */
async function begun(all: readonly Conversation[], words: number): Promise<{ prompt: string; messageId: string }[]> {
  return Promise.all(
    all.map(async (conversation, index) => {
      const prompt = `question ${index} of ${conversation.sessionId}: ${words} words`;
      const messageId = await conversation.post(prompt);
      await conversation.untilShown(messageId, 20, limitMs);
      return { prompt, messageId };
    }),
  );
}

async function expectWhole(all: readonly Conversation[], turns: readonly { prompt: string; messageId: string }[]) {
  for (const [index, conversation] of all.entries()) {
    const { prompt, messageId } = turns[index]!;
    const report = await conversation.outcome(prompt, messageId, limitMs, true);
    expect(report).toMatchObject({ status: "complete", isWhole: true });
    expect(conversation.violations).toEqual([]);
    expect(await storedText(messageId)).toBe(scriptedAnswer(prompt));
  }
}

describe("through the gateway, in trusted mode", { timeout: limitMs }, () => {
  it("answers ids never seen before, and streams chunks without a hole to the end", async () => {
    const user = new Caller(cluster.gatewayUrl);
    const session_id = newSession();
    const reader = await user.stream(`/api/sse?session_id=${session_id}&user_id=nobody-yet`);
    await reader.untilReady();
    const body = { session_id, user_id: "nobody-yet", message: "tell me 30 words" };
    const answer = await user.call("POST", "/api/chat", { body });
    expect(answer.status).toBe(202);
    const accepted = answer.body as { message_id: string };
    expect(answer.body).toMatchObject({ session_id, status: "accepted" });
    await reader.untilPersisted(accepted.message_id);
    expect(reader.events[0]).toMatchObject({ event: "connected", data: { session_id } });
    const chunks = reader.chunksOf(accepted.message_id);
    expect(chunks.map(({ chunk_id }) => chunk_id)).toEqual(chunks.map((_chunk, index) => index));
    expect(textOf(chunks)).toBe(scriptedAnswer(body.message));
    const last = chunks.at(-1)!;
    expect(last.is_final).toBe(true);
    expect(last.metadata?.tokens_used).toBeGreaterThan(0);
    const complete = reader.events.findIndex(({ event }) => event === "message_complete");
    const finalChunk = reader.events.findIndex(({ event, data }) => event === "chunk" && data.is_final);
    expect(complete).toBeGreaterThan(finalChunk);
    user.close();
  });

  it("notes who holds an open stream, from which address and with what program", async () => {
    const session_id = newSession();
    const agent = `Reader/1 ${"x".repeat(400)}`;
    const url = `${cluster.gatewayUrl}/api/sse?session_id=${session_id}&user_id=holder`;
    const reading = new AbortController();
    const stream = await fetch(url, { headers: { "User-Agent": agent }, signal: reading.signal });
    expect(stream.status).toBe(200);
    const client = new pg.Client({ connectionString: cluster.environment.DATABASE_URL });
    await client.connect();
    const query = "select user_id, address, user_agent from active_connections where session_id = $1";
    const stored = async () => (await client.query(query, [session_id])).rows;
    try {
      await until("it is stored", async () => (await stored()).length === 1);
      expect(await stored()).toEqual([{ user_id: "holder", address: "127.0.0.1", user_agent: agent.slice(0, 300) }]);
      reading.abort();
      await until("it is gone", async () => (await stored()).length === 0);
    } finally {
      reading.abort();
      await client.end();
    }
  });

  it("says how it is on the gateway, on each pod and over the broker, and keeps its metrics to itself", async () => {
    for (const url of [cluster.gatewayUrl, pod(1), pod(2), pod(3)]) {
      const health = healthSchema.parse(await (await fetch(`${url}/health`)).json());
      expect(health).toMatchObject({ status: "ok", nats_connected: true });
      expect((await fetch(`${url}/ready`)).status).toBe(200);
    }
    expect((await fetch(`${cluster.gatewayUrl}/metrics`)).status).toBe(404);
    const text = await (await fetch(`${pod(1)}/metrics`)).text();
    expect(text).toMatch(/^uci_broker_connected 1$/m);
    const work = await (await fetch(`${cluster.workers[0]!.url}/metrics`)).text();
    expect(work).toMatch(/^uci_queue_pending_jobs \d+$/m);
  });

  it("streams a message posted to one pod on connections another two hold, the same to both", async () => {
    provider.tokensPerSecond = 200;
    const session_id = newSession();
    const callers = [3, 2].map((number) => new Caller(pod(number), { userId: "two-tabs" }));
    const readers = await Promise.all(callers.map((caller) => caller.stream(`/api/sse?session_id=${session_id}`)));
    await Promise.all(readers.map((reader) => reader.untilReady()));
    const message = "for two tabs, 200 words";
    const { message_id } = await new Caller(pod(1), { userId: "two-tabs" }).chat(message, { session_id });
    await Promise.all(readers.map((reader) => reader.untilPersisted(message_id)));
    const [first, second] = readers.map((reader) => reader.chunksOf(message_id));
    expect(textOf(first!)).toBe(scriptedAnswer(message));
    expect(second).toEqual(first);
    expect(readers.flatMap((reader) => reader.all("snapshot"))).toEqual([]);
    for (const caller of callers) caller.close();
  });

  it("answers a stranger's id with 404 on every pod, also from the cache", async () => {
    const session_id = newSession();
    const owner = new Caller(pod(1), { userId: "owner" });
    const reader = await owner.stream(`/api/sse?session_id=${session_id}`);
    await reader.untilReady();
    owner.close();
    for (const number of [1, 2, 3]) {
      const stranger = new Caller(pod(number), { userId: "stranger" });
      await stranger.refused("not_found", "GET", `/api/sse?session_id=${session_id}`);
      await stranger.refused("not_found", "GET", `/api/sessions/${session_id}/messages`);
    }
  });
});

describe("while a part is away", { timeout: 2 * limitMs }, () => {
  it("goes on without Redis, answers quickly, and with it again", async () => {
    provider.tokensPerSecond = 40;
    const all = await conversations(6);
    const turns = await begun(all, 150);
    await cluster.stop("redis");
    const newcomer = new Caller(pod(2), { userId: "newcomer" });
    const startedMs = performance.now();
    const reader = await newcomer.stream(`/api/sse?session_id=${newSession()}`);
    await newcomer.chat("hello 5 words", { session_id: newSession() });
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    await reader.untilReady();
    await cluster.start("redis");
    await expectWhole(all, turns);
    await expectWhole(all, await begun(all, 30));
    newcomer.close();
    for (const conversation of all) conversation.close();
  });

  it("streams on without PostgreSQL, refuses new turns, and stores when it is back", async () => {
    provider.tokensPerSecond = 40;
    const all = await conversations(6);
    const turns = await begun(all, 200);
    await cluster.stop("postgres");
    const refused = await all[0]!.post("too early").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TurnRefused);
    expect((refused as TurnRefused).status).toBe(503);
    await Promise.all(
      all.map((conversation, index) =>
        conversation.untilShown(turns[index]!.messageId, scriptedAnswer(turns[index]!.prompt).length, limitMs),
      ),
    );
    await cluster.start("postgres");
    await expectWhole(all, turns);
    for (const conversation of all) conversation.close();
  });

  it("refuses new turns without NATS and stores nothing; running answers go on when it is back", async () => {
    provider.tokensPerSecond = 20;
    const all = await conversations(6);
    const turns = await begun(all, 150);
    await cluster.stop("nats-1");
    const caller = new Caller(pod(1), { userId: "waiting" });
    const session_id = newSession();
    await until("the pod knows", async () => (await fetch(`${pod(1)}/ready`)).status === 503);
    const answer = await caller.refused("broker_unavailable", "POST", "/api/chat", {
      body: { session_id, message: "x" },
    });
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    await caller.refused("not_found", "GET", `/api/sessions/${session_id}`);
    await cluster.start("nats-1");
    await expectWhole(all, turns);
    for (const conversation of all) conversation.close();
  });
});

describe("a rolling restart under load", { timeout: 3 * limitMs }, () => {
  it("loses nothing and refuses nobody", async () => {
    provider.tokensPerSecond = 40;
    const all = await conversations(20);
    let stopping = false;
    const problems: string[] = [];
    let turns = 0;
    const talking = all.map(async (conversation) => {
      for (let turn = 0; !stopping || turn < 2; turn++) {
        try {
          const prompt = `${conversation.sessionId} turn ${turn}: 60 words`;
          // A message can follow an answer once that is stored.
          const report = await conversation.outcome(prompt, await conversation.post(prompt), limitMs, true);
          turns++;
          if (!report.isWhole || report.status !== "complete") problems.push(`${report.messageId}: ${report.status}`);
        } catch (error) {
          problems.push((error as Error).message);
          return;
        }
      }
    });
    for (const { name } of [...cluster.pods, ...cluster.workers]) await cluster.restart(name);
    stopping = true;
    await Promise.all(talking);
    problems.push(...all.flatMap(({ violations }) => violations));
    expect(problems).toEqual([]);
    expect(turns).toBeGreaterThanOrEqual(40);
    for (const conversation of all) conversation.close();
  });
});
