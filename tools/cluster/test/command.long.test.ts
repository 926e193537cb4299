import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { freePort, temporaryFolder } from "@uci/services";
import { describe, expect, it } from "vitest";
import { root } from "../../command.ts";
import { type ProcessState, readState } from "../state-file.ts";

type Command = { readonly process: ChildProcess; output(): string; readonly ended: Promise<number | null> };

const environment = { ...process.env, AUTH_MODE: "trusted", LOG_LEVEL: "warn" };

function cluster(...commandLine: readonly string[]): Command {
  const child = spawn(process.execPath, [path.join(root, "tools/cluster.ts"), ...commandLine], {
    cwd: root,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (piece) => {
      output += piece;
    });
  }
  const ended = once(child, "close").then(([code]) => code as number | null);
  return { process: child, output: () => output, ended };
}

async function untilReady(command: Command): Promise<void> {
  const ended = command.ended.then((code) => {
    throw new Error(`ended with ${code}: ${command.output()}`);
  });
  const ready = expect.poll(() => command.output(), { timeout: 90_000 }).toContain("Ctrl-C stops them all");
  await Promise.race([ready, ended]);
}

/** By its command as well: a number may be another program's by now, or that of one that ended and is not buried yet. */
function isAlive({ pid, command }: ProcessState): boolean {
  try {
    return pid !== null && fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").includes(command);
  } catch {
    return false;
  }
}

describe("npm run cluster", () => {
  it("runs until Ctrl-C, does what it is told from another terminal, and clears up after a killed run", async () => {
    const data = ["--data", temporaryFolder("command")];
    const folder = data[1]!;
    const options = ["--port", String(await freePort()), "--pods", "1", "--workers", "1", ...data];
    const first = cluster(...options);
    await untilReady(first);

    const second = cluster(...options);
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain(
      `Another cluster is running in ${folder}; stop it, or choose another folder with --data.\n`,
    );
    const restart = cluster("restart", "pod-1", ...data);
    expect(await restart.ended).toBe(0);
    expect(restart.output()).toMatch(/^pod-1 runs again \(process \d+\)\.\n$/);
    const wrong = cluster("stop", "pod-7", ...data);
    expect(await wrong.ended).toBe(1);
    expect(wrong.output()).toMatch(/^There is no process called pod-7; there are gateway, pod-1, .*\n$/);
    const { pid } = readState(folder)!.processes.find(({ name }) => name === "worker-1")!;
    process.kill(pid!, "SIGKILL");
    await expect.poll(() => first.output()).toContain("worker-1 has ended (SIGKILL)");

    const killed = readState(folder)!.processes;
    expect(killed.filter(isAlive).map(({ name }) => name)).toEqual(["gateway", "pod-1", "nats-1", "redis", "postgres"]);
    first.process.kill("SIGKILL");
    await first.ended;
    const third = cluster(...options);
    await untilReady(third);
    expect(killed.filter(isAlive)).toEqual([]);

    const running = readState(folder)!.processes;
    expect(running.every(isAlive)).toBe(true);
    third.process.kill("SIGINT");
    expect(await third.ended).toBe(0);
    expect(running.filter(isAlive)).toEqual([]);
    const late = cluster("restart", "pod-1", ...data);
    expect(await late.ended).toBe(1);
    expect(late.output()).toMatch(/^No cluster is running in /);
  }, 240_000);

  it("says in one sentence what is in its way", async () => {
    const taken = net.createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as net.AddressInfo;
    const command = cluster("--port", String(port), "--data", temporaryFolder("command"));
    expect(await command.ended).toBe(1);
    expect(command.output()).toContain(`Port ${port} is in use by another program; choose another with --port.\n`);
    taken.close();
  });

  it("explains itself", async () => {
    const help = cluster("--help");
    expect(await help.ended).toBe(0);
    expect(help.output()).toContain("npm run cluster -- restart|stop|start NAME");
  });
});
