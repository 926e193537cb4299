import { BenchWorld } from "../load/world.ts";
import type { BenchCase, Figures } from "./case.ts";

const lengths = [1_000, 5_000, 20_000];
const answers = 4;

/** Whatever were done once per chunk over the whole text would show here as a rising figure. */
export const growth: BenchCase = {
  name: "growth",
  what: `${answers} answers of different lengths, as fast as they go: what a token costs must not rise`,
  async open() {
    const world = await BenchWorld.start();
    return {
      sides: lengths.map((tokens) => ({ name: `${tokens} tokens`, measure: () => grown(world, tokens) })),
      close: () => world.close(),
    };
  },
};

async function grown(world: BenchWorld, tokens: number): Promise<Figures> {
  const load = { answers, tokens, tokensPerSecond: 4_000, readersEach: 1, through: "pod", stamps: false } as const;
  const { cpu, received } = await world.run(load);
  const all = answers * tokens;
  return {
    "bytes a token on the wire": received.bytes / all,
    "CPU µs a token": (cpu.worker + cpu.nats + cpu.pod) / all,
  };
}
