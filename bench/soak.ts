/**
 * Steady load for a long time: `npm run soak -- --minutes 30 --streams 100`. Prints the memory of every pod and worker as
 * it goes, and in the end what is left behind in Redis, NATS and PostgreSQL, which should be nothing.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ScriptedServer } from "@uci/adapters/providers/testing";
import { temporaryFolder } from "@uci/services";
import { Conversation } from "../e2e/conversation.ts";
import { startCluster } from "../tools/cluster/index.ts";
import { say } from "../tools/command.ts";
import { type Leftovers, leftoversOf } from "./leftovers.ts";
import { type MemorySample, memoryOf, memoryTable } from "./memory.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    streams: { type: "string", default: "100" },
    words: { type: "string", default: "300" },
    trim: { type: "string", default: "60" },
  },
});
const minutes = Number(values.minutes);
const streams = Number(values.streams);
const tokensPerSecond = 20;
const sampleMs = Math.min(60_000, (minutes * 60_000) / 10);

const provider = await ScriptedServer.start({ tokensPerSecond, models: ["scripted"] });
const cluster = await startCluster({
  folder: temporaryFolder("soak"),
  pods: 3,
  workers: 2,
  environment: {
    AUTH_MODE: "trusted",
    OPENAI_COMPATIBLE_BASE_URL: provider.baseUrl,
    OPENAI_COMPATIBLE_MODELS: "scripted",
    TITLES: "message",
    JOURNAL_TRIM_DELAY_SECONDS: values.trim,
    LOG_LEVEL: "warn",
  },
});
process.once("SIGINT", () => void stop().then(() => process.exit(130)));

const tally = { turns: 0, broken: 0, refused: 0, replacements: 0, reconnects: 0, violations: [] as string[] };
const samples: MemorySample[] = [];
const untilMs = Date.now() + minutes * 60_000;

say(`${streams} streams at ${tokensPerSecond} tokens a second through ${cluster.gatewayUrl} for ${minutes} minutes …`);
const sampling = sample();
await Promise.all(Array.from({ length: streams }, (_none, index) => converse(index)));
await sampling;
say(memoryTable(samples));
say(
  `turns ${tally.turns}, not whole ${tally.broken}, refused ${tally.refused}, replaced ${tally.replacements}, reconnections ${tally.reconnects}`,
);
for (const violation of tally.violations.slice(0, 10)) say(`  ${violation}`);
say("Waiting until what is finished has been trimmed …");
const left = await untilNothingIsLeft();
for (const [name, count] of Object.entries(left)) say(`left behind, ${name}: ${count}`);
await stop();
const clean = Object.values(left).every((count) => count === 0);
process.exitCode = clean && tally.broken + tally.violations.length + tally.refused === 0 ? 0 : 1;

/** One session after another turn; now and then a new session, so that sessions come and go. */
async function converse(index: number): Promise<void> {
  for (let session = 0; Date.now() < untilMs; session++) {
    const conversation = new Conversation(cluster.gatewayUrl, `soak-${index}-${session}`);
    await conversation.ready();
    for (let turn = 0; turn < 5 && Date.now() < untilMs; turn++) {
      try {
        const prompt = `session ${index}.${session}, turn ${turn}: ${values.words} words`;
        const report = await conversation.outcome(prompt, await conversation.post(prompt), 120_000, true);
        tally.turns++;
        tally.replacements += report.replacements;
        if (!report.isWhole || report.status !== "complete") tally.broken++;
      } catch (error) {
        tally.refused++;
        tally.violations.push((error as Error).message);
      }
    }
    tally.reconnects += conversation.reconnects;
    tally.violations.push(...conversation.violations);
    conversation.close();
  }
}

async function sample(): Promise<void> {
  const programs = [...cluster.pods, ...cluster.workers];
  const startedMs = Date.now();
  while (Date.now() < untilMs) {
    await sleep(Math.min(sampleMs, Math.max(untilMs - Date.now(), 1)));
    const minute = (Date.now() - startedMs) / 60_000;
    samples.push({ minute, byName: await memoryOf(programs) });
    say(memoryTable(samples.slice(-1)).split("\n").at(-1)!);
  }
}

async function untilNothingIsLeft(): Promise<Leftovers> {
  const limitMs = Date.now() + Number(values.trim) * 1_000 + 180_000;
  for (;;) {
    const left = await leftoversOf(cluster);
    if (Object.values(left).every((count) => count === 0) || Date.now() > limitMs) return left;
    await sleep(5_000);
  }
}

async function stop(): Promise<void> {
  await cluster.stopAll();
  await provider.close();
}
