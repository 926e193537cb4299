import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterState, ProcessState } from "./state-file.ts";

const stopLimitMs = 15_000;
const killLimitMs = 3_000;
const pollMs = 50;
/** What is in front of others goes first. */
const order = [/^gateway$/, /^worker-/, /^pod-/, /./];

/**
 * Stops what a killed run left behind: processes whose number and command are those in the state file; the caller holds
 * the lock of the folder. Returns their names.
 */
export async function stopLeftovers(state: ClusterState | null): Promise<readonly string[]> {
  const left = (state?.processes ?? []).filter(isStillRunning);
  const open = new Set(left);
  for (const pattern of order) {
    const group = [...open].filter(({ name }) => pattern.test(name));
    for (const entry of group) open.delete(entry);
    await Promise.all(group.map(stop));
  }
  return left.map(({ name }) => name);
}

async function stop(entry: ProcessState): Promise<void> {
  // What SIGTERM means to PostgreSQL waits for its clients to go away.
  send(entry, entry.name === "postgres" ? "SIGINT" : "SIGTERM");
  send(entry, "SIGCONT");
  if (await isGone(entry, stopLimitMs)) return;
  send(entry, "SIGKILL");
  await isGone(entry, killLimitMs);
}

async function isGone(entry: ProcessState, limitMs: number): Promise<boolean> {
  const untilMs = Date.now() + limitMs;
  while (isStillRunning(entry)) {
    if (Date.now() > untilMs) return false;
    await sleep(pollMs);
  }
  return true;
}

function send({ pid }: ProcessState, signal: NodeJS.Signals): void {
  try {
    if (pid !== null) process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** A number alone proves nothing: another program may have it by now. */
function isStillRunning({ pid, command }: ProcessState): boolean {
  return pid !== null && pid > 1 && commandLine(pid).includes(command);
}

function commandLine(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    if (process.platform === "linux") return "";
    return spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" }).stdout ?? "";
  }
}
