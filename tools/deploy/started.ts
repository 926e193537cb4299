import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { workerAccount } from "@uci/gateway";
import {
  accepts,
  freePorts,
  installedProgram,
  nginxVersion,
  postgresUrl,
  ServiceProcess,
  serverPrograms,
  startPostgresServer,
} from "@uci/services";
import pg from "pg";
import { root } from "../command.ts";
import { type Compose, type ComposeService, composeWith, readEnvironmentFile } from "./compose.ts";

const host = "127.0.0.1";
/** What containers reach each other by, and the port each listens on. */
const reached: readonly (readonly [name: string, port: number])[] = [
  ...[1, 2, 3].flatMap((node) => [[`nats-${node}`, 4222] as const, [`nats-${node}`, 6222] as const]),
  ...(["redis", "postgres"] as const).map((name) => [name, name === "redis" ? 6379 : 5432] as const),
  ...[1, 2, 3].map((pod) => [`pod-${pod}`, 8080] as const),
  ...[1, 2].map((worker) => [`worker-${worker}`, 8080] as const),
  ["gateway", 8080],
];

/**
 * What the compose file would start, as processes of this machine: the same commands, scripts, environments and
 * configurations, with a port of this machine for each name. PostgreSQL is made as its image makes it: user, database and
 * password from its environment.
 */
export class StartedDeployment {
  readonly compose: Compose;
  readonly #folder: string;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #running: ServiceProcess[] = [];

  private constructor(compose: Compose, folder: string, ports: ReadonlyMap<string, number>) {
    this.compose = compose;
    this.#folder = folder;
    this.#ports = ports;
  }

