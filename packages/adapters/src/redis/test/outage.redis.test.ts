import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceProcess } from "@uci/services";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { connectRedis } from "../index.ts";
import { RedisError, type RedisLink } from "../link.ts";
import { RedisSessionRegistry } from "../session-registry.ts";
import { makeCertificate } from "./certificate.ts";
import { type LinkNews, openLink, startServer, urlOf } from "./server.ts";

const connection = [{ connection_id: "c1", session_id: "s1" }];

/** How long a call took that has to fail, and how it failed. */
async function failure(task: () => Promise<unknown>): Promise<{ error: unknown; tookMs: number }> {
  const startedMs = performance.now();
  try {
    await task();
  } catch (error) {
    return { error, tookMs: performance.now() - startedMs };
  }
  throw new Error("it did not fail");
}

/** The median: on a busy machine a single call may take long for reasons of its own. */
function usualMs(calls: readonly { readonly tookMs: number }[]): number {
  return calls.map((call) => call.tookMs).sort((a, b) => a - b)[Math.floor(calls.length / 2)] ?? Number.NaN;
}

describe("while Redis is away", () => {
  let server: ServiceProcess;
  let link: RedisLink;
  let news: LinkNews;
  let registry: RedisSessionRegistry;

  beforeEach(async () => {
    server = await startServer();
    ({ link, news } = await openLink(urlOf(server)));
    registry = new RedisSessionRegistry(link);
    await registry.renew("pod-a", connection);
  });

  /** The server runs on after the test, so that it can be stopped in order. */
  async function whileFrozen(task: () => Promise<void>): Promise<void> {
    await server.freeze();
    try {
      await task();
    } finally {
      server.signal("SIGCONT");
    }
  }

  async function untilConnected(): Promise<void> {
    await vi.waitFor(() => expect(link.connected).toBe(true), { timeout: 15_000, interval: 20 });
  }

  it("a stopped server costs nothing, and one that comes back empty is told everything", async () => {
    await server.stop();
    await vi.waitFor(() => expect(link.connected).toBe(false));
    const calls = [];
    for (let call = 0; call < 9; call++) calls.push(await failure(() => registry.find(["s1"])));
    for (const { error } of calls) expect(error).toBeInstanceOf(RedisError);
    expect(usualMs(calls)).toBeLessThan(50);
    await server.start();
    await untilConnected();
    expect(news.changes).toEqual(["connected", "disconnected", "connected"]);
    expect((await registry.find(["s1"])).get("s1")?.size).toBe(0);
    expect(await registry.renew("pod-a", null)).toBe(false);
    expect(await registry.renew("pod-a", connection)).toBe(true);
    expect([...(await registry.find(["s1"])).get("s1")!]).toEqual(["pod-a"]);
  });

  it("a killed server fails what was under way, at once", async () => {
    await server.freeze();
    const asked = failure(() => registry.find(["s1"]));
    server.signal("SIGKILL");
    const { error } = await asked;
    expect(error).toBeInstanceOf(RedisError);
    expect((error as RedisError).message).not.toContain("timed out");
  });

  it("a frozen server costs one call half a second and the next nothing, for as long as it lasts", async () => {
    await whileFrozen(async () => {
      const first = await failure(() => registry.find(["s1"]));
      expect(first.error).toBeInstanceOf(RedisError);
      expect(first.tookMs).toBeGreaterThan(400);
      expect(first.tookMs).toBeLessThan(1_000);
      // Past the moment in which the connection itself is given up and made anew.
      const untilMs = performance.now() + 3_000;
      const calls = [];
      while (performance.now() < untilMs) {
        calls.push(await failure(() => registry.find(["s1"])));
        await sleep(20);
      }
      for (const { error } of calls) expect(error).toBeInstanceOf(RedisError);
      expect(usualMs(calls)).toBeLessThan(50);
      // None has waited for an answer.
      expect(Math.max(...calls.map((call) => call.tookMs))).toBeLessThan(400);
      expect(news.changes).toEqual(["connected", "disconnected"]);
    });
    await untilConnected();
    expect([...(await registry.find(["s1"])).get("s1")!]).toEqual(["pod-a"]);
  });

  it("a short silence ends with the server's next answer", async () => {
    await whileFrozen(async () => {
      await failure(() => registry.find(["s1"]));
      expect(link.connected).toBe(false);
    });
    await untilConnected();
    expect(news.changes).toEqual(["connected", "disconnected", "connected"]);
    expect(await registry.renew("pod-a", null)).toBe(true);
  });

  it("a connection that ends meanwhile is removed afterwards", async () => {
    await whileFrozen(async () => {
      await failure(() => registry.deregister("pod-a", [{ connection_id: "other", session_id: "s2" }]));
      await failure(() => registry.deregister("pod-a", connection));
    });
    await untilConnected();
    expect([...(await registry.find(["s1"])).get("s1")!]).toEqual(["pod-a"]);
    await registry.renew("pod-a", null);
    expect((await registry.find(["s1"])).get("s1")?.size).toBe(0);
  });
});

