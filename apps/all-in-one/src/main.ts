import fs from "node:fs";
import path from "node:path";
import { createLog } from "@uci/adapters/logging";
import {
  EmbeddedDatabaseError,
  type EmbeddedPostgres,
  MigrationError,
  startEmbeddedPostgres,
} from "@uci/adapters/postgres";
import { listenSentence, stopOnSignal } from "@uci/adapters/process";
import { ProviderSettingsError } from "@uci/adapters/providers";
import { commaList, SettingError, storageLimits } from "@uci/adapters/settings";
import { configuredProviders } from "@uci/workflow";
import type { PoolConfig } from "pg";
import type { Logger } from "pino";
import { readStartOptions, type StartOptions } from "./config.ts";
import { type Embedded, startEmbedded } from "./embedded.ts";
import { helpText, readyText } from "./messages.ts";
import { keptSecret } from "./secret.ts";

/** How long running answers may finish after Ctrl-C before they are left to the next start, in milliseconds. */
const graceMs = 2_000;

/** Starts everything in one process and stays until told to stop. A start that fails says why in one sentence. */
export async function main(commandLine: readonly string[]): Promise<void> {
  try {
    loadEnvironmentFile();
    const options = readStartOptions(commandLine);
    if (options === null) process.stdout.write(helpText());
    else await run(options);
  } catch (error) {
    const sentence = sentenceOf(error);
    if (sentence === null) throw error;
    process.stderr.write(`${sentence}\n`);
    process.exitCode = 1;
  }
}

async function run(options: StartOptions): Promise<void> {
  const { settings } = options;
  const log = createLog(settings.LOG_LEVEL);
  const dataFolder = preparedFolder(settings.DATA);
  const providers = await configuredProviders(settings, options.environment, (message) => log.warn(message));
  const [server] = await Promise.all([database(options, dataFolder, log), providers.ready()]);
  try {
    const embedded = await startEmbedded({
      database: server.connection,
      providers,
      host: settings.HOST,
      port: settings.PORT,
      pods: options.pods,
      workers: options.workers,
      authMode: settings.AUTH_MODE,
      authSecret: settings.AUTH_SECRET ?? keptSecret(dataFolder),
      allowSignUp: settings.ALLOW_SIGN_UP,
      allowGuests: settings.ALLOW_GUESTS,
      signUpsPerHour: settings.SIGN_UPS_PER_HOUR,
      publicUrl: settings.PUBLIC_URL,
      trustForwardedFrom: commaList(settings.TRUST_FORWARDED_FROM),
      streamsPerUser: settings.SSE_CONNECTIONS_PER_USER,
      runningAnswers: settings.RUNNING_ANSWERS_PER_PERSON,
      waitingAnswers: settings.WAITING_ANSWERS_PER_PERSON,
      storage: storageLimits(settings),
      pageFolder: builtPage(),
      takeover: settings.TAKEOVER,
      slots: settings.WORKER_SLOTS,
      titles: settings.TITLES,
      graceMs,
      log,
    });
    stopOnSignal(
      (signal) => stop(embedded, server, signal),
      (error) => log.error({ err: error }, "stopping did not end cleanly"),
    );
    const facts = {
      addresses: embedded.pods.map(({ host, port }) => `http://${host.includes(":") ? `[${host}]` : host}:${port}`),
      dataFolder,
      database: server.description,
      providers: providers.catalogue(),
      restarted: embedded.restarted,
      trusted: settings.AUTH_MODE === "trusted",
    };
    process.stdout.write(readyText(facts));
  } catch (error) {
    await server.stop();
    throw error;
  }
}

type DatabaseServer = { readonly connection: PoolConfig; readonly description: string; stop(): Promise<void> };

async function database({ settings }: StartOptions, dataFolder: string, log: Logger): Promise<DatabaseServer> {
  const { DATABASE_URL: url } = settings;
  if (url !== undefined) {
    const { host, pathname } = new URL(url);
    return { connection: { connectionString: url }, description: `${host}${pathname}`, stop: async () => undefined };
  }
  const folder = path.join(dataFolder, "postgres");
  const server: EmbeddedPostgres = await startEmbeddedPostgres({ dataFolder: folder, log });
  const elsewhere =
    path.resolve(server.dataFolder) === path.resolve(folder) ? "in the data folder" : `in ${server.dataFolder}`;
  return { connection: server.connection, description: `PostgreSQL 18, ${elsewhere}`, stop: () => server.stop() };
}

/** Drains: answers finish or are left to the next start; the database is stopped whatever happens before. */
async function stop(embedded: Embedded, server: DatabaseServer, signal: NodeJS.Signals): Promise<void> {
  process.stdout.write(`\n  Stopping (${signal === "SIGINT" ? "Ctrl-C" : signal}) …\n`);
  try {
    await embedded.drain();
  } finally {
    await server.stop();
  }
}

function loadEnvironmentFile(): void {
  if (fs.existsSync(".env")) process.loadEnvFile(".env");
}

function preparedFolder(given: string): string {
  const folder = path.resolve(given);
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.accessSync(folder, fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SettingError(`The data folder ${folder} cannot be written to (${code}); choose another with --data.`);
  }
  return folder;
}

function builtPage(): string | null {
  const folder = path.resolve(import.meta.dirname, "../../web/dist");
  return fs.existsSync(path.join(folder, "index.html")) ? folder : null;
}

/** One sentence for what a person can mend; null for what is a fault of the program. */
function sentenceOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const listening = listenSentence(error, "--port", "--host");
  if (listening !== null) return listening;
  const known = [SettingError, ProviderSettingsError, EmbeddedDatabaseError, MigrationError];
  if (known.some((kind) => error instanceof kind)) return error.message;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && /^(28|3D|ECONN|ENOENT|08)/.test(code))
    return `The database cannot be used: ${error.message}.`;
  return null;
}
