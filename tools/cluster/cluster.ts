import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { localCertificate } from "@uci/gateway";
import { type ServerTls, type ServiceEvent, type ServiceProcess, streamsLed } from "@uci/services";
import { type ClusterLink, ClusterLinks, readers } from "./links.ts";
import { type ClusterAction, ClusterError, type ClusterOptions } from "./options.ts";
import { keptPasswords, type Passwords } from "./passwords.ts";
import { choosePlaces, clusterHost, type Places } from "./places.ts";
import { type Environment, makePrograms, sharedEnvironment, workflowUrl } from "./programs.ts";
import { makeGateway, makeServers, type Servers } from "./servers.ts";
import { writeState } from "./state-file.ts";

/** A pod or worker as its callers need it. */
export type Program = { readonly name: string; readonly url: string; readonly process: ServiceProcess };

/** Hears of every process that begins or ends. */
export type ClusterWatcher = (name: string, event: ServiceEvent) => void;

const natsHealthyLimitMs = 20_000;
const natsHealthyPollMs = 100;

type Parts = {
  readonly options: ClusterOptions;
  readonly places: Places;
  readonly passwords: Passwords;
  readonly tls: ServerTls | null;
  readonly servers: Servers;
  readonly pods: readonly ServiceProcess[];
  readonly workers: readonly ServiceProcess[];
  readonly gateway: ServiceProcess;
  readonly environment: Environment;
  readonly control: string;
  readonly links: ClusterLinks;
  /** By which readers reach the gateway. */
  readonly gatewayPort: number;
};

/** Everything a cluster is made of, ready to be started; nothing runs yet. `control` is where it will take commands. */
export async function prepareCluster(
  options: ClusterOptions,
  control: string,
  watcher: ClusterWatcher = () => undefined,
): Promise<Cluster> {
  fs.mkdirSync(options.folder, { recursive: true });
  const passwords = keptPasswords(options.folder, options.nats);
  const tls = options.tls ? localCertificate(path.join(options.folder, "certificate")) : null;
  const places = await choosePlaces(options);
  const links = new ClusterLinks(options.linked);
  const servers = await makeServers(options, passwords, places, tls, links);
  const environment = sharedEnvironment(options, passwords, places, servers, tls);
  const address = workflowUrl(environment, passwords);
  fs.writeFileSync(path.join(options.folder, "workflow-url"), `${address}\n`, { mode: 0o600 });
  const programs = await makePrograms(options, places, passwords, environment, links);
  const gateway = await makeGateway(options, places, tls, links);
  const gatewayPort = await links.reach(readers, "gateway", places.gateway);
  const own = { options, places, passwords, tls, servers, gateway, environment, control, links, gatewayPort };
  const parts = { ...own, ...programs };
  return new Cluster(parts, watcher);
}

/** Real servers, pods, workers and a gateway on this machine, each a process of its own. */
export class Cluster {
  readonly #parts: Parts;
  readonly #processes: ReadonlyMap<string, ServiceProcess>;
  /** The last thing under way with each process: one at a time. */
  readonly #actions = new Map<string, Promise<unknown>>();
  #stopping: Promise<void> | null = null;

  constructor(parts: Parts, watcher: ClusterWatcher) {
    this.#parts = parts;
    const { gateway, pods, workers, servers } = parts;
    const all = [gateway, ...pods, ...workers, ...servers.nats, servers.redis, servers.postgres];
    this.#processes = new Map(all.map((service) => [service.command.name, service]));
    for (const [name, service] of this.#processes) {
      service.watch((event) => {
        this.#writeState();
        watcher(name, event);
      });
    }
  }

  /** Where page and API are, without a slash at the end. */
  get gatewayUrl(): string {
    return `${this.#parts.tls === null ? "http" : "https"}://${clusterHost}:${this.#parts.gatewayPort}`;
  }

  get pods(): readonly Program[] {
    return this.#parts.pods.map(described);
  }

  get workers(): readonly Program[] {
    return this.#parts.workers.map(described);
  }

