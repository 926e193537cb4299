/** A worker whose model is a script inside its own process; started by the benchmark in the place of the usual one. */
import { runService } from "@uci/adapters/process";
import type { Providers } from "@uci/adapters/providers";
import { readWorkerSettings } from "../../apps/workflow/src/config.ts";
import { operatorSentence, startWorker } from "../../apps/workflow/src/worker.ts";
import { scriptedModel } from "./scripted-model.ts";

const providers: Providers = {
  model: scriptedModel,
  catalogue: () => [],
  contextWindowTokens: () => undefined,
  seesImages: () => false,
  ready: async () => undefined,
};

await runService(async () => {
  const { settings, environment } = readWorkerSettings();
  return startWorker(settings, environment, providers);
}, operatorSentence);
