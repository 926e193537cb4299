import fs from "node:fs";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Binaries, defaultCacheFolder, packagedBinaries, reachableBinaries } from "./binaries.ts";
import { databaseName, databaseUser, type ProgramContext, prepareCluster } from "./cluster.ts";
import { type DataFolder, socketFolder, socketPort } from "./data-folder.ts";
import { EmbeddedDatabaseError } from "./errors.ts";
import { openDataFolder } from "./folder-access.ts";
import type { InstanceLock } from "./instance-lock.ts";
import { stopLeftover } from "./leftover.ts";
import { type RunningServer, type ServerSettings, startServer } from "./server.ts";
import type { ServerAccount } from "./server-account.ts";

export { EmbeddedDatabaseError, type EmbeddedDatabaseReason } from "./errors.ts";

export type EmbeddedPostgresOptions = {
  /** Folder of the database, which holds all of it; it is created. */
  readonly dataFolder: string;
  readonly log: EmbeddedLog;
  /** False: for throw-away data; nothing waits for the disk. */
  readonly durable?: boolean;
  /** Programs other than the packaged ones. */
  readonly binaries?: Binaries;
  /** Where release 0.1.0 may have put the database instead; it is moved into the data folder. */
  readonly stateFolder?: string;
  /** Where the programs are copied to when the server's account cannot reach them. */
  readonly cacheFolder?: string;
};

/** One line each, for the operator. */
export type EmbeddedLog = { info(line: string): void; warn(line: string): void };

/** Settings of a connection, as node-postgres takes them. `host` is the socket's folder, or an address. */
export type ConnectionSettings = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
};

export interface EmbeddedPostgres {
  readonly connection: ConnectionSettings;
  readonly dataFolder: string;
  /** The server and its watchdog; others after the server has been started again. */
  processIds(): readonly number[];
  /** Stops the server; connections are cut. May be called again. */
  stop(): Promise<void>;
}

const startAttemptsMost = 5;
const restartDelayMs = 200;
const restartDelayMostMs = 5_000;

/**
 * Starts PostgreSQL in a folder, and again if it ends unasked. Throws `EmbeddedDatabaseError`, whose message is one
 * sentence for the operator.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const packaged = options.binaries ?? packagedBinaries();
  const { layout, account, lock } = await openDataFolder({
    folder: options.dataFolder,
    stateFolder: options.stateFolder,
    moved: (from) => options.log.info(`The database was moved from ${from} into ${options.dataFolder}.`),
  });
  try {
    const binaries = reachableBinaries(packaged, account, options.cacheFolder ?? defaultCacheFolder());
    return await startLocked({ binaries, account }, layout, options, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startLocked(
  context: ProgramContext,
  data: DataFolder,
  options: EmbeddedPostgresOptions,
  lock: InstanceLock,
): Promise<EmbeddedPostgres> {
  const durable = options.durable ?? true;
  if (await stopLeftover(data.cluster)) options.log.info("Stopped a database server left over from an earlier run.");
  const password = await prepareCluster(context, data, durable);
  const place = await listeningPlace(data, context.account);
  const settings: ServerSettings = {
    cluster: data.cluster,
    socketFolder: place.socketFolder,
    port: place.port,
    durable,
  };
  const supervisor = new Supervisor(context, settings, options.log);
  try {
    await supervisor.start();
  } catch (error) {
    place.remove();
    throw error;
  }
  const host = place.socketFolder ?? "127.0.0.1";
  let stopping: Promise<void> | null = null;
  return {
    connection: { host, port: place.port, user: databaseUser, password, database: databaseName },
    dataFolder: data.folder,
    processIds: () => supervisor.processIds(),
    stop() {
      stopping ??= supervisor.stop().finally(() => {
        place.remove();
        lock.release();
      });
      return stopping;
    },
  };
}

type ListeningPlace = { readonly socketFolder: string | null; readonly port: number; remove(): void };

/** A socket in the file system; where there is none (Windows), a free port of the loopback address. */
async function listeningPlace(data: DataFolder, account: ServerAccount | null): Promise<ListeningPlace> {
  if (process.platform === "win32") return { socketFolder: null, port: await freePort(), remove: () => {} };
  const { folder, temporary } = socketFolder(data, account);
  const remove = () => {
    if (temporary) fs.rmSync(folder, { recursive: true, force: true });
  };
  return { socketFolder: folder, port: socketPort, remove };
}

async function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = net.createServer().on("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
  });
  return promise;
}

/** Keeps one server running until it is told to stop. */
class Supervisor {
  readonly #context: ProgramContext;
  readonly #settings: ServerSettings;
  readonly #log: EmbeddedLog;
  readonly #stopping = new AbortController();
  #server: RunningServer | null = null;
  #restarting: Promise<void> | null = null;

  constructor(context: ProgramContext, settings: ServerSettings, log: EmbeddedLog) {
    this.#context = context;
    this.#settings = settings;
    this.#log = log;
  }

  processIds(): readonly number[] {
    return this.#server?.processIds ?? [];
  }

  /** Tries a few times: the processes of a killed server need a moment to be gone, and until then it refuses to start. */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        const server = await startServer(this.#context, this.#settings, (line) =>
          this.#log.warn(`PostgreSQL: ${line}`),
        );
        this.#server = server;
        server.ended.then(() => this.#ended(server));
        return;
      } catch (error) {
        const mayPass = error instanceof EmbeddedDatabaseError && /still in use|already exists/.test(error.message);
        if (!mayPass || attempt === startAttemptsMost) throw error;
        await sleep(restartDelayMs);
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#restarting;
    await this.#server?.stop();
    this.#server = null;
  }

  #ended(server: RunningServer): void {
    if (this.#stopping.signal.aborted || this.#server !== server) return;
    this.#server = null;
    this.#log.warn("The embedded database ended unexpectedly; starting it again.");
    this.#restarting = this.#startAgain().finally(() => {
      this.#restarting = null;
    });
  }

  async #startAgain(): Promise<void> {
    for (
      let delayMs = restartDelayMs;
      !this.#stopping.signal.aborted;
      delayMs = Math.min(delayMs * 2, restartDelayMostMs)
    ) {
      try {
        return await this.start();
      } catch (error) {
        this.#log.warn(error instanceof Error ? error.message : String(error));
      }
      await sleep(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
    }
  }
}
