/** One pod as a process of its own, over NATS, Redis and PostgreSQL: `node apps/backend/src/run.ts`. */
import path from "node:path";
import { runService } from "@uci/adapters/process";
import { serverSentence } from "@uci/adapters/servers";
import { readPodSettings } from "./config.ts";
import { startPod } from "./pod.ts";

const pageFolder = path.resolve(import.meta.dirname, "../../web/dist");

/** Starts the pod this process is for; stays until it is told to stop. */
export async function run(): Promise<void> {
  await runService(async () => startPod(readPodSettings(), pageFolder), serverSentence);
}

if (import.meta.main) await run();
