/** One worker as a process of its own, over NATS, Redis and PostgreSQL: `node apps/workflow/src/run.ts`. */
import { runService } from "@uci/adapters/process";
import { readWorkerSettings } from "./config.ts";
import { operatorSentence, startWorker } from "./worker.ts";

/** Starts the worker this process is for; stays until it is told to stop. */
export async function run(): Promise<void> {
  await runService(async () => {
    const { settings, environment } = readWorkerSettings();
    return startWorker(settings, environment);
  }, operatorSentence);
}

if (import.meta.main) await run();
