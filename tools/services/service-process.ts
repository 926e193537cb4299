import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { signalTree, standsStill } from "./process-tree.ts";
import { guard, startGuarding, unguard } from "./watchdog.ts";

export type ServiceCommand = {
  readonly name: string;
  readonly file: string;
  readonly arguments: readonly string[];
  /** Working folder; the log is written beside the data. */
  readonly folder: string;
  /** Where standard output and standard error go, appended. */
  readonly logFile: string;
  /** Added to this process's own environment, or to the bare one; undefined takes a variable away. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Only PATH and the like are handed on: a server has no business with keys and passwords of its surroundings. */
  readonly bareEnvironment?: boolean;
  /** Another account, for servers that refuse to run as root. */
  readonly account?: { readonly uid: number; readonly gid: number } | undefined;
  readonly host: string;
  readonly port: number;
  /** What asks it to stop in order; SIGTERM unless told. */
  readonly stopSignal?: NodeJS.Signals;
  /** How long it may take to stop before it is killed, 10 s unless told. */
  readonly stopLimitMs?: number;
  /** How often it is started before it is given up; more than once for what needs a moment after its own death. */
  readonly startAttempts?: number;
};

/** What becomes of a process. `asked`: it ended because of `stop`, not by itself or by somebody else. */
export type ServiceEvent =
  | { readonly kind: "started"; readonly pid: number }
  | {
      readonly kind: "ended";
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
      readonly asked: boolean;
    };

const readyLimitMs = 60_000;
const readyPollMs = 25;
const freezePollMs = 2;
const stopLimitMs = 10_000;
const attemptPauseMs = 300;
/** Signals that take a server's own processes along, which would go on, or hold its port, without it. */
const treeSignals = new Set<NodeJS.Signals>(["SIGKILL", "SIGSTOP", "SIGCONT"]);
const handedOn = ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ"];
const running = new Set<ServiceProcess>();
let cleansUp = false;

/** One server as a process of its own, known by its process id, that can be stopped, killed, frozen and started again. */
export class ServiceProcess {
  readonly command: ServiceCommand;
  readonly #isReady: (pid: number) => Promise<boolean> | boolean;
  readonly #watchers = new Set<(event: ServiceEvent) => void>();
  #child: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();
  #asked = false;

  constructor(command: ServiceCommand, isReady: (pid: number) => Promise<boolean> | boolean) {
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
    const attempts = this.command.startAttempts ?? 1;
    for (let attempt = 1; ; attempt++) {
      const result = await this.#startOnce();
      if (result === "ready") return;
      await this.stop();
      if (result === "too_slow" || attempt === attempts)
        throw new Error(`${this.command.name} did not start:\n${this.logTail()}`);
      await sleep(attemptPauseMs);
    }
  }

  /** Sends a signal. SIGKILL, SIGSTOP and SIGCONT reach the processes it has started, too. */
  signal(signal: NodeJS.Signals): void {
    const child = this.#child;
    if (child?.pid === undefined) return;
    if (treeSignals.has(signal)) signalTree(child.pid, signal);
    else child.kill(signal);
  }

  /**
   * Stops it where it is, until SIGCONT. Resolves when it does nothing any more, which on a busy machine is some time after
   * the signal was sent.
   */
  async freeze(): Promise<void> {
    this.signal("SIGSTOP");
    while (this.#child?.pid !== undefined && !standsStill(this.#child.pid)) await sleep(freezePollMs);
  }

  /** Asks it to stop (its own way unless told), and kills it if it has not ended after a while. Resolves when it is gone. */
  async stop(
    signal: NodeJS.Signals = this.command.stopSignal ?? "SIGTERM",
    limitMs: number = this.command.stopLimitMs ?? stopLimitMs,
  ): Promise<void> {
    if (this.#child === null) return this.#exited;
    this.#asked = true;
    this.signal(signal);
    this.signal("SIGCONT");
    const timer = setTimeout(() => this.signal("SIGKILL"), limitMs);
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

  /** Calls the watcher each time the process begins and ends, whoever ended it. */
  watch(watcher: (event: ServiceEvent) => void): void {
    this.#watchers.add(watcher);
  }

  /** The last lines it wrote. */
  logTail(lines = 20): string {
    try {
      return fs.readFileSync(this.command.logFile, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
    } catch {
      return "";
    }
  }

  async #startOnce(): Promise<"ready" | "ended" | "too_slow"> {
    const child = this.#spawn();
    const untilMs = Date.now() + readyLimitMs;
    while (this.#child === child && child.pid !== undefined) {
      if ((await this.#isReady(child.pid)) && this.#child === child) return "ready";
      if (Date.now() > untilMs) return "too_slow";
      await sleep(readyPollMs);
    }
    return "ended";
  }

  #spawn(): ChildProcess {
    cleanUpAtExit();
    startGuarding();
    const { file, folder, logFile, account } = this.command;
    fs.mkdirSync(path.dirname(logFile), { recursive: true });
    const log = fs.openSync(logFile, "a", 0o600);
    const child = spawn(file, [...this.command.arguments], {
      cwd: folder,
      env: environmentOf(this.command),
      stdio: ["ignore", log, log],
      // A Ctrl-C in the terminal is for the one who started it, who stops its servers in order.
      detached: true,
      ...account,
    });
    fs.closeSync(log);
    this.#child = child;
    this.#asked = false;
    running.add(this);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise;
    const gone = (code: number | null, signal: NodeJS.Signals | null) => {
      if (this.#child !== child) return;
      this.#child = null;
      running.delete(this);
      // Workers that a killed master leaves behind would keep its port.
      if (child.pid !== undefined) {
        signalTree(child.pid, "SIGKILL");
        unguard(child.pid);
      }
      resolve();
      this.#tell({ kind: "ended", code, signal, asked: this.#asked });
    };
    child.once("exit", gone);
    child.once("error", () => gone(null, null));
    if (child.pid !== undefined) {
      guard(child.pid);
      this.#tell({ kind: "started", pid: child.pid });
    }
    return child;
  }

  #tell(event: ServiceEvent): void {
    for (const watcher of this.#watchers) watcher(event);
  }
}

function environmentOf({ bareEnvironment, environment }: ServiceCommand): NodeJS.ProcessEnv {
  if (bareEnvironment !== true) return { ...process.env, ...environment };
  const bare = Object.fromEntries(handedOn.map((name) => [name, process.env[name]]));
  return { ...bare, ...environment };
}

/** Servers do not outlive this process; where it is killed before it can see to that, the watchdog does. */
function cleanUpAtExit(): void {
  if (cleansUp) return;
  cleansUp = true;
  process.once("exit", () => {
    for (const service of running) service.signal("SIGKILL");
  });
}
