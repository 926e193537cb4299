/** Starts the embedded database in the folder given, prints its process ids, and does nothing until it is killed. */
import { startEmbeddedPostgres } from "../embedded/index.ts";

const silent = { info: () => {}, warn: () => {} };
const database = await startEmbeddedPostgres({ dataFolder: process.argv[2]!, log: silent });
process.stdout.write(JSON.stringify(database.processIds()));
setInterval(() => {}, 60_000);
