import fs from "node:fs";
import { EmbeddedDatabaseError } from "@uci/adapters/postgres";
import { stopOnSignal } from "@uci/adapters/process";
import { CertificateError, GatewayOptionError } from "@uci/gateway";
import { say } from "../command.ts";
import { buildPageIfStale } from "../page.ts";
import { sendCommand } from "./control.ts";
import { endedText, helpText, readyText } from "./messages.ts";
import { ClusterError, type ClusterOptions, readClusterCommand } from "./options.ts";
import { authMode } from "./servers.ts";
import { type OpenCluster, openCluster } from "./start.ts";

/** Runs a cluster until it is told to stop, or has a running one do something. What cannot be done is said in one sentence. */
export async function main(commandLine: readonly string[]): Promise<void> {
  try {
    const command = readClusterCommand(commandLine);
    if (command.kind === "help") process.stdout.write(helpText);
    else if (command.kind === "act") say(await sendCommand(command.folder, command.action, command.name));
    else await run(command.options);
  } catch (error) {
    const sentence = sentenceOf(error);
    if (sentence === null) throw error;
    process.stderr.write(`${sentence}\n`);
    process.exitCode = 1;
  }
}

async function run(options: ClusterOptions): Promise<void> {
  if (fs.existsSync(".env")) process.loadEnvFile(".env");
  const foreground: { open: OpenCluster | null; stopping: boolean } = { open: null, stopping: false };
  // From the first process on: whatever has been started by then is stopped in order.
  stopOnSignal(
    async (signal) => {
      foreground.stopping = true;
      say(`\n  Stopping (${signal === "SIGINT" ? "Ctrl-C" : signal}) …`);
      await foreground.open?.close();
    },
    (error) => process.stderr.write(`Stopping did not end cleanly: ${String(error)}\n`),
  );
  await buildPageIfStale();
  say("  Starting NATS, Redis, PostgreSQL, workers, pods and nginx …");
  foreground.open = await openCluster(options, (name, event) => {
    const line = endedText(name, event);
    if (line !== null) say(line);
  });
  const { cluster, leftovers, close } = foreground.open;
  if (leftovers.length > 0) say(`  Stopped what an earlier run had left behind: ${leftovers.join(", ")}.`);
  try {
    await cluster.startAll();
  } catch (error) {
    if (foreground.stopping) return;
    await close();
    throw error;
  }
  process.stdout.write(readyText(cluster, authMode(options) === "trusted"));
}

/** One sentence for what a person can mend; null for what is a fault of the program. */
function sentenceOf(error: unknown): string | null {
  const known = [ClusterError, CertificateError, GatewayOptionError, EmbeddedDatabaseError];
  if (known.some((kind) => error instanceof kind)) return (error as Error).message;
  if (!(error instanceof Error)) return null;
  const { code, path: file } = error as NodeJS.ErrnoException;
  if (code !== undefined && file !== undefined) return `${file} cannot be used (${code}).`;
  return /is not installed/.test(error.message) ? error.message : null;
}
