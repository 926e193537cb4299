/** One worker as a process of its own, over NATS, Redis and PostgreSQL: `node apps/workflow/src/run.ts`. */
import { runService } from "@uci/adapters/process";
import { readWorkerSettings } from "./config.ts";
import { operatorSentence, startWorker } from "./worker.ts";

await runService(() => {
  const { settings, environment } = readWorkerSettings();
  return startWorker(settings, environment);
}, operatorSentence);
