import net from "node:net";
import type { ServiceProcess } from "@uci/services";
import { Child } from "../load/child.ts";
import { nothingReceived, RawReader } from "../load/raw-reader.ts";
import { stampedToken } from "../load/stamp.ts";
import { whileSteady } from "../load/steady.ts";
import { until } from "../load/until.ts";
import { BenchWorld } from "../load/world.ts";
import { published, startNchan } from "../yardsticks/nchan.ts";
import type { BenchCase, Figures } from "./case.ts";

const sessions = 250;
const readersEach = 4;
const tokensPerSecond = 8;
const seconds = 4;
/** Of the yardstick; longer than it is watched. */
const tokens = tokensPerSecond * (seconds + 2);
const messageId = "msg_01a20fdc-7b5a-7ad0-a3a9-f0e39c637db1";
const groups = Array.from({ length: sessions }, (_none, index) => `group-${index}`);
let nchanRuns = 0;

/** A chunk as the pod writes it, with the same number of bytes. */
function chunkText(index: number): string {
  const chunk = {
    session_id: "bench-1000",
    message_id: messageId,
    ...{ chunk_id: index, generation: 0, attempt: 1, offset: index * 9, chunk: stampedToken() },
    ...{ chunk_type: "content", is_final: index === tokens, timestamp: new Date().toISOString() },
    correlation_id: "corr_01a20fdc-7b45-7fd9-b22b-cf63ed3da4cc",
  };
  return JSON.stringify(chunk);
}

export const deliver: BenchCase = {
  name: "deliver",
  what: `a chunk from the broker into a socket, ${sessions * readersEach} connections, ${sessions} answers at ${tokensPerSecond} tokens a second`,
  async open() {
    const world = await BenchWorld.start();
    const bare = await Child.start<{ port: number; feedPort: number }>("yardsticks/bare-server.ts");
    const nchan = await startNchan();
    return {
      sides: [
        { name: "pod", measure: () => pod(world) },
        { name: "bare node:http", measure: () => bareServer(bare) },
        ...(nchan === null ? [] : [{ name: "nchan", measure: () => nchanServer(nchan) }]),
      ],
      async close() {
        await nchan?.stop();
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

function bareServer(bare: Child<{ port: number; feedPort: number }>): Promise<Figures> {
  const path = (group: string) => `/?session_id=${group}`;
  const piece = (group: string, index: number) => {
    const text = `id: 1~${messageId}:0.${index}\nevent: chunk\ndata: ${chunkText(index)}\n\n`;
    return `${group} ${Buffer.byteLength(text)}\n${text}`;
  };
  return fed(bare.pid, bare.ready.port, bare.ready.feedPort, path, piece);
}

/** Each chunk is a request to it; many wait on one connection, so that they do not cost a packet each. */
async function nchanServer({ pid, command: { port } }: ServiceProcess): Promise<Figures> {
  const run = ++nchanRuns;
  const id = (group: string) => `${run}-${group}`;
  // Its readers are given the newest message at once; this one says that they are there.
  const first = net.connect(port, "127.0.0.1").resume();
  first.write(groups.map((group) => published(id(group), "ready", "{}")).join(""));
  const piece = (group: string, index: number) => published(id(group), "chunk", chunkText(index));
  try {
    return await fed(pid ?? 0, port, port, (group) => `/read?id=${id(group)}`, piece);
  } finally {
    first.destroy();
  }
}

/** What a server costs that is fed a piece for each group and token and has four readers of each group. */
async function fed(
  pid: number,
  port: number,
  feedPort: number,
  path: (group: string) => string,
  piece: (group: string, index: number) => string,
): Promise<Figures> {
  const received = nothingReceived();
  const address = new URL(`http://127.0.0.1:${port}`);
  const readers = groups.flatMap((group) =>
    Array.from({ length: readersEach }, () => new RawReader(address, path(group), {}, received)),
  );
  await until("all streams are ready", () => received.ready === readers.length);
  const feed = net.connect(feedPort, "127.0.0.1").resume();
  const all = feedGroups(feed, piece);
  const { cpu, chunks } = await whileSteady(readers, received, { server: pid, generator: process.pid }, seconds);
  await all;
  for (const reader of readers) reader.close();
  feed.destroy();
  return figures(cpu.server, cpu.generator, chunks);
}

async function feedGroups(feed: net.Socket, piece: (group: string, index: number) => string): Promise<void> {
  const startedMs = performance.now();
  for (let index = 0; index <= tokens; index++) await feedAll(feed, index, startedMs, piece);
}

/** One chunk for each group, spread over the time that it has, as answers are that began one after another. */
async function feedAll(
  feed: net.Socket,
  index: number,
  startedMs: number,
  piece: (group: string, index: number) => string,
): Promise<void> {
  const stepMs = 5;
  const periodMs = 1_000 / tokensPerSecond;
  const each = Math.ceil((groups.length * stepMs) / periodMs);
  for (let first = 0; first < groups.length; first += each) {
    const pieces = groups.slice(first, first + each).map((group) => piece(group, index));
    feed.write(pieces.join(""));
    const waitMs = startedMs + index * periodMs + ((first + each) / groups.length) * periodMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
