/** One worker as a process of its own, over NATS, Redis and PostgreSQL: `node apps/workflow/src/run.ts`. */
import { runService } from "@uci/adapters/process";
import { forgetEmptySettings, readWorkerSettings } from "./config.ts";

/** Starts the worker this process is for; stays until it is told to stop. */
export async function run(): Promise<void> {
  forgetEmptySettings();
  const { operatorSentence, startWorker } = await import("./worker.ts");
  await runService(async () => {
    const { settings, environment } = readWorkerSettings();
    return startWorker(settings, environment);
  }, operatorSentence);
}

if (import.meta.main) await run();
