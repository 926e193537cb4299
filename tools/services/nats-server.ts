import fs from "node:fs";
import path from "node:path";
import { accepts, freePort } from "./free-port.ts";
import { installedProgram, serverPrograms } from "./install.ts";
import { ServiceProcess } from "./service-process.ts";

export type NatsServerOptions = {
  readonly name?: string;
  /** Holds the configuration, the log and the streams. */
  readonly folder: string;
  readonly host?: string;
  /** 0 or undefined: a free one. */
  readonly port?: number;
  /** Further lines of the configuration: accounts, cluster, TLS. */
  readonly configuration?: string;
};

/** A nats-server with JetStream, listening on this machine alone; resolves when it accepts connections. */
export async function startNatsServer(options: NatsServerOptions): Promise<ServiceProcess> {
  const service = await natsServer(options);
  await service.start();
  return service;
}

/** The same, not started yet. */
export async function natsServer(options: NatsServerOptions): Promise<ServiceProcess> {
  const { folder, name = "nats", host = "127.0.0.1" } = options;
  const port = options.port === undefined || options.port === 0 ? await freePort(host) : options.port;
  fs.mkdirSync(folder, { recursive: true });
  const configurationFile = path.join(folder, "nats.conf");
  const lines = [
    `server_name: ${name}`,
    `listen: "${host}:${port}"`,
    `pid_file: ${JSON.stringify(path.join(folder, "nats.pid"))}`,
    "max_payload: 1MB",
    `jetstream { store_dir: ${JSON.stringify(path.join(folder, "jetstream"))}, max_mem: 64MB, max_file: 8GB }`,
    options.configuration ?? "",
  ];
  fs.writeFileSync(configurationFile, lines.join("\n"), { mode: 0o600 });
  return new ServiceProcess(
    {
      name,
      file: installedProgram(serverPrograms.nats),
      arguments: ["-c", configurationFile],
      folder,
      logFile: path.join(folder, `${name}.log`),
      host,
      port,
    },
    () => accepts(host, port),
  );
}
