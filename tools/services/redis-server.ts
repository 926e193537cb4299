import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { freePort } from "./free-port.ts";
import { installedProgram, serverPrograms } from "./install.ts";
import { ServiceProcess } from "./service-process.ts";

export type RedisServerOptions = {
  readonly name?: string;
  readonly folder: string;
  readonly host?: string;
  /** 0 or undefined: a free one. */
  readonly port?: number;
  /** Further arguments, as `--name value`. */
  readonly settings?: readonly string[];
};

/** A redis-server that keeps nothing on disk, listening on this machine alone; resolves when it answers. */
export async function startRedisServer(options: RedisServerOptions): Promise<ServiceProcess> {
  const service = await redisServer(options);
  await service.start();
  return service;
}

/** The same, not started yet. */
export async function redisServer(options: RedisServerOptions): Promise<ServiceProcess> {
  const { folder, name = "redis", host = "127.0.0.1" } = options;
  const port = options.port === undefined || options.port === 0 ? await freePort(host) : options.port;
  fs.mkdirSync(folder, { recursive: true });
  const settings = ["--bind", host, "--port", String(port), "--save", "", "--appendonly", "no", "--dir", folder];
  return new ServiceProcess(
    {
      name,
      file: installedProgram(serverPrograms.redis),
      arguments: [...settings, ...(options.settings ?? [])],
      folder,
      logFile: path.join(folder, `${name}.log`),
      host,
      port,
    },
    () => pong(host, port),
  );
}

/** Whether it answers; one that wants a password or loads its data answers too. */
function pong(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once("connect", () => socket.write("PING\r\n"));
    socket.once("data", (answer) => {
      resolve(/^(\+PONG|-NOAUTH)/.test(answer.toString()));
      socket.destroy();
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}
