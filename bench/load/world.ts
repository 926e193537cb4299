import { createClient } from "@uci/client";
import { temporaryFolder } from "@uci/services";
import { type Cluster, startCluster } from "../../tools/cluster/index.ts";
import { CpuWatch } from "./processes.ts";
import { nothingReceived, RawReader, type Received } from "./raw-reader.ts";
import { type Steady, whileSteady } from "./steady.ts";
import { until } from "./until.ts";

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

type Part = "worker" | "nats" | "pod" | "generator";

/** What a load cost. Microseconds are of CPU. */
export type Cost = {
  readonly received: Received;
  readonly cpu: Readonly<Record<Part, number>>;
};

export type Asked = { readonly session: string; readonly messageId: string };

/** Answers that go on for longer than they are watched. */
export type Stream = Omit<Load, "tokens"> & { readonly seconds: number };

/** Longer than it takes to begin them all; they are stopped afterwards. */
const spareSeconds = 60;

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
        RUNNING_ANSWERS_PER_PERSON: "10000",
        WAITING_ANSWERS_PER_PERSON: "10000",
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

  /** Runs answers to their end and says what they cost, with their beginning and end. */
  async run(load: Load): Promise<Cost> {
    const received = nothingReceived();
    const { names, readers } = await this.open(load.answers, load.readersEach, received, load);
    const watch = new CpuWatch(this.#pids());
    await this.askAll(names, load);
    await until("all answers have ended", () => received.ended >= readers.length);
    const cpu = watch.used();
    for (const reader of readers) reader.close();
    return { received, cpu };
  }

  /** What answers cost while they run, and how long their tokens take. */
  async stream(load: Stream): Promise<Steady<Part>> {
    const received = nothingReceived();
    const { names, readers } = await this.open(load.answers, load.readersEach, received, load);
    const { tokensPerSecond, seconds } = load;
    const asked = await this.askAll(names, { tokens: tokensPerSecond * (seconds + spareSeconds), tokensPerSecond });
    const steady = await whileSteady(readers, received, this.#pids(), seconds);
    await this.stopAll(asked);
    for (const reader of readers) reader.close();
    return steady;
  }

  /** Sends a message as the client does: again under the same key where the pod says that it may be tried again. */
  async #ask(session: string, { tokens, tokensPerSecond }: Pick<Load, "tokens" | "tokensPerSecond">): Promise<string> {
    const message = `${tokens} tokens at ${tokensPerSecond} a second`;
    return (await this.#client(session).chat({ session_id: session, message })).message_id;
  }

  async stopAll(asked: readonly Asked[]): Promise<void> {
    await inGroups(asked, ({ session, messageId }) => this.#client(session).messages.stop(messageId));
  }

  async askAll(names: readonly string[], pace: Pick<Load, "tokens" | "tokensPerSecond">): Promise<readonly Asked[]> {
    return inGroups(names, async (session) => ({ session, messageId: await this.#ask(session, pace) }));
  }

  #client(session: string) {
    return createClient({ baseUrl: this.podAddress.origin, userId: session });
  }

  #pids() {
    const pid = (name: string) => this.cluster.process(name).pid ?? 0;
    return { worker: pid("worker-1"), nats: pid("nats-1"), pod: pid("pod-1"), generator: process.pid };
  }
}

/** A bounded number at a time, as requests of people come. */
async function inGroups<Item, Result>(
  items: readonly Item[],
  task: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let first = 0; first < items.length; first += postedTogether) {
    results.push(...(await Promise.all(items.slice(first, first + postedTogether).map(task))));
  }
  return results;
}
