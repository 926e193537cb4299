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

const monitorTimeoutMs = 2_000;
/** Nobody listens there. */
const discardPort = 9;

/** Where a server of a cluster takes clients, other servers, and questions about its health. */
export type NatsPorts = { readonly client: number; readonly route: number; readonly monitor: number };

export type NatsClusterOptions = Omit<NatsServerOptions, "name" | "port"> & {
  /** Servers are called `nats-1`, `nats-2` … and have a folder of that name each. */
  readonly size: number;
  /** One a server; free ones unless given. */
  readonly ports?: readonly NatsPorts[];
  /** Shared by the servers for the routes between them. Letters and digits. */
  readonly routePassword: string;
  /** The port by which one server reaches another, where that is not the one it listens on. */
  readonly reach?: (from: string, to: string, port: number) => Promise<number>;
};

export type NatsCluster = {
  readonly servers: readonly ServiceProcess[];
  /** Whether every server that runs is up to date and JetStream has a leader. */
  isHealthy(): Promise<boolean>;
};

/** Servers that form one JetStream cluster, not started yet. */
export async function natsCluster(options: NatsClusterOptions): Promise<NatsCluster> {
  const { size, routePassword, folder, host = "127.0.0.1", tls = null, ports: given, reach, ...rest } = options;
  const ports = given ?? (await freeNatsPorts(size, host));
  const servers: ServiceProcess[] = [];
  for (const [index, { client, route, monitor }] of ports.entries()) {
    const name = nameOf(index);
    const routes: string[] = [];
    for (const [other, { route: port }] of ports.entries()) {
      if (other === index) continue;
      const reached = (await reach?.(name, nameOf(other), port)) ?? port;
      routes.push(`"nats://route:${routePassword}@${host}:${reached}"`);
    }
    // Without no_advertise the servers would tell clients and each other of addresses nobody asked for.
    const cluster = [
      "cluster {",
      "  name: universal-chat",
      `  listen: "${host}:${route}"`,
      "  no_advertise: true",
      `  authorization { user: route, password: "${routePassword}" }`,
      ...(tls === null ? [] : [`  tls { ${tlsFiles(tls)}, verify: true }`]),
      `  routes: [${routes.join(", ")}]`,
      // Servers tell each other of further routes; these would lead past the links.
      ...(reach === undefined ? [] : [`  advertise: "${host}:${discardPort}"`]),
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

/**
 * How many streams each server leads, asked of the servers' monitors. A name is missing where it leads none or nobody
 * that answers knows of it.
 */
export async function streamsLed(
  ports: readonly NatsPorts[],
  host = "127.0.0.1",
): Promise<ReadonlyMap<string, number>> {
  const led = new Map<string, number>();
  for (const { monitor } of ports) {
    const streams = await streamLeaders(host, monitor);
    if (streams.length === 0) continue;
    for (const leader of streams) led.set(leader, (led.get(leader) ?? 0) + 1);
    return led;
  }
  return led;
}

type JetStreamReport = {
  account_details?: { stream_detail?: { cluster?: { leader?: string } }[] }[];
};

async function streamLeaders(host: string, monitor: number): Promise<readonly string[]> {
  try {
    const address = `http://${host}:${monitor}/jsz?accounts=true&streams=true`;
    const answer = await fetch(address, { signal: AbortSignal.timeout(monitorTimeoutMs) });
    const { account_details: accounts = [] } = (await answer.json()) as JetStreamReport;
    const streams = accounts.flatMap(({ stream_detail: details = [] }) => details);
    return streams.flatMap(({ cluster }) => (cluster?.leader === undefined ? [] : [cluster.leader]));
  } catch {
    return [];
  }
}

function nameOf(index: number): string {
  return `nats-${index + 1}`;
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
    const answer = await fetch(`http://${host}:${port}/healthz`, { signal: AbortSignal.timeout(monitorTimeoutMs) });
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
