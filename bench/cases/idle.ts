import { Child } from "../load/child.ts";
import { proportionalBytes } from "../load/processes.ts";
import { nothingReceived, RawReader } from "../load/raw-reader.ts";
import { until } from "../load/until.ts";
import { BenchWorld } from "../load/world.ts";
import type { BenchCase, Figures } from "./case.ts";

const connections = 8_000;
const openedTogether = 200;
/** Of one process: memory only grows, so each round needs a new one. */
const quietMs = 1_000;

export const idle: BenchCase = {
  name: "idle",
  what: `memory of a connection on which nothing happens, ${connections} of them`,
  rounds: 1,
  async open() {
    return {
      sides: [
        { name: "pod", measure: pod },
        { name: "bare node:http", measure: bareServer },
      ],
      close: async () => undefined,
    };
  },
};

async function pod(): Promise<Figures> {
  const world = await BenchWorld.start();
  try {
    const pid = world.cluster.process("pod-1").pid ?? 0;
    return await opened(pid, world.podAddress, (index) => ({
      path: `/api/sse?session_id=idle-${index}`,
      headers: { "X-User-Id": `idle-${index}` },
    }));
  } finally {
    await world.close();
  }
}

async function bareServer(): Promise<Figures> {
  const bare = await Child.start<{ port: number }>("yardsticks/bare-server.ts");
  try {
    const address = new URL(`http://127.0.0.1:${bare.ready.port}`);
    return await opened(bare.pid, address, (index) => ({ path: `/?session_id=idle-${index}`, headers: {} }));
  } finally {
    await bare.stop();
  }
}

async function opened(
  pid: number,
  address: URL,
  request: (index: number) => { path: string; headers: Readonly<Record<string, string>> },
): Promise<Figures> {
  const received = nothingReceived();
  const before = proportionalBytes(pid);
  const startedMs = performance.now();
  const readers: RawReader[] = [];
  for (let index = 0; index < connections; index++) {
    const { path, headers } = request(index);
    readers.push(new RawReader(address, path, headers, received));
    if (readers.length % openedTogether === 0) {
      await until("the streams are ready", () => readers.length - received.ready < openedTogether);
    }
  }
  await until("all streams are ready", () => received.ready === connections);
  const seconds = (performance.now() - startedMs) / 1_000;
  await new Promise((resolve) => setTimeout(resolve, quietMs));
  const bytes = (proportionalBytes(pid) - before) / connections;
  for (const reader of readers) reader.close();
  return { "KB a connection": bytes / 1_000, "s to open all": seconds };
}
