import { createClient } from "@uci/client";
import { temporaryFolder } from "@uci/services";
import { type Cluster, startCluster } from "../../tools/cluster/index.ts";
import { CpuWatch } from "./processes.ts";
import { nothingReceived, RawReader, type Received } from "./raw-reader.ts";

export type Load = {
  readonly answers: number;
  readonly tokens: number;
  /** Of each answer; 0: as fast as they are taken. */
  readonly tokensPerSecond: number;
  /** Open streams that show each answer. */
  readonly readersEach: number;
  /** Where the readers connect. */
  readonly through: "pod" | "gateway";
  readonly stamps: boolean;
};

/** What a load cost. Microseconds are of CPU. */
export type Cost = {
  readonly received: Received;
  readonly tokens: number;
  readonly seconds: number;
  readonly cpu: Readonly<Record<"worker" | "nats" | "pod" | "generator", number>>;
};

const pollMs = 20;
const limitMs = 120_000;
const postedTogether = 50;
let sessions = 0;

/** One pod and one worker with its own script for a model, over real servers; the load generator is this process. */
export class BenchWorld {
  readonly cluster: Cluster;

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  static async start(environment: Readonly<Record<string, string>> = {}): Promise<BenchWorld> {
    const cluster = await startCluster({
      folder: temporaryFolder("bench"),
      pods: 1,
      workers: 1,
      workerFile: "bench/load/bench-worker.ts",
      environment: {
        AUTH_MODE: "trusted",
        LOG_LEVEL: "warn",
        GRACE_SECONDS: "0",
        WORKER_SLOTS: "1000",
        SSE_CONNECTIONS_PER_USER: "10000",
        TITLES: "message",
        ...environment,
      },
      gateway: { requestsPerSecond: 100_000, requestBurst: 100_000, streamsPerAddress: 60_000 },
    });
    return new BenchWorld(cluster);
  }

  get podAddress(): URL {
    return new URL(this.cluster.pods[0]!.url);
  }

  close(): Promise<void> {
    return this.cluster.stopAll();
  }

  /** Opens streams on new sessions and waits until all are ready. */
  async open(count: number, each: number, received: Received, load: Pick<Load, "through" | "stamps">) {
    const address = load.through === "pod" ? this.podAddress : new URL(this.cluster.gatewayUrl);
    const names = Array.from({ length: count }, () => `bench-${++sessions}`);
    const readers: RawReader[] = [];
    for (const name of names) {
      for (let reader = 0; reader < each; reader++) {
        readers.push(
          new RawReader(address, `/api/sse?session_id=${name}`, { "X-User-Id": name }, received, load.stamps),
        );
      }
      await until("all streams are ready", () => readers.length - received.ready < postedTogether * 2);
    }
    await until("all streams are ready", () => received.ready === readers.length);
    return { names, readers };
  }

  /** Runs answers to their end and says what they cost. */
  async run(load: Load): Promise<Cost> {
    const received = nothingReceived();
    const { names, readers } = await this.open(load.answers, load.readersEach, received, load);
    const watch = new CpuWatch(this.#pids());
    const startedMs = performance.now();
    for (let first = 0; first < names.length; first += postedTogether) {
      await Promise.all(names.slice(first, first + postedTogether).map((name) => this.ask(name, load)));
    }
    await until("all answers have ended", () => received.ended >= readers.length);
    const cpu = watch.used();
    const seconds = (performance.now() - startedMs) / 1_000;
    for (const reader of readers) reader.close();
    return { received, tokens: load.answers * load.tokens, seconds, cpu };
  }

  /** Sends a message as the client does: again under the same key where the pod says that it may be tried again. */
  async ask(session: string, { tokens, tokensPerSecond }: Pick<Load, "tokens" | "tokensPerSecond">): Promise<string> {
    const message = `${tokens} tokens at ${tokensPerSecond} a second`;
    return (await this.#client(session).chat({ session_id: session, message })).message_id;
  }

  async stop(session: string, messageId: string): Promise<void> {
    await this.#client(session).messages.stop(messageId);
  }

  #client(session: string) {
    return createClient({ baseUrl: this.podAddress.origin, userId: session });
  }

  #pids() {
    const pid = (name: string) => this.cluster.process(name).pid ?? 0;
    return { worker: pid("worker-1"), nats: pid("nats-1"), pod: pid("pod-1"), generator: process.pid };
  }
}

export async function until(what: string, holds: () => boolean): Promise<void> {
  const untilMs = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > untilMs) throw new Error(`not within ${limitMs / 1_000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
