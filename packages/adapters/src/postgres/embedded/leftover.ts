import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "./instance-lock.ts";

const pollIntervalMs = 20;
/** How long each way of asking is given: a fast shutdown writes a checkpoint, an immediate one does not. */
const stopSteps = [
  { signal: "SIGINT", limitMs: 10_000 },
  { signal: "SIGQUIT", limitMs: 5_000 },
  { signal: "SIGKILL", limitMs: 2_000 },
] as const;

/**
 * Stops a server that a killed run left behind in this cluster; the caller holds the lock of the data folder. A stale
 * note of a server whose number another program has by now is removed. Returns whether one was stopped.
 */
export async function stopLeftover(cluster: string): Promise<boolean> {
  const noteFile = path.join(cluster, "postmaster.pid");
  const pid = notedPid(noteFile);
  if (pid === null || !isAlive(pid)) return false;
  if (!isServerOf(pid, cluster)) {
    fs.rmSync(noteFile, { force: true });
    return false;
  }
  await stopServer(pid, () => !isAlive(pid) || !isServerOf(pid, cluster));
  return true;
}

/** Ends a server, asking ever more firmly. `isGone` tells when it has ended. */
export async function stopServer(pid: number, isGone: () => boolean): Promise<void> {
  for (const { signal, limitMs } of stopSteps) {
    if (isGone()) return;
    sendSignal(pid, signal);
    const untilMs = Date.now() + limitMs;
    while (!isGone() && Date.now() < untilMs) await sleep(pollIntervalMs);
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended between the question and the signal.
  }
}

function notedPid(noteFile: string): number | null {
  try {
    const pid = Number.parseInt(fs.readFileSync(noteFile, "utf8"), 10);
    return Number.isInteger(pid) && pid > 1 ? pid : null;
  } catch {
    return null;
  }
}

/** Whether a process is a PostgreSQL server started for this cluster, judged by its command line. */
function isServerOf(pid: number, cluster: string): boolean {
  const words = commandLine(pid);
  return /postgres/.test(words) && words.includes(cluster);
}

function commandLine(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    if (process.platform === "linux" || process.platform === "win32") return "";
    return spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" }).stdout ?? "";
  }
}
