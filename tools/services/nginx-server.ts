import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { accepts, freePort } from "./free-port.ts";
import { installedProgram, serverPrograms } from "./install.ts";
import { ServiceProcess } from "./service-process.ts";

export type NginxServerOptions = {
  readonly name?: string;
  /** nginx's prefix; the configuration is written there. */
  readonly folder: string;
  readonly host?: string;
  /** 0 or undefined: a free one. */
  readonly port?: number;
  /** Makes the configuration; it must say `daemon off`, listen there, and keep its files in the folder. */
  readonly configuration: (listen: { readonly host: string; readonly port: number }) => string;
};

/** An nginx with its own configuration; resolves when it accepts connections. */
export async function startNginxServer(options: NginxServerOptions): Promise<ServiceProcess> {
  const service = await nginxServer(options);
  await service.start();
  return service;
}

/** The same, not started yet. */
export async function nginxServer(options: NginxServerOptions): Promise<ServiceProcess> {
  const { folder, name = "nginx", host = "127.0.0.1" } = options;
  const port = options.port === undefined || options.port === 0 ? await freePort(host) : options.port;
  fs.mkdirSync(folder, { recursive: true });
  const configurationFile = path.join(folder, "nginx.conf");
  fs.writeFileSync(configurationFile, options.configuration({ host, port }), { mode: 0o600 });
  return new ServiceProcess(
    {
      name,
      file: installedProgram(serverPrograms.nginx),
      // Until it has read its configuration it would write to the system's own log.
      arguments: ["-p", folder, "-c", configurationFile, "-e", path.join(folder, "error.log")],
      folder,
      logFile: path.join(folder, `${name}.log`),
      bareEnvironment: true,
      // Lets requests finish; streams are cut after the configuration's worker_shutdown_timeout.
      stopSignal: "SIGQUIT",
      host,
      port,
    },
    () => accepts(host, port),
  );
}

/** The version of the installed nginx, such as 1.22.1. */
export function nginxVersion(): string {
  const told = spawnSync(installedProgram(serverPrograms.nginx), ["-v"], { encoding: "utf8" }).stderr;
  const version = /nginx\/(\d+\.\d+\.\d+)/.exec(told)?.[1];
  if (version === undefined) throw new Error("nginx does not tell its version.");
  return version;
}
