import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { failureFrom, type ProgramContext, programOptions } from "./cluster.ts";
import { EmbeddedDatabaseError } from "./errors.ts";
import { clusterAsSeen } from "./folder-access.ts";
import { stopServer } from "./leftover.ts";

const readyPollIntervalMs = 5;
/** Recovery after a crash replays what was written since the last checkpoint, which `max_wal_size` bounds. */
const readyLimitMs = 60_000;
const keptOutputCharacters = 16_384;

export type ServerSettings = {
  readonly cluster: string;
  /** Folder of the socket, or null to listen on this machine's loopback address at `port`. */
  readonly socketFolder: string | null;
  readonly port: number;
  /** False: nothing waits for the disk; a crash of the machine may lose everything. For throw-away data. */
  readonly durable: boolean;
};

export type ServerExit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** A server that takes connections. */
export interface RunningServer {
  readonly processIds: readonly number[];
  /** Resolves when the server has ended, for whatever reason. */
  readonly ended: Promise<ServerExit>;
  /** Fast shutdown: connections are cut, a checkpoint is written. Resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts the server and waits until it takes connections. */
export async function startServer(
  context: ProgramContext,
  settings: ServerSettings,
  warn: (line: string) => void,
): Promise<RunningServer> {
  const program = path.join(context.binaries.folder, "bin", "postgres");
  // In a session of its own: Ctrl-C in a terminal must not end the database before those who still write to it.
  const child = spawn(program, serverArguments(settings, clusterAsSeen(settings.cluster, context.account)), {
    ...programOptions(context, settings.cluster),
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const output = new ServerOutput(child, warn);
  let exit: ServerExit | null = null;
  const ended = new Promise<ServerExit>((resolve) => {
    child.on("exit", (code, signal) => resolve({ code, signal }));
    child.on("error", (error) => {
      output.add(`${error.message}\n`);
      resolve({ code: null, signal: null });
    });
  });
  ended.then((result) => {
    exit = result;
  });
  const stop = async () => {
    if (child.pid !== undefined) await stopServer(child.pid, () => exit !== null);
    await ended;
  };
  const untilMs = Date.now() + readyLimitMs;
  while (!isReady(settings.cluster, child.pid)) {
    if (exit !== null) throw failureFrom(await output.complete(), settings.cluster);
    if (Date.now() > untilMs) {
      await stop();
      const message = `The embedded database was not ready after ${readyLimitMs / 1000} s; its last words: ${output.text.slice(-300)}`;
      throw new EmbeddedDatabaseError("start_failed", message);
    }
    await sleep(readyPollIntervalMs);
  }
  output.startWarning();
  const watchdog = startWatchdog(context, settings.cluster, child.pid!);
  ended.then(() => watchdog?.stdin?.end("ended\n"));
  return { processIds: [child.pid!, watchdog?.pid].filter((pid) => pid !== undefined), ended, stop };
}

function serverArguments({ cluster, socketFolder, port, durable }: ServerSettings, clusterSeen: string): string[] {
  const settings: Record<string, string | number> = {
    // Nothing reads it: a server that was left over is known by the path in its command line.
    "chat.cluster": cluster,
    listen_addresses: socketFolder === null ? "127.0.0.1" : "",
    unix_socket_directories: socketFolder ?? "",
    port,
    // The folder of the socket keeps others out, and a password does; the process itself may be another account.
    unix_socket_permissions: "0777",
    max_connections: 60,
    superuser_reserved_connections: 3,
    shared_buffers: "32MB",
    work_mem: "4MB",
    maintenance_work_mem: "32MB",
    wal_level: "minimal",
    max_wal_senders: 0,
    max_wal_size: "256MB",
    min_wal_size: "32MB",
    // One process for the whole of a small machine: no helpers for parallel queries, input or output.
    io_method: "sync",
    max_parallel_workers_per_gather: 0,
    max_worker_processes: 2,
    max_logical_replication_workers: 0,
    jit: "off",
    timezone: "UTC",
    log_timezone: "UTC",
    lc_messages: "C",
    log_min_messages: "warning",
    // Statements hold what people wrote; they do not belong into a log.
    log_min_error_statement: "panic",
    log_error_verbosity: "terse",
    // The kind of process in front, see `worthTelling`.
    log_line_prefix: "%b: ",
    ...(durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
  };
  return ["-D", clusterSeen, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
}

/** The server tells its state in the last line of its note: `ready` once it takes connections. */
function isReady(cluster: string, pid: number | undefined): boolean {
  try {
    const lines = fs.readFileSync(path.join(cluster, "postmaster.pid"), "utf8").split("\n");
    return Number(lines[0]) === pid && lines[7]?.trim() === "ready";
  } catch {
    return false;
  }
}

/**
 * Ends the server when this process is gone without having ended it (SIGKILL): a shell waits for the end of a pipe
 * from here. Without a shell the server is found and stopped by the next start.
 */
function startWatchdog(context: ProgramContext, folder: string, serverPid: number): ChildProcess | null {
  if (process.platform === "win32") return null;
  const watchdog = spawn("/bin/sh", ["-c", 'read -r word || kill -INT "$1"', "sh", String(serverPid)], {
    ...programOptions(context, folder),
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watchdog.on("error", () => {});
  watchdog.stdin?.on("error", () => {});
  watchdog.unref();
  return watchdog;
}

/** Clients are told of their own errors; the operator hears of the server's. */
function worthTelling(line: string): boolean {
  if (line.startsWith("client backend:")) return /: PANIC:/.test(line);
  return /: (?:WARNING|ERROR|FATAL|PANIC):/.test(line);
}

/** What the server says: kept for errors, and passed on line by line once it runs. */
class ServerOutput {
  text = "";
  readonly #closed: Promise<void>;
  readonly #warn: (line: string) => void;
  #warning = false;
  #rest = "";

  constructor(child: ChildProcess, warn: (line: string) => void) {
    this.#warn = warn;
    this.#closed = new Promise((resolve) => child.once("close", () => resolve()).once("error", () => resolve()));
    child.stderr?.setEncoding("utf8").on("data", (piece: string) => this.add(piece));
  }

  add(piece: string): void {
    this.text = (this.text + piece).slice(-keptOutputCharacters);
    if (!this.#warning) return;
    const lines = (this.#rest + piece).split("\n");
    this.#rest = lines.pop()!.slice(-keptOutputCharacters);
    for (const line of lines) if (worthTelling(line)) this.#warn(line.trim());
  }

  startWarning(): void {
    this.#warning = true;
  }

  async complete(): Promise<string> {
    await this.#closed;
    return this.text;
  }
}
