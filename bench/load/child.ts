import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import { nodeFlags } from "../../tools/cluster/index.ts";

/** A process of the benchmark that tells by message when it is ready. */
export class Child<Ready> {
  readonly ready: Ready;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, ready: Ready) {
    this.#process = process;
    this.ready = ready;
  }

  /** `file`: from this folder's parent. Throws when it ends before its first message. */
  static start<Ready>(file: string, commandLine: readonly string[] = []): Promise<Child<Ready>> {
    const child = fork(path.resolve(import.meta.dirname, "..", file), [...commandLine], {
      stdio: ["ignore", 2, 2, "ipc"],
      // As pods and workers have them: a yardstick is to be no worse off.
      execArgv: [...nodeFlags],
    });
    const kill = () => child.kill("SIGKILL");
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    return new Promise((resolve, reject) => {
      child.once("message", (ready) => resolve(new Child(child, ready as Ready)));
      child.once("exit", (code) => reject(new Error(`${file} ended with ${code}`)));
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  send(message: object): void {
    this.#process.send(message);
  }

  heard(listener: (message: object) => void): void {
    this.#process.on("message", listener as (message: unknown) => void);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await ended;
  }
}
