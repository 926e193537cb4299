import { type ServiceProcess, startRedisServer, temporaryFolder } from "@uci/services";
import { Child } from "../load/child.ts";
import { nothingReceived, RawReader } from "../load/raw-reader.ts";
import { type Steady, whileSteady } from "../load/steady.ts";
import { until } from "../load/until.ts";
import { BenchWorld } from "../load/world.ts";
import { type BenchCase, type Figures, percentile } from "./case.ts";

const redisPassword = "bench";
/** How much longer an answer of the yardstick is than it is watched. */
const spareSeconds = 3;

export type PipelineLoad = { readonly answers: number; readonly tokensPerSecond: number; readonly seconds: number };

/** Worker, broker and pod together against `resumable-stream` over Redis; the same model is in the process of both. */
export function pipeline(name: string, load: PipelineLoad): BenchCase {
  return {
    name,
    what: `${load.answers} answers at ${load.tokensPerSecond} tokens a second, from the model into the sockets, every process`,
    async open() {
      const world = await BenchWorld.start();
      const other = await ResumablePair.start();
      return {
        sides: [
          { name: "worker + NATS + pod", measure: () => ours(world, load) },
          { name: "resumable-stream + Redis", measure: () => other.measure(load) },
        ],
        async close() {
          await other.close();
          await world.close();
        },
      };
    },
  };
}

async function ours(world: BenchWorld, load: PipelineLoad): Promise<Figures> {
  const steady = await world.stream({ ...load, readersEach: 1, through: "pod", stamps: true });
  const { worker, nats, pod } = steady.cpu;
  return figures({ worker, broker: nats, reader: pod }, steady);
}

function figures(cpu: { worker: number; broker: number; reader: number }, steady: Steady<string>): Figures {
  const { chunks, delaysMicroseconds: delays } = steady;
  const all = cpu.worker + cpu.broker + cpu.reader;
  return {
    "CPU µs a token": all / delays.length,
    "CPU µs a chunk": all / chunks,
    "of it worker": cpu.worker / delays.length,
    "of it broker": cpu.broker / delays.length,
    "of it reader's side": cpu.reader / delays.length,
    "delay p50 ms": percentile(delays, 0.5) / 1_000,
    "delay p99 ms": percentile(delays, 0.99) / 1_000,
  };
}

/** The package's two processes and their Redis. */
export class ResumablePair {
  readonly #redis: ServiceProcess;
  readonly #producer: Child<object>;
  readonly #reader: Child<{ port: number }>;
  #round = 0;

  private constructor(redis: ServiceProcess, producer: Child<object>, reader: Child<{ port: number }>) {
    this.#redis = redis;
    this.#producer = producer;
    this.#reader = reader;
  }

  static async start(): Promise<ResumablePair> {
    const redis = await startRedisServer({ folder: temporaryFolder("bench-redis"), password: redisPassword });
    const url = `redis://default:${redisPassword}@127.0.0.1:${redis.command.port}`;
    const file = "yardsticks/resumable.ts";
    const producer = await Child.start<object>(file, ["producer", url]);
    const reader = await Child.start<{ port: number }>(file, ["reader", url]);
    return new ResumablePair(redis, producer, reader);
  }

  async measure({ answers, tokensPerSecond, seconds }: PipelineLoad): Promise<Figures> {
    const tokens = tokensPerSecond * (seconds + spareSeconds);
    const round = ++this.#round;
    const received = nothingReceived();
    const address = new URL(`http://127.0.0.1:${this.#reader.ready.port}`);
    const readers: RawReader[] = [];
    this.#producer.heard((message) => {
      const { begun } = message as { begun?: string };
      if (begun?.startsWith(`${round}-`) !== true) return;
      readers.push(new RawReader(address, `/?session_id=${begun}`, {}, received, true));
    });
    for (let index = 0; index < answers; index++) {
      this.#producer.send({ id: `${round}-${index}`, prompt: `${tokens} tokens at ${tokensPerSecond} a second` });
    }
    await until("all have begun", () => readers.length === answers);
    const pids = { worker: this.#producer.pid, broker: this.#redis.pid ?? 0, reader: this.#reader.pid };
    const steady = await whileSteady(readers, received, pids, seconds);
    await until("all have ended", () => received.ended === answers);
    for (const reader of readers) reader.close();
    return figures(steady.cpu, steady);
  }

  async close(): Promise<void> {
    await this.#producer.stop();
    await this.#reader.stop();
    await this.#redis.stop();
  }
}
