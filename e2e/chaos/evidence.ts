import fs from "node:fs";
import path from "node:path";
import type { Cluster } from "../../tools/cluster/index.ts";

const monitorTimeoutMs = 5_000;

/** Copies what may tell why a case failed: the logs of all processes, and what the NATS servers say of their streams. */
export async function keepEvidence(cluster: Cluster, folder: string): Promise<void> {
  fs.mkdirSync(folder, { recursive: true });
  for (const name of cluster.names) {
    const { logFile } = cluster.process(name).command;
    if (fs.existsSync(logFile)) fs.copyFileSync(logFile, path.join(folder, `${name}.log`));
  }
  for (const address of cluster.natsMonitors) {
    const page = `${address}/jsz?accounts=true&streams=true&consumers=true&config=true`;
    const text = await fetch(page, { signal: AbortSignal.timeout(monitorTimeoutMs) }).then(
      (answer) => answer.text(),
      (error: unknown) => String(error),
    );
    fs.writeFileSync(path.join(folder, `nats-${new URL(address).port}.json`), text);
  }
}
