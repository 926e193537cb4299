import path from "node:path";
import { jetstreamManager, RetentionPolicy } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { localCertificate } from "@uci/gateway";
import { describe, expect, it, vi } from "vitest";
import { natsCluster, startNatsServer } from "./nats-server.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const users = "authorization { users: [{ user: pod, password: sesame }] }";
const credentials = { user: "pod", pass: "sesame", reconnect: false };

describe("nats-server", () => {
  it("keeps streams over a restart, for those who know the password", async () => {
    const server = await startNatsServer({ folder: temporaryFolder("nats"), configuration: users });
    const servers = `127.0.0.1:${server.command.port}`;
    const client = await connect({ servers, ...credentials });
    await (await jetstreamManager(client)).streams.add({ name: "A", subjects: ["a"] });
    await client.close();
    await expect(connect({ servers, ...credentials, pass: "wrong" })).rejects.toThrow(/[Aa]uthorization/);
    await server.restart();
    const again = await connect({ servers, ...credentials });
    expect((await (await jetstreamManager(again)).streams.info("A")).config.subjects).toEqual(["a"]);
    await again.close();
    await server.stop();
  });

  it("forms a cluster of three over TLS, which goes on without one", async () => {
    const folder = temporaryFolder("nats");
    const tls = localCertificate(path.join(folder, "certificate"));
    const cluster = await natsCluster({ folder, size: 3, routePassword: "between", configuration: users, tls });
    await Promise.all(cluster.servers.map((server) => server.start()));
    await vi.waitFor(async () => expect(await cluster.isHealthy()).toBe(true), { timeout: 40_000, interval: 100 });
    const servers = cluster.servers.map(({ command }) => `tls://127.0.0.1:${command.port}`);
    const client = await connect({ servers, ...credentials, tls: { caFile: tls.authorityFile } });
    const manager = await jetstreamManager(client);
    const info = await manager.streams.add({
      name: "A",
      subjects: ["a"],
      num_replicas: 3,
      retention: RetentionPolicy.Limits,
    });
    expect(info.config.num_replicas).toBe(3);
    await client.close();
    cluster.servers[0]?.signal("SIGKILL");
    await cluster.servers[0]?.ended;
    const without = await connect({ servers: servers.slice(1), ...credentials, tls: { caFile: tls.authorityFile } });
    await vi.waitFor(
      async () => expect((await (await jetstreamManager(without)).streams.info("A")).config.name).toBe("A"),
      { timeout: 40_000, interval: 200 },
    );
    await without.close();
    await Promise.all(cluster.servers.map((server) => server.stop()));
    // Choosing new leaders takes nats-server up to ten seconds each.
  }, 120_000);
});
