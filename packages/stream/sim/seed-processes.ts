import { fork } from "node:child_process";
import type { SeedReport, SeedTask } from "./seed-process.ts";

/** A schedule leaves everything it made behind at once; with little room for the young it is copied around first. */
const roomForTheYoung = "--max-semi-space-size=64";
/** A runtime that crashes says nothing of the rules; seen once in some thousand threads, with SIGSEGV. */
const startsMost = 3;

/**
 * Runs one task in a process of its own; `report` hears how it goes. A runtime that crashed is started again, with what
 * it had reported taken back by `restarted`. Rejects when the task itself fails.
 */
export async function runSeeds(
  task: SeedTask,
  report: (report: SeedReport) => void,
  restarted: () => void = () => undefined,
): Promise<void> {
  for (let start = 1; ; start++) {
    const { code, signal } = await runOnce(task, report);
    if (code === 0) return;
    if (signal === null || start === startsMost)
      throw new Error(`a process of the simulation ended with ${signal ?? code}`);
    restarted();
  }
}

function runOnce(
  task: SeedTask,
  report: (report: SeedReport) => void,
): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ code: number | null; signal: NodeJS.Signals | null }>();
  const child = fork(new URL("./seed-process.ts", import.meta.url), { execArgv: [roomForTheYoung], env: {} });
  child.on("message", (told) => report(told as SeedReport));
  child.on("error", reject);
  child.on("exit", (code, signal) => resolve({ code, signal }));
  child.send(task);
  return promise;
}
