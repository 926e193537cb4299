import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ConnectionSettings, EmbeddedPostgresOptions } from "../embedded/index.ts";
import type { ServerAccount } from "../embedded/server-account.ts";

export type EmbeddedProcessOptions = Pick<
  EmbeddedPostgresOptions,
  "dataFolder" | "binaries" | "stateFolder" | "cacheFolder" | "durable"
> & { readonly account?: ServerAccount };

export type Started = { readonly processIds: readonly number[]; readonly connection: ConnectionSettings };

/** The embedded database in a process of its own, as root or under another account. */
export class EmbeddedElsewhere {
  readonly child: ChildProcess;
  /** What it said: where it is, or one sentence. */
  readonly said: Promise<Started | { readonly refusal: string }>;

  constructor(options: EmbeddedProcessOptions) {
    const script = fileURLToPath(new URL("./embedded-process.ts", import.meta.url));
    this.child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ["ignore", "pipe", "inherit"] });
    this.said = this.#firstLine();
  }

  async started(): Promise<Started> {
    const said = await this.said;
    if ("refusal" in said) throw new Error(said.refusal);
    return said;
  }

  /** Ends it as Ctrl-C does, database included. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    await ended;
  }

  async #firstLine(): Promise<Started | { readonly refusal: string }> {
    let text = "";
    for await (const piece of this.child.stdout!.setEncoding("utf8")) {
      text += piece;
      if (text.includes("\n")) return JSON.parse(text);
    }
    throw new Error(`it ended without a word: ${text}`);
  }
}
