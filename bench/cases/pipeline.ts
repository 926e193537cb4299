import { type ServiceProcess, startRedisServer, temporaryFolder } from "@uci/services";
import { Child } from "../load/child.ts";
import { CpuWatch } from "../load/processes.ts";
import { nothingReceived, RawReader } from "../load/raw-reader.ts";
import { BenchWorld, until } from "../load/world.ts";
import { type BenchCase, type Figures, percentile } from "./case.ts";

const redisPassword = "bench";

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

async function ours(world: BenchWorld, { answers, tokensPerSecond, seconds }: PipelineLoad): Promise<Figures> {
  const { cpu, received, tokens } = await world.run({
    ...{ answers, tokensPerSecond, tokens: tokensPerSecond * seconds },
    ...{ readersEach: 1, through: "pod", stamps: true },
  });
  const all = cpu.worker + cpu.nats + cpu.pod;
  return {
    "CPU µs a token": all / tokens,
    "CPU µs a chunk": all / received.chunks,
    "of it worker": cpu.worker / tokens,
    "of it broker": cpu.nats / tokens,
    "of it reader's side": cpu.pod / tokens,
    "delay p50 ms": percentile(received.delaysMicroseconds, 0.5) / 1_000,
    "delay p99 ms": percentile(received.delaysMicroseconds, 0.99) / 1_000,
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
    const tokens = tokensPerSecond * seconds;
    const round = ++this.#round;
    const received = nothingReceived();
    const address = new URL(`http://127.0.0.1:${this.#reader.ready.port}`);
    const readers: RawReader[] = [];
    const pids = { producer: this.#producer.pid, redis: this.#redis.pid ?? 0, reader: this.#reader.pid };
    const watch = new CpuWatch(pids);
    this.#producer.heard((message) => {
      const { begun } = message as { begun?: string };
      if (begun?.startsWith(`${round}-`) !== true) return;
      readers.push(new RawReader(address, `/?session_id=${begun}`, {}, received, true));
    });
    for (let index = 0; index < answers; index++) {
      this.#producer.send({ id: `${round}-${index}`, prompt: `${tokens} tokens at ${tokensPerSecond} a second` });
    }
    await until("all is received", () => received.ended === answers);
    const cpu = watch.used();
    for (const reader of readers) reader.close();
    const all = cpu.producer + cpu.redis + cpu.reader;
    return {
      "CPU µs a token": all / (answers * tokens),
      "CPU µs a chunk": all / received.chunks,
      "of it worker": cpu.producer / (answers * tokens),
      "of it broker": cpu.redis / (answers * tokens),
      "of it reader's side": cpu.reader / (answers * tokens),
      "delay p50 ms": percentile(received.delaysMicroseconds, 0.5) / 1_000,
      "delay p99 ms": percentile(received.delaysMicroseconds, 0.99) / 1_000,
    };
  }

  async close(): Promise<void> {
    await this.#producer.stop();
    await this.#reader.stop();
    await this.#redis.stop();
  }
}
