import fs from "node:fs";
import path from "node:path";

/** One process of the cluster, as others see it in `state.json`. */
export type ProcessState = {
  readonly name: string;
  /** Null while it is stopped. */
  readonly pid: number | null;
  readonly host: string;
  readonly port: number;
  readonly command: string;
  readonly log: string;
};

export type ClusterState = {
  /** The socket through which a running cluster takes commands. */
  readonly control: string;
  readonly processes: readonly ProcessState[];
};

/** Replaces the file at once, so that nobody reads half of it. */
export function writeState(folder: string, state: ClusterState): void {
  const file = stateFile(folder);
  const unfinished = `${file}.${process.pid}`;
  fs.writeFileSync(unfinished, `${JSON.stringify(state, null, 2)}\n`);
  fs.renameSync(unfinished, file);
}

/** What a cluster, running or not, last wrote there; null when there was none. */
export function readState(folder: string): ClusterState | null {
  try {
    const state: unknown = JSON.parse(fs.readFileSync(stateFile(folder), "utf8"));
    return isState(state) ? state : null;
  } catch {
    return null;
  }
}

function isState(state: unknown): state is ClusterState {
  if (typeof state !== "object" || state === null || !("processes" in state) || !("control" in state)) return false;
  return typeof state.control === "string" && Array.isArray(state.processes) && state.processes.every(isProcess);
}

function isProcess(entry: unknown): entry is ProcessState {
  if (typeof entry !== "object" || entry === null || !("pid" in entry)) return false;
  const known = "name" in entry && typeof entry.name === "string" && "command" in entry;
  return known && typeof entry.command === "string" && (entry.pid === null || typeof entry.pid === "number");
}

function stateFile(folder: string): string {
  return path.join(folder, "state.json");
}
