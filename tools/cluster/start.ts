import fs from "node:fs";
import { EmbeddedDatabaseError, takeInstanceLock } from "@uci/adapters/postgres";
import { type Cluster, type ClusterWatcher, prepareCluster } from "./cluster.ts";
import { controlPath, listenForCommands } from "./control.ts";
import { stopLeftovers } from "./leftovers.ts";
import { ClusterError, type ClusterOptions, clusterDefaults } from "./options.ts";
import { readState } from "./state-file.ts";

/** A cluster whose folder is held and which takes commands, not started yet. */
export type OpenCluster = {
  readonly cluster: Cluster;
  /** Names of processes of a killed run that had to be stopped first. */
  readonly leftovers: readonly string[];
  /** Stops everything and lets go of the folder. May be called again. */
  close(): Promise<void>;
};

const doneWords = { start: "runs", stop: "is stopped", restart: "runs again" } as const;

/** Holds the folder, stops what a killed run left there, and makes everything ready. Throws `ClusterError`. */
export async function openCluster(options: ClusterOptions, watcher?: ClusterWatcher): Promise<OpenCluster> {
  fs.mkdirSync(options.folder, { recursive: true });
  const lock = await lockedFolder(options.folder);
  try {
    const leftovers = await stopLeftovers(readState(options.folder));
    const control = controlPath(options.folder);
    const cluster = await prepareCluster(options, control, watcher);
    const server = await listenForCommands(control, async (action, name) => {
      await cluster.do(action, name);
      const { pid } = cluster.process(name);
      return `${name} ${doneWords[action]}${pid === null ? "" : ` (process ${pid})`}.`;
    });
    let closing: Promise<void> | null = null;
    const close = () => {
      closing ??= cluster.stopAll().finally(() => {
        server.close();
        lock.release();
      });
      return closing;
    };
    return { cluster, leftovers, close };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function lockedFolder(folder: string) {
  try {
    return await takeInstanceLock(`${folder}/cluster.lock`, folder);
  } catch (error) {
    if (!(error instanceof EmbeddedDatabaseError) || error.reason !== "in_use") throw error;
    throw new ClusterError(`Another cluster is running in ${folder}; stop it, or choose another folder with --data.`);
  }
}

/** For tests and benchmarks: everything on free ports in one folder, thrown away afterwards. `stopAll` ends it. */
export async function startCluster(
  given: Partial<ClusterOptions> & { readonly folder: string },
  watcher?: ClusterWatcher,
): Promise<Cluster> {
  const options = { ...clusterDefaults, port: 0, firstPodPort: 0, durable: false, ...given };
  const cluster = await prepareCluster(options, controlPath(options.folder), watcher);
  await cluster.startAll();
  return cluster;
}
