import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EmbeddedDatabaseError, folderError, systemCode } from "./errors.ts";

const heartbeatIntervalMs = 3_000;
/** A holder on another machine or in another container is believed dead after this silence. */
const silenceLimitMs = 12_000;
/** Taking over a dead holder's lock takes milliseconds; one who died doing it is cleared away after this time. */
const takeoverLimitMs = 5_000;
const pollIntervalMs = 100;

/** Who holds a lock. `place` names machine, boot and process numbering; `started` tells apart users of one number. */
type Holder = { readonly pid: number; readonly place: string; readonly started: string };

export interface InstanceLock {
  release(): void;
}

/**
 * Takes a data folder for this process. A lock left by a killed process is recognised and taken over; one held by a
 * live one throws `in_use`. Waits up to 12 s where only silence can tell (a holder in another container).
 */
export async function takeInstanceLock(lockFile: string, folder: string): Promise<InstanceLock> {
  const text = JSON.stringify(thisProcess());
  const firstSight = new FirstSight();
  while (!created(lockFile, text)) {
    const verdict = judge(lockFile, firstSight);
    if (verdict.state === "held") {
      const message = `The database in ${folder} is in use by process ${verdict.pid}; stop it or choose another data folder.`;
      throw new EmbeddedDatabaseError("in_use", message);
    }
    if (verdict.state === "stale") clearStale(lockFile, firstSight);
    else await sleep(pollIntervalMs);
  }
  const heartbeat = setInterval(() => touch(lockFile), heartbeatIntervalMs);
  heartbeat.unref();
  return {
    release() {
      clearInterval(heartbeat);
      if (read(lockFile) === text) fs.rmSync(lockFile, { force: true });
    },
  };
}

function created(file: string, text: string): boolean {
  try {
    fs.writeFileSync(file, text, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST") return false;
    // It was made, and is empty: whoever comes next would take it for a lock that is being written.
    if (code === "ENOSPC" || code === "EDQUOT") fs.rmSync(file, { force: true });
    throw folderError(path.dirname(file), error);
  }
}

type Verdict =
  | { readonly state: "held"; readonly pid: number }
  | { readonly state: "stale" }
  /** It is gone by now, or the holder cannot be seen from here and may yet show a sign of life. */
  | { readonly state: "unclear" };

/** What was seen of another's lock first; changes of it are signs of life, whatever that machine's clock says. */
class FirstSight {
  readonly #beats = new Map<string, { beatMs: number; seenAtMs: number }>();

  of(text: string, beatMs: number): { beatMs: number; seenAtMs: number } {
    const known = this.#beats.get(text) ?? { beatMs, seenAtMs: Date.now() };
    this.#beats.set(text, known);
    return known;
  }
}

function judge(lockFile: string, firstSight: FirstSight): Verdict {
  const text = read(lockFile);
  const stats = fs.statSync(lockFile, { throwIfNoEntry: false });
  if (text === null || stats === undefined) return { state: "unclear" };
  const first = firstSight.of(text, stats.mtimeMs);
  const silenceMs = Date.now() - Math.min(first.seenAtMs, first.beatMs);
  const holder = parsed(text);
  // An empty or torn lock is that of somebody who is writing it just now, or who died while doing so.
  if (holder === null) return { state: silenceMs > takeoverLimitMs ? "stale" : "unclear" };
  if (holder.place === thisPlace()) {
    return startOf(holder.pid) === holder.started ? { state: "held", pid: holder.pid } : { state: "stale" };
  }
  if (stats.mtimeMs !== first.beatMs) return { state: "held", pid: holder.pid };
  return { state: silenceMs > silenceLimitMs ? "stale" : "unclear" };
}

/** Judges once more and removes, alone: two who both saw a dead holder must not remove each other's new lock. */
function clearStale(lockFile: string, firstSight: FirstSight): void {
  const guard = `${lockFile}.takeover`;
  if (!created(guard, String(process.pid))) {
    const stats = fs.statSync(guard, { throwIfNoEntry: false });
    if (stats !== undefined && Date.now() - stats.mtimeMs > takeoverLimitMs) fs.rmSync(guard, { force: true });
    return;
  }
  try {
    if (judge(lockFile, firstSight).state === "stale") fs.rmSync(lockFile, { force: true });
  } finally {
    fs.rmSync(guard, { force: true });
  }
}

function touch(lockFile: string): void {
  try {
    const now = new Date();
    fs.utimesSync(lockFile, now, now);
  } catch {
    // A folder that cannot be written to for a moment costs nothing; the next beat comes soon.
  }
}

function read(file: string): string | null {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

function parsed(text: string): Holder | null {
  try {
    const { pid, place, started } = JSON.parse(text) as Partial<Holder>;
    if (typeof pid !== "number" || typeof place !== "string" || typeof started !== "string") return null;
    return { pid, place, started };
  } catch {
    return null;
  }
}

function thisProcess(): Holder {
  return { pid: process.pid, place: thisPlace(), started: startOf(process.pid) ?? "" };
}

function thisPlace(): string {
  const boot = read("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
  let numbering = "";
  try {
    numbering = fs.readlinkSync("/proc/self/ns/pid");
  } catch {
    // Not Linux: there is one numbering of processes.
  }
  return [os.hostname(), boot, numbering].join(" ");
}

/** When a process began, in whatever form the system tells; null when there is no such process. */
function startOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat !== null) {
    // Counted after the program's name, which may itself hold blanks and parentheses: state, and field 22.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? "");
  }
  if (process.platform === "linux") return null;
  if (process.platform === "win32") return isAlive(pid) ? "alive" : null;
  const listed = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" });
  return listed.status === 0 ? listed.stdout.trim() : null;
}

/** Whether a process with this number exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}
