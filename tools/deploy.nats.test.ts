import fs from "node:fs";
import path from "node:path";
import { connectNats, natsServices } from "@uci/adapters/nats";
import { podSettings } from "@uci/backend/config";
import { accepts, freePorts, installedProgram, ServiceProcess, serverPrograms, temporaryFolder } from "@uci/services";
import { workerSettings } from "@uci/workflow/config";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { root } from "./command.ts";
import { deployFiles } from "./docs/deploy-files.ts";

type Service = {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
};
const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8");
const compose = parse(read("deploy/compose.yaml"), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};

describe("deploy files", () => {
  it("are what the code makes", () => {
    for (const [file, text] of Object.entries(deployFiles())) {
      expect(read(file), `${file} is not what the code says: npm run docs`).toBe(text);
    }
  });

  it("give pods and workers only settings that they know, and all that they need", () => {
    for (const [name, { image, command, environment = {} }] of Object.entries(compose.services)) {
      if (image !== "universal-chat") continue;
      const isWorker = command !== undefined;
      const known = Object.keys(isWorker ? workerSettings : podSettings);
      expect(known).toEqual(expect.arrayContaining(Object.keys(environment)));
      const needed = ["NATS_URL", "REDIS_URL", "DATABASE_URL", "NATS_USER", "NATS_PASSWORD"];
      expect(Object.keys(environment), name).toEqual(expect.arrayContaining(needed));
      const program = command?.[1] ?? "apps/backend/src/run.ts";
      expect(fs.existsSync(path.join(root, program)), program).toBe(true);
    }
    expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(["pod-1", "pod-2", "pod-3", "worker-2"]));
  });

  it("name files, volumes and services that exist, and secrets that stand in the example", () => {
    for (const [name, { volumes = [], depends_on = {} }] of Object.entries(compose.services)) {
      for (const [source] of volumes.map((volume) => volume.split(":"))) {
        const exists = source!.startsWith(".")
          ? fs.existsSync(path.join(root, "deploy", source!))
          : source! in compose.volumes;
        expect(exists, `${name}: ${source}`).toBe(true);
      }
      for (const other of Object.keys(depends_on)) expect(compose.services, name).toHaveProperty(other);
    }
    const asked = new Set([...read("deploy/compose.yaml").matchAll(/(?<!\$)\$\{(\w+)/g)].map((match) => match[1]!));
    const offered = [...read("deploy/.env.example").matchAll(/^(\w+)=/gm)].map((match) => match[1]!);
    expect([...asked].sort()).toEqual(offered.sort());
  });

  describe("nats.conf on three real servers", () => {
    const servers: ServiceProcess[] = [];
    afterAll(async () => {
      await Promise.all(servers.map((server) => server.stop()));
    });

    it("finds the other nodes, and lets each service in with its own password alone", async () => {
      const ports = await freePorts(6);
      const passwords = natsServices.map((service) => [
        `NATS_${service.toUpperCase()}_PASSWORD`,
        `secret-of-${service}`,
      ]);
      const routes = [3, 4, 5].map((index) => [
        `NATS_ROUTE_${index - 2}`,
        `"nats://route:secret@127.0.0.1:${ports[index]}"`,
      ]);
      const environment = { ...Object.fromEntries([...passwords, ...routes]), NATS_ROUTE_PASSWORD: "secret" };
      for (const node of [0, 1, 2]) servers.push(natsNode(node + 1, ports[node]!, ports[node + 3]!, environment));
      await Promise.all(servers.map((server) => server.start()));
      const events = { connected: () => undefined, disconnected: () => undefined, error: () => undefined };
      const common = { servers: [`127.0.0.1:${ports[0]}`], partitions: 1, replicas: 3, journalBytes: 64 * 1024 * 1024 };
      for (const service of ["worker", ...natsServices.filter((name) => name !== "worker")] as const) {
        const settings = { ...common, name: service, service, user: service, password: `secret-of-${service}` };
        const broker = await connectNats(settings, events);
        // Three copies of each stream can only be made by nodes that have found each other.
        if (service === "worker") await broker.provision();
        if (service === "pod") await broker.check();
        await broker.close();
        await expect(connectNats({ ...settings, password: "wrong", reachWithinMs: 500 }, events)).rejects.toThrow();
      }
    }, 60_000);
  });
});

/** One node of the configuration, on ports of this machine. */
function natsNode(
  number: number,
  port: number,
  clusterPort: number,
  environment: Record<string, string>,
): ServiceProcess {
  const folder = temporaryFolder("deploy");
  const file = path.join(folder, "nats.conf");
  const text = deployFiles()
    ["deploy/nats.conf"]!.replace("0.0.0.0:4222", `127.0.0.1:${port}`)
    .replace("0.0.0.0:6222", `127.0.0.1:${clusterPort}`)
    .replace("store_dir: /data", `store_dir: ${JSON.stringify(path.join(folder, "data"))}`);
  fs.writeFileSync(file, text);
  const command = {
    ...{ name: `nats-${number}`, file: installedProgram(serverPrograms.nats), folder, environment },
    ...{ arguments: ["-c", file, "--name", `nats-${number}`], logFile: path.join(folder, "nats.log") },
    ...{ host: "127.0.0.1", port },
  };
  return new ServiceProcess(command, () => accepts("127.0.0.1", port));
}
