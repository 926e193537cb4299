/**
 * Starts the embedded database in the folder given, prints its process ids, and does nothing until it is killed. With
 * an account it gives up being root first: its modules are loaded by then, wherever they lie.
 */
import { EmbeddedDatabaseError, startEmbeddedPostgres } from "../embedded/index.ts";
import type { EmbeddedProcessOptions } from "./embedded-elsewhere.ts";

const { dataFolder, account, ...options } = JSON.parse(process.argv[2]!) as EmbeddedProcessOptions;
const silent = { info: () => {}, warn: () => {} };
if (account !== undefined) {
  process.setgroups!([account.gid]);
  process.setgid!(account.gid);
  process.setuid!(account.uid);
}
try {
  const database = await startEmbeddedPostgres({ dataFolder, log: silent, durable: false, ...options });
  process.stdout.write(`${JSON.stringify({ processIds: database.processIds(), connection: database.connection })}\n`);
  process.once("SIGTERM", () => void database.stop().then(() => process.exit(0)));
  setInterval(() => {}, 60_000);
} catch (error) {
  if (!(error instanceof EmbeddedDatabaseError)) throw error;
  process.stdout.write(`${JSON.stringify({ refusal: error.message })}\n`);
}
