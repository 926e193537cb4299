import { Worker } from "node:worker_threads";
import type { ThreadReport, ThreadTask } from "./thread.ts";

/** Runs one task in a thread of its own; `report` hears how it goes. Rejects when the thread fails. */
export function runThread(task: ThreadTask, report: (report: ThreadReport) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./thread.ts", import.meta.url), {
      workerData: task,
      execArgv: [],
      // A schedule leaves everything it made behind at once; with little room for the young it is copied around first.
      resourceLimits: { maxYoungGenerationSizeMb: 128 },
    });
    let isDone = false;
    worker.on("message", (told: ThreadReport) => {
      isDone ||= told.isDone;
      report(told);
    });
    worker.on("error", reject);
    worker.on("exit", (code) => {
      if (isDone) resolve();
      else reject(new Error(`a thread of the simulation ended with ${code}`));
    });
  });
}