  get names(): readonly string[] {
    return [...this.#processes.keys()];
  }

  get folder(): string {
    return this.#parts.options.folder;
  }

  /** What clients verify the gateway and the servers against; null without TLS. */
  get authorityFile(): string | null {
    return this.#parts.tls?.authorityFile ?? null;
  }

  /** What pods and workers are told, for further programs; NATS_USER and NATS_PASSWORD come from `passwords`. */
  get environment(): Environment {
    return this.#parts.environment;
  }

  get passwords(): Passwords {
    return this.#parts.passwords;
  }

  /** Everything by which a process is reached and reaches others; none unless the cluster is `linked`. */
  linksOf(name: string): readonly ClusterLink[] {
    return this.#parts.links.of(name);
  }

  /** Where the NATS servers tell how they are; they do so only where there are several. */
  get natsMonitors(): readonly string[] {
    const { nats } = this.#parts.places;
    return nats.length === 1 ? [] : nats.map(({ monitor }) => `http://${clusterHost}:${monitor}`);
  }

  /** How many of JetStream's streams each running server leads; none with a single server. */
  streamsLed(): Promise<ReadonlyMap<string, number>> {
    return streamsLed(this.#parts.places.nats);
  }

  /** Throws `ClusterError` when there is none of that name. */
  process(name: string): ServiceProcess {
    const service = this.#processes.get(name);
    if (service !== undefined) return service;
    throw new ClusterError(`There is no process called ${name}; there are ${this.names.join(", ")}.`);
  }

  /** Starts everything in order; resolves when all of it answers. Stops what it started when something does not. */
  async startAll(): Promise<void> {
    const { servers, workers, pods, gateway } = this.#parts;
    this.#writeState();
    try {
      await this.#startTogether([...servers.nats, servers.redis, servers.postgres]);
      await this.#untilNatsIsHealthy();
      // Workers make the streams of the broker, pods expect to find them.
      await this.#startTogether(workers);
      await this.#startTogether(pods);
      await this.#startTogether([gateway]);
    } catch (error) {
      await this.stopAll();
      throw error;
    }
  }

  /** Stops everything, what is in front of others first. May be called again, and while it starts. */
  stopAll(): Promise<void> {
    this.#stopping ??= this.#stopInOrder();
    return this.#stopping;
  }

  /** Throws `ClusterError` when it runs already. */
  start(name: string): Promise<void> {
    return this.#act(name, async (service) => {
      if (service.isRunning) throw new ClusterError(`${name} is running already.`);
      await this.#startOne(service);
    });
  }

  /** Throws `ClusterError` when it does not run. */
  stop(name: string): Promise<void> {
    return this.#act(name, async (service) => {
      if (!service.isRunning) throw new ClusterError(`${name} is not running.`);
      await service.stop();
    });
  }

  /** Stops it in order if it runs, and starts it. */
  restart(name: string): Promise<void> {
    return this.#act(name, async (service) => {
      await service.stop();
      await this.#startOne(service);
    });
  }

  async do(action: ClusterAction, name: string): Promise<void> {
    await this[action](name);
  }

  async #act(name: string, action: (service: ServiceProcess) => Promise<void>): Promise<void> {
    const service = this.process(name);
    const before = this.#actions.get(name) ?? Promise.resolve();
    const current = before.catch(() => undefined).then(() => action(service));
    this.#actions.set(name, current);
    await current;
  }

  async #startOne(service: ServiceProcess): Promise<void> {
    this.#refuseWhileStopping();
    await service.start();
    if (this.#parts.servers.nats.includes(service)) await this.#untilNatsIsHealthy();
  }

  async #startTogether(services: readonly ServiceProcess[]): Promise<void> {
    this.#refuseWhileStopping();
    const results = await Promise.allSettled(services.map((service) => service.start()));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw new ClusterError((failed.reason as Error).message);
  }

  #refuseWhileStopping(): void {
    if (this.#stopping !== null) throw new ClusterError("The cluster is being stopped.");
  }

  /** Servers of a cluster accept clients before they have found each other; without a majority they never do. */
  async #untilNatsIsHealthy(): Promise<void> {
    const { servers } = this.#parts;
    const untilMs = Date.now() + natsHealthyLimitMs;
    while (this.#stopping === null && !(await servers.isNatsHealthy()) && Date.now() < untilMs)
      await sleep(natsHealthyPollMs);
  }

  async #stopInOrder(): Promise<void> {
    const { gateway, workers, pods, servers } = this.#parts;
    // At once: nobody is to be passed on to another pod.
    await gateway.stop("SIGTERM");
    for (const group of [workers, pods, [...servers.nats, servers.redis, servers.postgres]]) {
      await Promise.all(group.map((service) => service.stop()));
    }
    await this.#parts.links.close();
    this.#writeState();
  }

  #writeState(): void {
    const processes = [...this.#processes].map(([name, { pid, command }]) => {
      const { host, port, file, logFile } = command;
      return { name, pid, host, port, command: [file, ...command.arguments].join(" "), log: logFile };
    });
    writeState(this.folder, { control: this.#parts.control, processes });
  }
}

function described(service: ServiceProcess): Program {
  const { name, host, port } = service.command;
  return { name, url: `http://${host}:${port}`, process: service };
}
