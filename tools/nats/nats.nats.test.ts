import fs from "node:fs";
import path from "node:path";
import { BrokerSetupError, connectNats, natsAuthorization, natsSettingsFrom } from "@uci/adapters/nats";
import { sharedServerSettings } from "@uci/adapters/server-settings";
import { readSettings, SettingError } from "@uci/adapters/settings";
import { natsCluster, type ServiceProcess, startNatsServer, temporaryFolder } from "@uci/services";
import { afterAll, describe, expect, it, vi } from "vitest";
import { natsUsage, runNatsCommand } from "./command.ts";

const passwords = { pod: "of-pod", worker: "of-worker", workflow: "of-workflow", monitor: "of-monitor" };
const servers: ServiceProcess[] = [];
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

const environmentFor = (reached: readonly ServiceProcess[], more: Record<string, string> = {}) => ({
  NATS_URL: reached.map(({ command }) => `nats://${command.host}:${command.port}`).join(","),
  NATS_USER: "worker",
  NATS_PASSWORD: passwords.worker,
  JOURNAL_MAX_BYTES: String(64 * 1024 * 1024),
  ...more,
});

async function openBroker(environment: Record<string, string>) {
  const settings = natsSettingsFrom(readSettings(sharedServerSettings, environment), "worker", "test");
  const ignored = { connected: () => undefined, disconnected: () => undefined, error: () => undefined };
  return connectNats({ ...settings, setUpWithinMs: 20_000 }, ignored);
}

describe("npm run nats -- migrate", () => {
  it("gives streams of one copy three, with all that is in them, and then a worker with NATS_REPLICAS=3 starts", async () => {
    const folder = temporaryFolder("migrate");
    const configuration = natsAuthorization(passwords);
    const cluster = await natsCluster({ folder, size: 3, routePassword: "between", configuration });
    servers.push(...cluster.servers);
    await Promise.all(cluster.servers.map((server) => server.start()));
    await vi.waitFor(async () => expect(await cluster.isHealthy()).toBe(true), { timeout: 40_000, interval: 100 });
    const [one, three] = ["1", "3"].map((NATS_REPLICAS) => environmentFor(cluster.servers, { NATS_REPLICAS }));
    const before = await openBroker(one!);
    await before.provision();
    expect(
      await before.owners.claim("msg_kept", { workerId: "w", journal: "w", attempt: 1 } as never, 0),
    ).toBeDefined();
    const owners = await before.ownerCount();
    expect(owners).toBe(1);

    const worker = await openBroker(three!);
    await expect(worker.provision()).rejects.toThrow(/fewer copies.*npm run nats -- migrate/);
    const said = await runNatsCommand(["migrate"], three!);
    for (const stream of ["JOURNAL_0", "OWNERS", "WORKFLOW_REQUESTS"])
      expect(said).toContain(`${stream}: 3 copies, before 1`);
    await worker.provision();
    expect(await worker.ownerCount()).toBe(owners);
    expect(await runNatsCommand(["migrate"], three!)).toContain("Every stream has");
    await Promise.all([before.close(), worker.close()]);
  }, 120_000);

  it("says that one server keeps no three copies", async () => {
    const configuration = natsAuthorization(passwords);
    const server = await startNatsServer({ folder: path.join(temporaryFolder("migrate"), "one"), configuration });
    servers.push(server);
    const broker = await openBroker(environmentFor([server]));
    await broker.provision();
    await broker.close();
    const migrated = runNatsCommand(["migrate"], environmentFor([server], { NATS_REPLICAS: "3" }));
    await expect(migrated).rejects.toThrow(/^NATS is one server, .* cluster of 3\.$/);
    await expect(migrated).rejects.toThrow(BrokerSetupError);
  }, 60_000);
});

describe("npm run nats -- config", () => {
  it("gives the users the rights that more partitions need; without them a worker is told which command does", async () => {
    const quoted = Object.fromEntries(
      Object.entries(passwords).map(([service, password]) => [
        `NATS_${service.toUpperCase()}_PASSWORD`,
        `"${password}"`,
      ]),
    );
    for (const partitions of ["1", "4"]) {
      const text = await runNatsCommand(["config", "--partitions", partitions, "--servers", "1"], {});
      const block = text.slice(text.indexOf("authorization {"));
      const configuration = block.replaceAll(/\$(NATS_\w+)/g, (_all, name: string) => quoted[name]!);
      const folder = path.join(temporaryFolder("config"), partitions);
      const server = await startNatsServer({ folder, configuration });
      servers.push(server);
      const broker = await openBroker(environmentFor([server], { JOURNAL_PARTITIONS: "4" }));
      if (partitions === "4") await broker.provision();
      else
        await expect(broker.provision()).rejects.toThrow(
          /^The users of NATS have no right to JOURNAL_1 and JOURNAL_PARTITIONS is 4: .*npm run nats -- config --partitions 4`\.$/,
        );
      await broker.close();
    }
  }, 60_000);

  it("is refused in a sentence where it cannot be done", async () => {
    const folder = temporaryFolder("config");
    const file = path.join(folder, "nats.conf");
    expect(await runNatsCommand(["config", "--output", file], {})).toContain(file);
    expect(fs.readFileSync(file, "utf8")).toContain("routes: $NATS_ROUTES");
    expect(await runNatsCommand(["--help"], {})).toBe(natsUsage);
    for (const wrong of [
      ["config", "--servers", "0"],
      ["config", "--partitions", "65"],
      ["config", "--output", folder],
      ["turn"],
      ["--x"],
    ]) {
      await expect(runNatsCommand(wrong, {}), wrong.join(" ")).rejects.toThrow(SettingError);
    }
    await expect(runNatsCommand(["migrate"], {})).rejects.toThrow("The setting NATS_URL is missing.");
  });
});
