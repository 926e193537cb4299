import { Child } from "../load/child.ts";
import { nothingReceived, RawReader } from "../load/raw-reader.ts";
import { whileSteady } from "../load/steady.ts";
import { until } from "../load/until.ts";
import { BenchWorld } from "../load/world.ts";
import { type BenchCase, type Figures, percentile } from "./case.ts";

const tokensPerSecond = 20;
const seconds = 2;
/** Of the yardstick; longer than it is watched. */
const tokens = tokensPerSecond * (seconds + 2);

/** From the model to the reader, over everything that lies between, against a server that sends what the model says at once. */
export function delay(answers: number): BenchCase {
  return {
    name: `delay ${answers}`,
    what: `from the model to the reader, ${answers} answers at ${tokensPerSecond} tokens a second`,
    async open() {
      const world = await BenchWorld.start();
      const direct = await Child.start<{ port: number }>("yardsticks/direct-model.ts");
      return {
        sides: [
          { name: "to the pod", measure: () => ours(world, answers, "pod") },
          { name: "through nginx", measure: () => ours(world, answers, "gateway") },
          { name: "the model directly", measure: () => directly(direct, answers) },
        ],
        async close() {
          await direct.stop();
          await world.close();
        },
      };
    },
  };
}

async function ours(world: BenchWorld, answers: number, through: "pod" | "gateway"): Promise<Figures> {
  const load = { answers, tokensPerSecond, readersEach: 1, through, stamps: true, seconds } as const;
  return figures((await world.stream(load)).delaysMicroseconds);
}

async function directly(direct: Child<{ port: number }>, answers: number): Promise<Figures> {
  const received = nothingReceived();
  const address = new URL(`http://127.0.0.1:${direct.ready.port}`);
  const prompt = encodeURIComponent(`${tokens} tokens at ${tokensPerSecond} a second`);
  const readers = Array.from(
    { length: answers },
    () => new RawReader(address, `/?prompt=${prompt}`, {}, received, true),
  );
  const { delaysMicroseconds } = await whileSteady(readers, received, {}, seconds);
  await until("all is received", () => received.ended === answers);
  for (const reader of readers) reader.close();
  return figures(delaysMicroseconds);
}

function figures(delays: readonly number[]): Figures {
  return {
    "p50 ms": percentile(delays, 0.5) / 1_000,
    "p90 ms": percentile(delays, 0.9) / 1_000,
    "p99 ms": percentile(delays, 0.99) / 1_000,
  };
}
