import net from "node:net";
import { Child } from "../load/child.ts";
import { nothingReceived, RawReader } from "../load/raw-reader.ts";
import { stampedToken } from "../load/stamp.ts";
import { whileSteady } from "../load/steady.ts";
import { until } from "../load/until.ts";
import { BenchWorld } from "../load/world.ts";
import type { BenchCase, Figures } from "./case.ts";

const sessions = 250;
const readersEach = 4;
const tokensPerSecond = 8;
const seconds = 6;
/** Of the yardstick; longer than it is watched. */
const tokens = tokensPerSecond * (seconds + 2);

/** A chunk as the pod writes it, with the same number of bytes. */
function eventText(index: number): string {
  const chunk = {
    session_id: "bench-1000",
    message_id: "msg_01a20fdc-7b5a-7ad0-a3a9-f0e39c637db1",
    ...{ chunk_id: index, generation: 0, attempt: 1, offset: index * 9, chunk: stampedToken() },
    ...{ chunk_type: "content", is_final: index === tokens, timestamp: new Date().toISOString() },
    correlation_id: "corr_01a20fdc-7b45-7fd9-b22b-cf63ed3da4cc",
  };
  return `id: 1~${chunk.message_id}:0.${index}\nevent: chunk\ndata: ${JSON.stringify(chunk)}\n\n`;
}

export const deliver: BenchCase = {
  name: "deliver",
  what: `a chunk from the broker into a socket, ${sessions * readersEach} connections, ${sessions} answers at ${tokensPerSecond} tokens a second`,
  async open() {
    const world = await BenchWorld.start();
    const bare = await Child.start<{ port: number; feedPort: number }>("yardsticks/bare-server.ts");
    return {
      sides: [
        { name: "pod", measure: () => pod(world) },
        { name: "bare node:http", measure: () => bareServer(bare) },
      ],
      async close() {
        await bare.stop();
        await world.close();
      },
    };
  },
};

async function pod(world: BenchWorld): Promise<Figures> {
  const load = { answers: sessions, tokensPerSecond, readersEach, through: "pod", stamps: false, seconds } as const;
  const { cpu, chunks } = await world.stream(load);
  return figures(cpu.pod, cpu.generator, chunks);
}

function figures(cpu: number, generatorCpu: number, chunks: number): Figures {
  return { "CPU µs a chunk": cpu / chunks, chunks, "generator CPU s": generatorCpu / 1e6 };
}

async function bareServer(bare: Child<{ port: number; feedPort: number }>): Promise<Figures> {
  const received = nothingReceived();
  const address = new URL(`http://127.0.0.1:${bare.ready.port}`);
  const groups = Array.from({ length: sessions }, (_none, index) => `group-${index}`);
  const readers = groups.flatMap((group) =>
    Array.from({ length: readersEach }, () => new RawReader(address, `/?session_id=${group}`, {}, received)),
  );
  await until("all streams are ready", () => received.ready === readers.length);
  const feed = net.connect(bare.ready.feedPort, "127.0.0.1");
  const fed = feedGroups(feed, groups);
  const pids = { bare: bare.pid, generator: process.pid };
  const { cpu, chunks } = await whileSteady(readers, received, pids, seconds);
  await fed;
  for (const reader of readers) reader.close();
  feed.destroy();
  return figures(cpu.bare, cpu.generator, chunks);
}

async function feedGroups(feed: net.Socket, groups: readonly string[]): Promise<void> {
  const startedMs = performance.now();
  for (let index = 0; index <= tokens; index++) await feedAll(feed, groups, index, startedMs);
}

/** One chunk for each group, spread over the time that it has, as answers are that began one after another. */
async function feedAll(feed: net.Socket, groups: readonly string[], index: number, startedMs: number): Promise<void> {
  const stepMs = 5;
  const periodMs = 1_000 / tokensPerSecond;
  const each = Math.ceil((groups.length * stepMs) / periodMs);
  for (let first = 0; first < groups.length; first += each) {
    const texts = groups.slice(first, first + each).map((group) => {
      const text = eventText(index);
      return `${group} ${Buffer.byteLength(text)}\n${text}`;
    });
    feed.write(texts.join(""));
    const waitMs = startedMs + index * periodMs + ((first + each) / groups.length) * periodMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
