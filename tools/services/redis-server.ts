import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { freePort } from "./free-port.ts";
import { installedProgram, serverPrograms } from "./install.ts";
import { ServiceProcess } from "./service-process.ts";
import { connectTls, type ServerTls } from "./tls.ts";

export type RedisServerOptions = {
  readonly name?: string;
  readonly folder: string;
  readonly host?: string;
  /** 0 or undefined: a free one. */
  readonly port?: number;
  /** Of the user `default`; none unless given. No blanks or quotes. */
  readonly password?: string;
  /** TLS alone is spoken when given. */
  readonly tls?: ServerTls | null;
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
  const { folder, name = "redis", host = "127.0.0.1", tls = null } = options;
  const port = options.port === undefined || options.port === 0 ? await freePort(host) : options.port;
  fs.mkdirSync(folder, { recursive: true });
  const configurationFile = path.join(folder, "redis.conf");
  fs.writeFileSync(configurationFile, configuration(options, host, port), { mode: 0o600 });
  return new ServiceProcess(
    {
      name,
      file: installedProgram(serverPrograms.redis),
      arguments: [configurationFile, ...(options.settings ?? [])],
      folder,
      logFile: path.join(folder, `${name}.log`),
      bareEnvironment: true,
      host,
      port,
    },
    () => answers(tls === null ? net.connect({ host, port }) : connectTls(host, port, tls)),
  );
}

function configuration({ folder, password, tls }: RedisServerOptions, host: string, port: number): string {
  const quoted = (text: string) => JSON.stringify(text);
  const lines = [`bind ${host}`, 'save ""', "appendonly no", `dir ${quoted(folder)}`, "set-proc-title no"];
  if (password !== undefined) lines.push(`requirepass ${quoted(password)}`);
  if (tls === undefined || tls === null) return [...lines, `port ${port}`, ""].join("\n");
  lines.push("port 0", `tls-port ${port}`, "tls-auth-clients no");
  lines.push(`tls-cert-file ${quoted(tls.certificateFile)}`, `tls-key-file ${quoted(tls.keyFile)}`);
  return [...lines, `tls-ca-cert-file ${quoted(tls.authorityFile)}`, ""].join("\n");
}

/** Whether it answers; one that wants a password or loads its data answers too. */
function answers(socket: net.Socket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.setTimeout(1_000, () => socket.destroy());
    socket.write("PING\r\n");
    socket.once("data", (answer) => {
      resolve(/^(\+PONG|-NOAUTH)/.test(answer.toString()));
      socket.destroy();
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}
