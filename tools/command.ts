import { spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

export type CommandResult = {
  /** Exit code; 128 + a number stands for an end by a signal or by the time limit. */
  readonly code: number;
  /** What it wrote to standard output and standard error, in the order it came; empty when shown at once. */
  readonly output: string;
};

export type CommandOptions = {
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** `show` passes the output on as it comes, `keep` returns it. */
  readonly output: "show" | "keep";
  /** The command is killed after this time. */
  readonly limitMs?: number;
};

/** Runs a program to its end, without standard input. Never rejects: a program that cannot be started has code 127. */
export function runCommand(
  file: string,
  commandArguments: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  const stream = options.output === "show" ? "inherit" : "pipe";
  const child = spawn(file, commandArguments, {
    cwd: options.folder ?? root,
    env: { ...process.env, ...options.environment },
    stdio: ["ignore", stream, stream],
  });
  const pieces: Buffer[] = [];
  for (const source of [child.stdout, child.stderr]) source?.on("data", (piece: Buffer) => pieces.push(piece));
  const timer = options.limitMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), options.limitMs);
  const finish = (code: number, note: string) => {
    clearTimeout(timer);
    resolve({ code, output: Buffer.concat(pieces).toString("utf8") + note });
  };
  child.on("error", (error) => finish(127, `${error.message}\n`));
  child.on("close", (code) => finish(code ?? 137, ""));
  return promise;
}

/** Runs a JavaScript program of an installed package, under this same Node. */
export function runPackageProgram(
  program: string,
  programArguments: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  return runCommand(process.execPath, [path.join(root, "node_modules", program), ...programArguments], options);
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
