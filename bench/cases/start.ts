import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { freePort, temporaryFolder } from "@uci/services";
import { root } from "../../tools/command.ts";
import { proportionalBytes } from "../load/processes.ts";
import type { BenchCase, Figures } from "./case.ts";

export const start: BenchCase = {
  name: "start",
  what: "npm start until it is ready, everything in one process, with a new data folder and with the one of the time before",
  async open() {
    const folders = { new: 0, warm: temporaryFolder("bench-warm") };
    await started(folders.warm);
    return {
      sides: [
        { name: "new data folder", measure: () => started(temporaryFolder(`bench-new-${folders.new++}`)) },
        { name: "warm", measure: () => started(folders.warm) },
      ],
      close: async () => undefined,
    };
  },
};

async function started(folder: string): Promise<Figures> {
  const port = await freePort();
  const startedMs = performance.now();
  const child = spawn("npm", ["start", "--", "--data", folder, "--port", String(port)], { cwd: root, stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  try {
    while (!(await isReady(port))) await new Promise((resolve) => setTimeout(resolve, 10));
    const ms = performance.now() - startedMs;
    return { "ms until ready": ms, "MB of all processes": treeBytes(child.pid ?? 0) / 1e6 };
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/ready`)).ok;
  } catch {
    return false;
  }
}

/** Memory of a process and all that it has started. */
function treeBytes(pid: number): number {
  const children = new Map<number, number[]>();
  for (const entry of fs.readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = parentOf(Number(entry));
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const sum = (one: number): number =>
    bytesOf(one) + (children.get(one) ?? []).reduce((all, child) => all + sum(child), 0);
  return sum(pid);
}

function parentOf(pid: number): number | null {
  try {
    const stat = fs.readFileSync(path.join("/proc", String(pid), "stat"), "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return null;
  }
}

function bytesOf(pid: number): number {
  try {
    return proportionalBytes(pid);
  } catch {
    return 0;
  }
}
