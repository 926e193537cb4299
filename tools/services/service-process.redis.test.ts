import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import { describe, expect, it, vi } from "vitest";
import { accepts, freePort, freePorts, isFree } from "./free-port.ts";
import { findProgram } from "./install.ts";
import { type ServiceEvent, ServiceProcess } from "./service-process.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A server in a process of its own, which runs these lines first. */
async function nodeServer(lines: string, change: { bareEnvironment?: boolean; startAttempts?: number } = {}) {
  const folder = temporaryFolder("process");
  const port = await freePort();
  const listen = `require("node:net").createServer((s) => s.on("error", () => {}).end(String(process.env.MARKER))).listen(${port}, "127.0.0.1")`;
  const command = {
    name: "server",
    file: process.execPath,
    arguments: ["-e", `${lines}; ${listen}`],
    folder,
    logFile: path.join(folder, "server.log"),
    host: "127.0.0.1",
    port,
    stopLimitMs: 500,
    ...change,
  };
  return new ServiceProcess(command, () => accepts("127.0.0.1", port));
}

function said(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    net
      .connect(port, "127.0.0.1")
      .on("data", (piece) => {
        text += piece;
      })
      .on("error", reject)
      .on("close", () => resolve(text));
  });
}

describe("a service process", () => {
  it("starts, tells of it, stops and starts again on its port", async () => {
    const server = await nodeServer("");
    const events: ServiceEvent[] = [];
    server.watch((event) => events.push(event));
    await server.start();
    const first = server.pid;
    await server.restart();
    expect(server.pid).not.toBe(first);
    await server.stop();
    expect(server.pid).toBeNull();
    expect(events.map(({ kind }) => kind)).toEqual(["started", "ended", "started", "ended"]);
    expect(events[1]).toMatchObject({ signal: "SIGTERM", asked: true });
    expect(await isFree("127.0.0.1", server.command.port)).toBe(true);
  });

  it("tells an unexpected end from one that was asked for", async () => {
    const server = await nodeServer("");
    const events: ServiceEvent[] = [];
    await server.start();
    server.watch((event) => events.push(event));
    process.kill(server.pid!, "SIGKILL");
    await server.ended;
    await vi.waitFor(() => expect(events).toMatchObject([{ kind: "ended", signal: "SIGKILL", asked: false }]));
  });

  it("kills what does not stop, frozen or not", async () => {
    const server = await nodeServer('process.on("SIGTERM", () => {})');
    await server.start();
    await server.freeze();
    await server.stop();
    expect(server.isRunning).toBe(false);
  });

  it("takes the processes it has started along", async () => {
    const port = await freePort();
    const inner = `require("node:net").createServer().listen(${port}, "127.0.0.1")`;
    const server = await nodeServer(
      `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(inner)}], { detached: true })`,
    );
    await server.start();
    await vi.waitFor(async () => expect(await accepts("127.0.0.1", port)).toBe(true));
    server.signal("SIGKILL");
    await vi.waitFor(async () => expect(await isFree("127.0.0.1", port)).toBe(true));
  });

  it("says with its last words why it did not start", async () => {
    const server = await nodeServer('console.error("out of luck"); process.exit(3)');
    await expect(server.start()).rejects.toThrow(/server did not start:\nout of luck/);
  });

  it("is tried again where it is told to", async () => {
    const lines =
      'const fs = require("node:fs"); if (!fs.existsSync("once")) { fs.writeFileSync("once", ""); process.exit(1); }';
    const server = await nodeServer(lines, { startAttempts: 2 });
    await server.start();
    expect(server.isRunning).toBe(true);
    await server.stop();
  });

  it("hands on the environment, or as good as nothing of it", async () => {
    process.env.MARKER = "secret";
    const [open, bare] = [await nodeServer(""), await nodeServer("", { bareEnvironment: true })];
    await Promise.all([open.start(), bare.start()]);
    delete process.env.MARKER;
    expect(await said(open.command.port)).toBe("secret");
    expect(await said(bare.command.port)).toBe("undefined");
    await Promise.all([open.stop(), bare.stop()]);
  });
});

describe("servers of a process that is killed", () => {
  it("end with it", async () => {
    const port = await freePort();
    const lines = `
      const { startRedisServer, temporaryFolder } = await import(${JSON.stringify(path.join(import.meta.dirname, "index.ts"))});
      await startRedisServer({ folder: ${JSON.stringify(temporaryFolder("killed"))}, port: ${port} });
      process.stdout.write("started");
    `;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", lines], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(parent.stdout, "data");
    expect(await accepts("127.0.0.1", port)).toBe(true);
    parent.kill("SIGKILL");
    await vi.waitFor(async () => expect(await isFree("127.0.0.1", port)).toBe(true), { timeout: 15_000 });
  });
});

describe("free ports", () => {
  it("are all different and below those of outgoing connections", async () => {
    const ports = [...(await freePorts(20)), ...(await freePorts(20))];
    expect(new Set(ports).size).toBe(40);
    expect(Math.max(...ports)).toBeLessThan(32_768);
  });
});

describe("programs", () => {
  it("are found off the PATH, or not at all", () => {
    expect(findProgram({ file: "sh", folders: ["/bin"], package: "dash" })).toMatch(/\/sh$/);
    expect(findProgram({ file: "no-such-server", folders: ["/bin"], package: "none" })).toBeNull();
  });
});