  /** `environmentFile`: the text of `.env`. Resolves when the gateway and everything behind it is ready. */
  static async start(environmentFile: string, folder: string): Promise<StartedDeployment> {
    const free = await freePorts(reached.length);
    const ports = new Map(reached.map(([name, port], index) => [`${name}:${port}`, free[index]!]));
    const started = new StartedDeployment(composeWith(readEnvironmentFile(environmentFile)), folder, ports);
    try {
      await started.#startAll();
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  }

  get url(): string {
    return `http://${host}:${this.#port("gateway", 8080)}`;
  }

  /** Where the first NATS server takes clients. */
  get natsAddress(): string {
    return `${host}:${this.#port("nats-1", 4222)}`;
  }

  async stop(): Promise<void> {
    for (const service of this.#running.splice(0).toReversed()) await service.stop();
  }

  /** In the order that `depends_on` asks for. */
  async #startAll(): Promise<void> {
    await Promise.all([this.#postgres(), this.#redis(), ...[1, 2, 3].map((node) => this.#nats(node))]);
    await Promise.all(["worker-1", "worker-2"].map((name) => this.#program(name)));
    await Promise.all(["pod-1", "pod-2", "pod-3"].map((name) => this.#program(name)));
    await this.#gateway();
  }

  async #postgres(): Promise<void> {
    const { command, environment } = this.#service("postgres");
    // The image's own start is not here; what the command makes of its figure is.
    const script = command![2]!.replace(/^exec docker-entrypoint.sh postgres -c max_connections=/, "echo ");
    const computed = spawnSync("sh", ["-c", script], { env: { ...environment }, encoding: "utf8" }).stdout;
    const connections = Number(computed);
    if (!(connections > 0)) throw new Error(`the command of postgres makes no number of connections: ${command}`);
    const { POSTGRES_PASSWORD: password = "", POSTGRES_DB: database } = environment ?? {};
    const port = this.#port("postgres", 5432);
    const options = { folder: path.join(this.#folder, "postgres"), port, password, connections, durable: false };
    const server = await startPostgresServer(options);
    this.#running.push(server);
    const client = new pg.Client({ connectionString: postgresUrl(server, password) });
    await client.connect();
    await client.query(`create database ${database}`);
    await client.end();
  }

  async #redis(): Promise<void> {
    const folder = this.#made("redis");
    const port = this.#port("redis", 6379);
    await this.#run("redis", port, folder, [`port ${port}\nbind ${host}\ndir ${folder}`]);
  }

  async #nats(node: number): Promise<void> {
    const name = `nats-${node}`;
    const folder = this.#made(name);
    const configuration = path.join(folder, "nats.conf");
    const text = read("deploy/nats.conf")
      .replace("0.0.0.0:4222", `${host}:${this.#port(name, 4222)}`)
      .replace("0.0.0.0:6222", `${host}:${this.#port(name, 6222)}`)
      .replace("store_dir: /data", `store_dir: ${JSON.stringify(path.join(folder, "data"))}`);
    fs.writeFileSync(configuration, text);
    const routes = [1, 2, 3].map((other) => `${host}:${this.#port(`nats-${other}`, 6222)}`).join(" ");
    const places = { "/etc/nats.conf": configuration };
    await this.#run(name, this.#port(name, 4222), folder, [], places, { NATS_ROUTES: routes });
  }

  async #program(name: string): Promise<void> {
    const { command = ["node", "apps/backend/src/run.ts"], environment = {} } = this.#service(name);
    const port = this.#port(name, 8080);
    const own = Object.fromEntries(
      Object.entries(environment).map(([key, value]) => [key, this.#onThisMachine(value)]),
    );
    await this.#start(
      {
        ...{ name, file: process.execPath, arguments: command.slice(1), folder: root },
        environment: { ...own, HOST: host, PORT: String(port) },
        port,
      },
      async () => (await fetch(`http://${host}:${port}/ready`).catch(() => null))?.ok === true,
    );
  }

  async #gateway(): Promise<void> {
    const folder = this.#made("gateway");
    const port = this.#port("gateway", 8080);
    const configuration = path.join(folder, "nginx.conf");
    let text = this.#onThisMachine(read("deploy/nginx.conf"))
      .replace("listen 0.0.0.0:8080;", `listen ${host}:${port};`)
      .replaceAll('"/tmp', `"${folder}`)
      .replaceAll("/dev/stdout", path.join(folder, "access.log"))
      .replace(/^user nginx;$/m, workerAccount() === null ? "" : `user ${workerAccount()};`);
    // The nginx of this machine may be one that asks for a name once; names are addresses here.
    if (nginxVersion().startsWith("1.22.")) text = text.replaceAll(" resolve;", ";");
    fs.writeFileSync(configuration, text);
    const places = { "/etc/nginx/nginx.conf": configuration, "/tmp": folder };
    const programs = path.dirname(installedProgram(serverPrograms.nginx));
    const PATH = `${programs}:${process.env.PATH}`;
    await this.#run("gateway", port, folder, [], places, { PATH });
  }

  /** A service whose command is one of the scripts beside the compose file. `places`: where files of the container are here. */
  async #run(
    name: string,
    port: number,
    folder: string,
    more: readonly string[],
    places: Readonly<Record<string, string>> = {},
    environment: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const service = this.#service(name);
    const [program, ...words] = service.command!;
    const mounted = Object.fromEntries(
      (service.volumes ?? []).map((volume) => {
        const [from, to] = volume.split(":");
        return [to!, path.join(root, "deploy", from!)];
      }),
    );
    const found = words.map((word) => places[word] ?? mounted[word] ?? word);
    await this.#start(
      {
        ...{ name, file: program!, arguments: [...found, ...more], folder, port },
        environment: { ...service.environment, ...environment },
      },
      () => accepts(host, port),
    );
  }

  async #start(
    command: Omit<ServiceProcess["command"], "host" | "logFile" | "bareEnvironment">,
    isReady: () => Promise<boolean>,
  ): Promise<void> {
    const logFile = path.join(this.#folder, `${command.name}.log`);
    const service = new ServiceProcess({ ...command, host, logFile, bareEnvironment: true }, isReady);
    this.#running.push(service);
    await service.start();
  }

  #service(name: string): ComposeService {
    const service = this.compose.services[name];
    if (service === undefined) throw new Error(`the compose file has no ${name}`);
    return service;
  }

  #port(name: string, port: number): number {
    return this.#ports.get(`${name}:${port}`)!;
  }

  #made(name: string): string {
    const folder = path.join(this.#folder, name);
    fs.mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Names of containers with their ports, as addresses of this machine. */
  #onThisMachine(text: string): string {
    let result = text;
    for (const [place, port] of this.#ports) result = result.replaceAll(place, `${host}:${port}`);
    return result;
  }
}

function read(file: string): string {
  return fs.readFileSync(path.join(root, file), "utf8");
}
