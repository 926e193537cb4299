import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { connectNats, natsServices } from "@uci/adapters/nats";
import { offlineAnswer } from "@uci/adapters/providers";
import { installedProgram, serverPrograms, temporaryFolder } from "@uci/services";
import { describe, expect, it, onTestFinished } from "vitest";
import { root } from "../command.ts";
import { readEnvironmentFile } from "./compose.ts";
import { oneConversation } from "./conversation.ts";
import { containerSecrets } from "./environment.ts";
import { filledEnvironment, type SecretKind, secretKinds } from "./secrets.ts";
import { StartedDeployment } from "./started.ts";

const kinds = Object.keys(secretKinds) as SecretKind[];

/** NATS lets each service in with its own secret, as it stands in `.env`, and with no other. */
async function expectOwnPasswords(server: string, secrets: Readonly<Record<string, string>>): Promise<void> {
  const events = { connected: () => undefined, disconnected: () => undefined, error: () => undefined };
  for (const service of natsServices) {
    const settings = { servers: [server], partitions: 1, replicas: 3, journalBytes: 64 * 1024 * 1024 };
    const connect = (password: string) =>
      connectNats({ ...settings, name: service, service, user: service, password, reachWithinMs: 2_000 }, events);
    await (await connect(secrets[`NATS_${service.toUpperCase()}_PASSWORD`]!)).close();
    await expect(connect(secrets.NATS_ROUTE_PASSWORD!), service).rejects.toThrow();
  }
}

describe("what compose would start", () => {
  // All kinds, several times each: `npm run deployment`.
  it("comes up from a fresh .env and answers, with secrets of the worst kind", async () => {
    const text = filledEnvironment("base64 with characters of addresses", { OFFLINE_WORDS_PER_SECOND: "0" });
    const deployment = await StartedDeployment.start(text, temporaryFolder("compose"));
    onTestFinished(() => deployment.stop());
    expect(await oneConversation(deployment.url)).toBe(offlineAnswer([{ role: "user", content: "help" }]));
    await expectOwnPasswords(deployment.natsAddress, readEnvironmentFile(text));
  }, 120_000);
});

describe("nats-start.sh", () => {
  it.each(kinds)("hands secrets on as they are: %s", (kind) => {
    const program = path.dirname(installedProgram(serverPrograms.nats));
    const secrets = Object.fromEntries(containerSecrets.map((name) => [name, secretKinds[kind]()]));
    const checked = spawnSync("sh", ["deploy/nats-start.sh", "deploy/nats.conf", "nats-1", "-t"], {
      ...{ cwd: root, encoding: "utf8", env: { PATH: `${program}:${process.env.PATH}`, ...secrets } },
    });
    expect(checked, checked.stderr).toMatchObject({ status: 0 });
  });

  it("of a configuration without quotes, a number is not a password: the case that this is for", () => {
    const file = path.join(temporaryFolder("nats-quotes"), "nats.conf");
    fs.writeFileSync(file, "authorization { user: a, password: $SECRET }\n");
    const check = (SECRET: string) =>
      spawnSync(installedProgram(serverPrograms.nats), ["-c", file, "-t"], { env: { SECRET }, encoding: "utf8" })
        .status;
    expect(check("12e34")).not.toBe(0);
    expect(check('"12e34"')).toBe(0);
  });
});

describe("gateway-start.sh", () => {
  it("refuses a network that is none in a sentence", () => {
    const folder = temporaryFolder("gateway-start");
    const run = spawnSync("sh", ["deploy/gateway-start.sh", "/nowhere.conf", folder], {
      ...{ cwd: root, encoding: "utf8", env: { PATH: process.env.PATH, REAL_IP_FROM: "10.0.0.0/8,all;" } },
    });
    expect(run.status).toBe(1);
    expect(run.stderr).toBe("REAL_IP_FROM: all; is neither an address nor a network such as 10.0.0.0/8.\n");
  });
});
