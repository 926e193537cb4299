import { BenchWorld } from "../load/world.ts";
import type { BenchCase, Figures } from "./case.ts";

const turns = 400;

/** What the other cases leave out: they watch answers while they run. */
export const turn: BenchCase = {
  name: "turn",
  what: `from the request to the stored answer, ${turns} answers of one token on sessions of their own, 50 requests at a time`,
  async open() {
    const world = await BenchWorld.start();
    return { sides: [{ name: "a turn", measure: () => turned(world) }], close: () => world.close() };
  },
};

async function turned(world: BenchWorld): Promise<Figures> {
  const load = {
    answers: turns,
    tokens: 1,
    tokensPerSecond: 0,
    readersEach: 1,
    through: "pod",
    stamps: false,
  } as const;
  const { worker, nats, pod } = (await world.run(load)).cpu;
  const milliseconds = (microseconds: number) => microseconds / turns / 1_000;
  return { "CPU ms of pod": milliseconds(pod), "of worker": milliseconds(worker), "of broker": milliseconds(nats) };
}
