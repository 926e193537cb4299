import fs from "node:fs";
import path from "node:path";
import { createLog } from "@uci/adapters/logging";
import {
  DatabaseClaimedError,
  DatabaseStartError,
  EmbeddedDatabaseError,
  MigrationError,
} from "@uci/adapters/postgres";
import { listenSentence, stopOnSignal } from "@uci/adapters/process";
import { ProviderSettingsError } from "@uci/adapters/providers";
import { commaList, SettingError, storageLimits } from "@uci/adapters/settings";
import { edgeOf, hourMs, openPasswordsWarning } from "@uci/backend";
import { configuredProviders } from "@uci/workflow";
import { readStartOptions, type StartOptions } from "./config.ts";
import { type OpenedDatabase, openDatabase } from "./database.ts";
import { type Embedded, startEmbedded } from "./embedded.ts";
import { writeInFolder } from "./folder-write.ts";
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
  const taken = (error: Error) => {
    // Another instance has begun these answers anew: whatever this one still does with them is done twice.
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  };
  const [server] = await Promise.all([openDatabase({ settings, dataFolder, log, taken }), providers.ready()]);
  try {
    const embedded = await startEmbedded({
      database: server.connection,
      databasePlace: server.description,
      databaseConnections: settings.DATABASE_POOL_SIZE,
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
      edge: edgeOf(settings),
      streamsPerUser: settings.SSE_CONNECTIONS_PER_USER,
      streamAgeMs: settings.STREAM_HOURS * hourMs,
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
    server.settle();
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
    const warning = openPasswordsWarning(settings);
    if (warning !== null) log.warn(warning);
    process.stdout.write(readyText(facts));
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Drains: answers finish or are left to the next start; the database is stopped whatever happens before. */
async function stop(embedded: Embedded, server: OpenedDatabase, signal: NodeJS.Signals): Promise<void> {
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
  writeInFolder(folder, () => {
    fs.mkdirSync(folder, { recursive: true });
    fs.accessSync(folder, fs.constants.W_OK | fs.constants.X_OK);
  });
  return folder;
}

function builtPage(): string | null {
  const folder = path.resolve(import.meta.dirname, "../../web/dist");
  return fs.existsSync(path.join(folder, "index.html")) ? folder : null;
}

/** One sentence for what a person can mend; null for what is a fault of the program. */
function sentenceOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const known = [
    ...[SettingError, ProviderSettingsError, EmbeddedDatabaseError],
    ...[DatabaseClaimedError, DatabaseStartError, MigrationError],
  ];
  return known.some((kind) => error instanceof kind) ? error.message : listenSentence(error, "--port", "--host");
}
