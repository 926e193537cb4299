/** Writes a configuration for NATS, or raises the number of its copies: `npm run nats -- --help`. */
import fs from "node:fs";
import { natsSentence, runNatsCommand } from "./nats/command.ts";

try {
  if (fs.existsSync(".env")) process.loadEnvFile(".env");
  process.stdout.write(await runNatsCommand(process.argv.slice(2), process.env));
} catch (error) {
  const sentence = natsSentence(error);
  if (sentence === null) throw error;
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}
