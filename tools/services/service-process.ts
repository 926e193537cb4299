import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export type ServiceCommand = {
  readonly name: string;
  readonly file: string;
  readonly arguments: readonly string[];
  /** Working folder; the log is written beside the data. */
  readonly folder: string;
  /** Where standard output and standard error go, appended. */
  readonly logFile: string;
  /** Added to this process's own environment; undefined takes a variable away. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Another account, for servers that refuse to run as root. */
  readonly account?: { readonly uid: number; readonly gid: number } | undefined;
  readonly host: string;
  readonly port: number;
};

const readyLimitMs = 30_000;
const readyPollMs = 25;
const stopLimitMs = 10_000;
const running = new Set<ServiceProcess>();
let cleansUp = false;

/** One server as a process of its own, known by its process id, that can be stopped, killed, frozen and started again. */
export class ServiceProcess {
  readonly command: ServiceCommand;
  readonly #isReady: () => Promise<boolean>;
  #child: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();

  constructor(command: ServiceCommand, isReady: () => Promise<boolean>) {
    this.command = command;
    this.#isReady = isReady;
  }

  /** Process id; null while it does not run. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** Starts it and waits until it answers. Throws with the end of its log when it ends before that or takes too long. */
  async start(): Promise<void> {
    if (this.#child !== null) return;
    cleanUpAtExit();
    const { file, folder, logFile, environment, account } = this.command;
    fs.mkdirSync(path.dirname(logFile), { recursive: true });
    const log = fs.openSync(logFile, "a");
    const child = spawn(file, [...this.command.arguments], {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: ["ignore", log, log],
      // A Ctrl-C in the terminal is for the one who started it, who stops its servers in order.
      detached: true,
      ...account,
    });
    fs.closeSync(log);
    this.#child = child;
    running.add(this);
    this.#exited = new Promise((resolve) => {
      const gone = () => {
        if (this.#child === child) this.#child = null;
        running.delete(this);
        resolve();
      };
      child.once("exit", gone);
      child.once("error", gone);
    });
    const untilMs = Date.now() + readyLimitMs;
    while (!(await this.#isReady())) {
      if (this.#child !== child || Date.now() > untilMs) {
        await this.stop();
        throw new Error(`${this.command.name} did not start:\n${this.logTail()}`);
      }
      await sleep(readyPollMs);
    }
  }

  /** Sends a signal: SIGKILL, SIGSTOP, SIGCONT … */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** SIGTERM (or what is given), and SIGKILL if it has not ended after a while. Resolves when it is gone. */
  async stop(signal: NodeJS.Signals = "SIGTERM", limitMs: number = stopLimitMs): Promise<void> {
    const child = this.#child;
    if (child === null) return this.#exited;
    child.kill(signal);
    child.kill("SIGCONT");
    const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
    await this.#exited;
    clearTimeout(timer);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Resolves when the process that runs now has ended. */
  get ended(): Promise<void> {
    return this.#exited;
  }

  /** The last lines it wrote. */
  logTail(lines = 20): string {
    try {
      return fs.readFileSync(this.command.logFile, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
    } catch {
      return "";
    }
  }
}

/** Whatever ends this process, its servers do not outlive it, unless it is killed outright. */
function cleanUpAtExit(): void {
  if (cleansUp) return;
  cleansUp = true;
  process.once("exit", () => {
    for (const service of running) service.signal("SIGKILL");
  });
}
