import fs from "node:fs";
import path from "node:path";
import { ScriptedServer } from "@uci/adapters/providers/testing";
import { temporaryFolder } from "@uci/services";
import { type Cluster, type ClusterOptions, startCluster } from "../../tools/cluster/index.ts";
import type { ScriptedModel } from "../conversation.ts";

export type ChaosWorld = { readonly cluster: Cluster; readonly provider: ScriptedServer; close(): Promise<void> };

export const continues: ScriptedModel = { id: "continues", continues: true };
export const beginsAnew: ScriptedModel = { id: "begins-anew", continues: false };

/** A cluster of three NATS nodes over links that can be cut, answered by a provider whose text is known. */
export async function startChaosWorld(
  tokensPerSecond: number,
  options: Partial<ClusterOptions> = {},
): Promise<ChaosWorld> {
  const provider = await ScriptedServer.start({ tokensPerSecond });
  const folder = temporaryFolder("chaos");
  const providersFile = path.join(folder, "providers.json");
  const models = [{ id: continues.id, continue_prefix: "assistant" }, beginsAnew.id];
  const entry = { id: "scripted", name: "Scripted", kind: "openai-compatible", base_url: provider.baseUrl, models };
  fs.writeFileSync(providersFile, JSON.stringify([entry]));
  const cluster = await startCluster({
    nats: 3,
    linked: true,
    ...options,
    folder,
    environment: {
      AUTH_MODE: "trusted",
      PROVIDERS_FILE: providersFile,
      GRACE_SECONDS: "0",
      LOG_LEVEL: "warn",
      ...options.environment,
    },
    gateway: { requestsPerSecond: 10_000, requestBurst: 10_000, streamsPerAddress: 10_000 },
  });
  const close = async () => {
    await cluster.stopAll();
    await provider.close();
  };
  return { cluster, provider, close };
}
