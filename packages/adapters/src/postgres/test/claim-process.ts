/** Claims the database given, says so, and holds it until it is killed or told to stop. */
import { claimDatabase } from "../claim.ts";

const say = (line: string) => process.stdout.write(`${line}\n`);
const claim = await claimDatabase({
  connection: JSON.parse(process.argv[2]!),
  waitMs: 60_000,
  waiting: (sentence) => say(`waiting: ${sentence}`),
  taken: () => say("taken"),
});
say("claimed");
process.once("SIGTERM", () => void claim.release().then(() => process.exit(0)));