describe("connecting", () => {
  it("does not wait for a server that is not there, and finds it later", async () => {
    const server = await startServer();
    await server.stop();
    const startedMs = performance.now();
    const errors: Error[] = [];
    const events = { connected: () => {}, disconnected: () => {}, error: (error: Error) => errors.push(error) };
    const redis = await connectRedis({ url: urlOf(server), events });
    try {
      expect(performance.now() - startedMs).toBeLessThan(3_000);
      expect(redis.connected).toBe(false);
      await expect(redis.sessionMeta.find("s1")).rejects.toBeInstanceOf(RedisError);
      expect(errors.length).toBeGreaterThan(0);
      await server.start();
      await vi.waitFor(() => expect(redis.connected).toBe(true), { timeout: 15_000 });
      expect(await redis.sessionMeta.find("s1")).toBeNull();
    } finally {
      await redis.close();
    }
    expect(redis.connected).toBe(false);
    await expect(redis.registry.find(["s1"])).rejects.toBeInstanceOf(RedisError);
  });

  it("takes the password from the address, and tells it nobody", async () => {
    const password = "s3cret-word";
    const server = await startServer({ password });
    const { link } = await openLink(urlOf(server, "redis", password));
    expect(await link.run((client) => client.ping())).toBe("PONG");
    const wrong = await openLink(urlOf(server, "redis", "wrong-word"));
    await vi.waitFor(() => expect(wrong.news.errors.length).toBeGreaterThan(0));
    expect(wrong.link.connected).toBe(false);
    const told = JSON.stringify(wrong.news.errors.map((error) => [error.message, error.stack, { ...error }]));
    expect(told).toContain("WRONGPASS");
    expect(told).not.toContain("wrong-word");
  });

  it("tells the same error once, not at every attempt", async () => {
    let attempts = 0;
    const refusing = net.createServer((socket) => {
      attempts++;
      socket.on("error", () => {});
      socket.end("-ERR not today\r\n-ERR not today\r\n");
    });
    await new Promise<void>((resolve) => refusing.listen(0, "127.0.0.1", resolve));
    const { port } = refusing.address() as net.AddressInfo;
    const { link, news } = await openLink(`redis://127.0.0.1:${port}`);
    await vi.waitFor(() => expect(attempts).toBeGreaterThan(4), { timeout: 15_000 });
    expect(news.errors.length).toBeLessThanOrEqual(2);
    link.close();
    refusing.close();
  });

  it("encrypts, and checks whom it speaks to", async () => {
    const tls = makeCertificate();
    const server = await startServer({ tls, password: "s3cret" });
    const url = urlOf(server, "rediss", "s3cret");
    const { link } = await openLink(url, { tlsCaFile: tls.authorityFile });
    expect(await link.run((client) => client.ping())).toBe("PONG");
    const strangers = [{}, { tlsCaFile: makeCertificate().authorityFile }];
    for (const settings of strangers) {
      const { link: stranger, news } = await openLink(url, settings);
      expect(stranger.connected).toBe(false);
      expect(news.errors.map((error) => error.message).join()).toContain("self-signed certificate");
    }
  });
});
