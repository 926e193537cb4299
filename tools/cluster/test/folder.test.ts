import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { temporaryFolder } from "@uci/services";
import { describe, expect, it } from "vitest";
import { controlPath, listenForCommands, sendCommand } from "../control.ts";
import { stopLeftovers } from "../leftovers.ts";
import { ClusterError, clusterDefaults } from "../options.ts";
import { keptPasswords } from "../passwords.ts";
import { choosePlaces } from "../places.ts";
import { type ProcessState, readState, writeState } from "../state-file.ts";

const entry = (change: Partial<ProcessState>): ProcessState => ({
  name: "pod-1",
  pid: null,
  host: "127.0.0.1",
  port: 1,
  command: "node run.ts",
  log: "/tmp/pod-1.log",
  ...change,
});

describe("the passwords of a cluster", () => {
  it("are made once and read by their owner alone", () => {
    const folder = temporaryFolder("passwords");
    const first = keptPasswords(folder, 1);
    expect(keptPasswords(folder, 1)).toEqual(first);
    expect(fs.statSync(path.join(folder, "passwords.json")).mode & 0o077).toBe(0);
    const all = [...Object.values(first.nats), first.natsRoutes, first.redis, first.postgres, first.authSecret];
    expect(new Set(all).size).toBe(8);
    for (const password of all) expect(password).toMatch(/^[0-9a-f]{48}$/);
  });

  it("belong to data of so many NATS servers", () => {
    const folder = temporaryFolder("passwords");
    keptPasswords(folder, 3);
    expect(() => keptPasswords(folder, 1)).toThrow(/--nats 3/);
    fs.writeFileSync(path.join(folder, "passwords.json"), "{");
    expect(() => keptPasswords(folder, 3)).toThrow(ClusterError);
  });
});

describe("the state file", () => {
  it("is read as it was written, and not at all when it is something else", () => {
    const folder = temporaryFolder("state");
    expect(readState(folder)).toBeNull();
    const state = { control: "/tmp/c.sock", processes: [entry({ pid: 12 })] };
    writeState(folder, state);
    expect(readState(folder)).toEqual(state);
    expect(fs.readdirSync(folder)).toEqual(["state.json"]);
    for (const text of ["", "{}", "[]", '{"control":"a","processes":[{"pid":"1"}]}']) {
      fs.writeFileSync(path.join(folder, "state.json"), text);
      expect(readState(folder)).toBeNull();
    }
  });
});

describe("what a killed run has left behind", () => {
  it("is stopped if number and command are those in the state file, and only then", async () => {
    const [left, other] = [0, 1].map((index) =>
      spawn(process.execPath, ["-e", `setInterval(() => {}, 1000); "left ${index}"`], { stdio: "ignore" }),
    );
    await Promise.all([once(left!, "spawn"), once(other!, "spawn")]);
    const command = `${process.execPath} -e setInterval(() => {}, 1000); "left 0"`;
    const processes = [
      entry({ name: "pod-1", pid: left!.pid!, command }),
      entry({ name: "pod-2", pid: other!.pid!, command }),
      entry({ name: "pod-3", pid: null, command }),
      entry({ name: "pod-4", pid: 2 ** 22 - 1, command }),
    ];
    const ended = once(left!, "exit");
    expect(await stopLeftovers({ control: "", processes })).toEqual(["pod-1"]);
    expect((await ended)[1]).toBe("SIGTERM");
    expect(other!.exitCode).toBeNull();
    other!.kill("SIGKILL");
    expect(await stopLeftovers(null)).toEqual([]);
  });
});

describe("commands from another terminal", () => {
  it("are done, and what came of them is said", async () => {
    const folder = temporaryFolder("control");
    const seen: string[] = [];
    const server = await listenForCommands(controlPath(folder), async (action, name) => {
      seen.push(`${action} ${name}`);
      if (name === "nobody") throw new ClusterError("There is no process called nobody.");
      return `${name} runs again.`;
    });
    expect(await sendCommand(folder, "restart", "pod-1")).toBe("pod-1 runs again.");
    await expect(sendCommand(folder, "stop", "nobody")).rejects.toThrow("There is no process called nobody.");
    expect(seen).toEqual(["restart pod-1", "stop nobody"]);
    expect(fs.statSync(controlPath(folder)).mode & 0o077).toBe(0);
    server.close();
    await once(server, "close");
    await expect(sendCommand(folder, "stop", "pod-1")).rejects.toThrow(/No cluster is running/);
  });

  it("go through a short path where the folder's is too long", async () => {
    const folder = path.join(temporaryFolder("control"), "a".repeat(120));
    expect(controlPath(folder).startsWith(folder)).toBe(false);
    expect(controlPath(folder)).toBe(controlPath(folder));
    const server = await listenForCommands(controlPath(folder), async () => "Done.");
    expect(await sendCommand(folder, "start", "redis")).toBe("Done.");
    server.close();
  });
});

describe("ports", () => {
  it("of pods follow each other, past those in use; all others are free ones", async () => {
    const places = await choosePlaces({ ...clusterDefaults, folder: "", nats: 3, port: 0, firstPodPort: 28_100 });
    expect(places.pods).toHaveLength(3);
    expect(Math.min(...places.pods)).toBeGreaterThanOrEqual(28_100);
    expect(places.nats).toHaveLength(3);
    const all = [
      places.gateway,
      ...places.workers,
      ...places.nats.flatMap(Object.values),
      places.redis,
      places.postgres,
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it("in use are refused for the gateway", async () => {
    const taken = net.createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as net.AddressInfo;
    await expect(choosePlaces({ ...clusterDefaults, port })).rejects.toThrow(`Port ${port} is in use`);
    taken.close();
  });
});
