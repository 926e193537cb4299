import fs from "node:fs";
import path from "node:path";
import { accepts, freePort, freePorts } from "./free-port.ts";
import { installedProgram, serverPrograms } from "./install.ts";
import { ServiceProcess } from "./service-process.ts";
import type { ServerTls } from "./tls.ts";

export type NatsServerOptions = {
  readonly name?: string;
  /** Holds the configuration, the log and the streams. */
  readonly folder: string;
  readonly host?: string;
  /** 0 or undefined: a free one. */
  readonly port?: number;
  /** Further lines of the configuration: accounts, cluster. */
  readonly configuration?: string;
  /** Clients must speak TLS when given. */
  readonly tls?: ServerTls | null;
};

/** A nats-server with JetStream, listening on this machine alone; resolves when it accepts connections. */
export async function startNatsServer(options: NatsServerOptions): Promise<ServiceProcess> {
  const service = await natsServer(options);
  await service.start();
  return service;
}

/** The same, not started yet. */
export async function natsServer(options: NatsServerOptions): Promise<ServiceProcess> {
  const { folder, name = "nats", host = "127.0.0.1", tls = null } = options;
  const port = options.port === undefined || options.port === 0 ? await freePort(host) : options.port;
  fs.mkdirSync(folder, { recursive: true });
  const configurationFile = path.join(folder, "nats.conf");
  const lines = [
    `server_name: ${name}`,
    `listen: "${host}:${port}"`,
    `pid_file: ${JSON.stringify(path.join(folder, "nats.pid"))}`,
    "max_payload: 1MB",
    `jetstream { store_dir: ${JSON.stringify(path.join(folder, "jetstream"))}, max_mem: 64MB, max_file: 8GB }`,
    ...(tls === null ? [] : [`tls { ${tlsFiles(tls)} }`]),
    options.configuration ?? "",
    "",
  ];
  fs.writeFileSync(configurationFile, lines.join("\n"), { mode: 0o600 });
  return new ServiceProcess(
    {
      name,
      file: installedProgram(serverPrograms.nats),
      arguments: ["-c", configurationFile],
      folder,
      logFile: path.join(folder, `${name}.log`),
      bareEnvironment: true,
      host,
      port,
    },
    () => accepts(host, port),
  );
}

/** Where a server of a cluster takes clients, other servers, and questions about its health. */
export type NatsPorts = { readonly client: number; readonly route: number; readonly monitor: number };

export type NatsClusterOptions = Omit<NatsServerOptions, "name" | "port"> & {
  /** Servers are called `nats-1`, `nats-2` … and have a folder of that name each. */
  readonly size: number;
  /** One a server; free ones unless given. */
  readonly ports?: readonly NatsPorts[];
  /** Shared by the servers for the routes between them. Letters and digits. */
  readonly routePassword: string;
};

export type NatsCluster = {
  readonly servers: readonly ServiceProcess[];
  /** Whether every server that runs is up to date and JetStream has a leader. */
  isHealthy(): Promise<boolean>;
};

/** Servers that form one JetStream cluster, not started yet. */
export async function natsCluster(options: NatsClusterOptions): Promise<NatsCluster> {
  const { size, routePassword, folder, host = "127.0.0.1", tls = null, ports: given, ...rest } = options;
  const ports = given ?? (await freeNatsPorts(size, host));
  const routes = ports.map(({ route }) => `"nats://route:${routePassword}@${host}:${route}"`).join(", ");
  const servers: ServiceProcess[] = [];
  for (const [index, { client, route, monitor }] of ports.entries()) {
    const name = `nats-${index + 1}`;
    // Without no_advertise the servers would tell clients and each other of addresses nobody asked for.
    const cluster = [
      "cluster {",
      "  name: universal-chat",
      `  listen: "${host}:${route}"`,
      "  no_advertise: true",
      `  authorization { user: route, password: "${routePassword}" }`,
      ...(tls === null ? [] : [`  tls { ${tlsFiles(tls)}, verify: true }`]),
      `  routes: [${routes}]`,
      "}",
      `http: "${host}:${monitor}"`,
    ];
    const configuration = [...cluster, rest.configuration ?? ""].join("\n");
    servers.push(
      await natsServer({ ...rest, tls, host, name, port: client, configuration, folder: path.join(folder, name) }),
    );
  }
  const isHealthy = async () => {
    const asked = ports.filter((_ports, index) => servers[index]?.isRunning);
    const answers = await Promise.all(asked.map(({ monitor }) => isServerHealthy(host, monitor)));
    return answers.length > 0 && answers.every((answer) => answer);
  };
  return { servers, isHealthy };
}

async function freeNatsPorts(size: number, host: string): Promise<readonly NatsPorts[]> {
  const free = await freePorts(size * 3, host);
  return Array.from({ length: size }, (_, index) => {
    const [client = 0, route = 0, monitor = 0] = free.slice(index * 3);
    return { client, route, monitor };
  });
}

/** Asks the server itself: it knows whether JetStream has a leader and its own copies are up to date. */
async function isServerHealthy(host: string, port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://${host}:${port}/healthz`, { signal: AbortSignal.timeout(2_000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

function tlsFiles(tls: ServerTls): string {
  const [certificate, key, authority] = [tls.certificateFile, tls.keyFile, tls.authorityFile].map((file) =>
    JSON.stringify(file),
  );
  return `cert_file: ${certificate}, key_file: ${key}, ca_file: ${authority}`;
}
