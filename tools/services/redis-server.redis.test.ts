import fs from "node:fs";
import path from "node:path";
import { localCertificate } from "@uci/gateway";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { startRedisServer } from "./redis-server.ts";
import { temporaryFolder } from "./temporary-folder.ts";

describe("redis-server", () => {
  it("wants its password, which is on no command line", async () => {
    const server = await startRedisServer({ folder: temporaryFolder("redis"), password: "sesame" });
    const { port } = server.command;
    const options = { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null };
    const client = new Redis({ ...options, port, username: "default", password: "sesame" });
    expect(await client.set("a", "b")).toBe("OK");
    client.disconnect();
    const stranger = new Redis({ ...options, port });
    stranger.on("error", () => undefined);
    await expect(stranger.get("a")).rejects.toThrow(/NOAUTH/);
    stranger.disconnect();
    expect(server.command.arguments.join(" ")).not.toContain("sesame");
    await server.stop();
  });

  it("speaks TLS alone when told", async () => {
    const folder = temporaryFolder("redis");
    const tls = localCertificate(path.join(folder, "certificate"));
    const server = await startRedisServer({ folder, password: "sesame", tls });
    const { host, port } = server.command;
    const ca = fs.readFileSync(tls.authorityFile);
    const client = new Redis(`rediss://default:sesame@${host}:${port}`, { tls: { ca }, maxRetriesPerRequest: 0 });
    expect(await client.ping()).toBe("PONG");
    client.disconnect();
    await server.stop();
  });
});
