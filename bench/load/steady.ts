import { setTimeout as sleep } from "node:timers/promises";
import { CpuWatch } from "./processes.ts";
import type { RawReader, Received } from "./raw-reader.ts";
import { until } from "./until.ts";

/** What happened while all answers were running: none began or ended meanwhile. Microseconds; those of `cpu` of CPU. */
export type Steady<Name extends string> = {
  readonly cpu: Readonly<Record<Name, number>>;
  readonly chunks: number;
  /** Of each token, when the readers look at stamps. */
  readonly delaysMicroseconds: readonly number[];
};

/** Beginning an answer costs more than a hundred of its tokens; what it set off is over by then. */
const settleMs = 700;

/** Watches for so many seconds from when every reader has had something. The answers have to be longer than that. */
export async function whileSteady<Name extends string>(
  readers: readonly RawReader[],
  received: Received,
  pids: Readonly<Record<Name, number>>,
  seconds: number,
): Promise<Steady<Name>> {
  await until("every reader has had something", () => readers.every(({ hasBegun }) => hasBegun));
  await sleep(settleMs);
  const { chunks, ended, delaysMicroseconds } = received;
  const first = delaysMicroseconds.length;
  const watch = new CpuWatch(pids);
  await sleep(seconds * 1_000);
  const cpu = watch.used();
  if (received.ended > ended) throw new Error("answers ended while they were watched: they were too short");
  return { cpu, chunks: received.chunks - chunks, delaysMicroseconds: delaysMicroseconds.slice(first) };
}
