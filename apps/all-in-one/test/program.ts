import { type ChildProcess, spawn } from "node:child_process";
import net from "node:net";
import path from "node:path";
import { until } from "./waiting.ts";

const root = path.resolve(import.meta.dirname, "../../..");
/** The page may have to be built first, on a machine that is busy with other tests. */
const startLimitMs = 120_000;

/** Settings of whoever runs the tests must not reach the program under test. */
const passedOn = new Set(["PATH", "HOME", "TMPDIR", "LANG", "USER"]);

export type ProgramOptions = {
  readonly options: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Where it is started; a file `.env` there would be read. */
  readonly folder: string;
};

/** The whole program as a person starts it, in a process of its own. */
export class Program {
  stdout = "";
  stderr = "";
  /** Null while it runs; a signal's name where it died of one. */
  end: number | string | null = null;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | string>;

  constructor({ options, environment, folder }: ProgramOptions) {
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => passedOn.has(name)));
    const script = ["tools/with-node.mjs", "tools/start.ts"].map((file) => path.join(root, file));
    this.#child = spawn(process.execPath, [...script, ...options], {
      cwd: folder,
      env: { ...own, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.#ended = new Promise((resolve) => {
      this.#child.on("close", (code, signal) => {
        this.end = signal ?? code ?? -1;
        resolve(this.end);
      });
    });
  }

  /** Resolves when it says that it is ready; throws with what it said where it ends instead. */
  async ready(): Promise<this> {
    await until(
      "the program is ready",
      () => {
        if (this.end !== null) throw new Error(`it ended with ${this.end}: ${this.stdout}${this.stderr}`);
        return this.stdout.includes("Ctrl-C stops it");
      },
      startLimitMs,
    );
    return this;
  }

  ended(): Promise<number | string> {
    return this.#ended;
  }

  /** Sends a signal and waits for the end. */
  async endBy(signal: NodeJS.Signals): Promise<number | string> {
    if (this.end === null) this.#child.kill(signal);
    return this.#ended;
  }
}

/** The first of so many free ports in a row. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = await listening(0);
    const others = await Promise.all(
      Array.from({ length: count - 1 }, (_none, index) => listening(first.port + index + 1).catch(() => null)),
    );
    await Promise.all([first, ...others].map((server) => server?.close()));
    if (others.every((server) => server !== null)) return first.port;
  }
}

/** Holds a port of the loopback address. */
export async function listening(port: number): Promise<{ port: number; close(): Promise<void> }> {
  const server = net.createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
