/** Starts what `deploy/compose.yaml` would start, step by step without containers, from fresh secrets: `npm run deployment -- [ROUNDS]`. */
import { temporaryFolder } from "@uci/services";
import { say } from "./command.ts";
import { oneConversation } from "./deploy/conversation.ts";
import { filledEnvironment, type SecretKind, secretKinds } from "./deploy/secrets.ts";
import { StartedDeployment } from "./deploy/started.ts";

const rounds = Number(process.argv[2] ?? 10);
const kinds = Object.keys(secretKinds) as SecretKind[];
let failed = 0;
for (let round = 0; round < rounds; round++) {
  const kind = kinds[round % kinds.length]!;
  const beganMs = Date.now();
  try {
    const deployment = await StartedDeployment.start(filledEnvironment(kind), temporaryFolder("deployment"));
    const answer = await oneConversation(deployment.url).finally(() => deployment.stop());
    say(
      `${round + 1}: ${kind}: an answer of ${answer.length} characters after ${((Date.now() - beganMs) / 1_000).toFixed(1)} s`,
    );
  } catch (error) {
    failed++;
    say(`${round + 1}: ${kind}: ${error instanceof Error ? error.message : error}`);
  }
}
say(`${rounds - failed} of ${rounds} came up.`);
process.exitCode = failed === 0 ? 0 : 1;
