import { keys } from "@uci/protocol";
import type { ServiceProcess } from "@uci/services";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { RedisLink } from "../link.ts";
import { RedisSessionRegistry } from "../session-registry.ts";
import { openLink, startServer, urlOf } from "./server.ts";

let server: ServiceProcess;
let link: RedisLink;
let registry: RedisSessionRegistry;
const connection = (connection_id: string, session_id: string) => ({ connection_id, session_id });

beforeAll(async () => {
  server = await startServer();
});
beforeEach(async () => {
  ({ link } = await openLink(urlOf(server)));
  await link.run((client) => client.flushall());
  registry = new RedisSessionRegistry(link);
});

async function everyKey(): Promise<string[]> {
  return (await link.run((client) => client.keys("*"))).sort();
}

async function loseHeartbeat(podId: string): Promise<void> {
  await link.run((client) => client.del(keys.heartbeat(podId)));
}

describe("the keys of the registry", () => {
  it("are those of the table, with their times to live", async () => {
    await registry.renew("pod-a", null);
    await registry.register("pod-a", [connection("c1", "s1"), connection("c1", "s2")]);
    expect(await everyKey()).toEqual([
      "heartbeat:pod-a",
      "pod:connections:pod-a",
      "session:connections:s1",
      "session:connections:s2",
    ]);
    const [members, held, ...timesToLive] = await link.run((client) =>
      Promise.all([
        client.smembers(keys.sessionConnections("s1")),
        client.hgetall(keys.podConnections("pod-a")),
        client.ttl(keys.sessionConnections("s1")),
        client.ttl(keys.podConnections("pod-a")),
        client.ttl(keys.heartbeat("pod-a")),
      ]),
    );
    expect(members).toEqual(["pod-a:c1"]);
    expect(held).toEqual({ c1: "s1,s2" });
    const wanted = [300, 300, 30];
    for (const [index, seconds] of timesToLive.entries()) {
      expect(seconds).toBeGreaterThan(wanted[index]! - 20);
      expect(seconds).toBeLessThanOrEqual(wanted[index]!);
    }
  });

  it("are gone with the last connection, and with the pod", async () => {
    await registry.renew("pod-a", [connection("c1", "s1"), connection("c2", "s1")]);
    await registry.deregister("pod-a", [connection("c1", "s1"), connection("c2", "s1")]);
    expect(await everyKey()).toEqual(["heartbeat:pod-a"]);
    await registry.renew("pod-a", [connection("c3", "s3"), connection("c3", "s4")]);
    await loseHeartbeat("pod-a");
    expect(await registry.sweep()).toEqual(["pod-a"]);
    expect(await everyKey()).toEqual([]);
    expect(await registry.sweep()).toEqual([]);
  });

  it("of a pod with thousands of connections are swept out, and no other's", async () => {
    const many = Array.from({ length: 2_500 }, (_, index) => connection(`c${index}`, `s${index % 50}`));
    await registry.renew("pod-a", many);
    await registry.renew("pod-b", [connection("b1", "s1")]);
    await loseHeartbeat("pod-a");
    expect(await registry.sweep()).toEqual(["pod-a"]);
    expect(await everyKey()).toEqual(["heartbeat:pod-b", "pod:connections:pod-b", "session:connections:s1"]);
  });
});

describe("changes of one moment", () => {
  it("are told together and in their order, those of several pods and of the same connection too", async () => {
    await link.run((client) => client.config("RESETSTAT"));
    const many = Array.from({ length: 100 }, (_, index) => connection(`c${index}`, "s1"));
    await Promise.all([
      ...many.map((one) => registry.register("pod-a", [one])),
      registry.register("pod-b", [connection("b1", "s1")]),
      ...many.slice(1).map((one) => registry.deregister("pod-a", [one])),
      registry.register("pod-a", [connection("c1", "s2")]),
    ]);
    const held = await link.run((client) => client.hgetall(keys.podConnections("pod-a")));
    expect(held).toEqual({ c0: "s1", c1: "s2" });
    const members = await link.run((client) => client.smembers(keys.sessionConnections("s1")));
    expect(members.sort()).toEqual(["pod-a:c0", "pod-b:b1"]);
    const calls = await link.run((client) => client.info("commandstats"));
    const scripts = /cmdstat_evalsha:calls=(\d+)/.exec(calls)?.[1];
    expect(Number(scripts)).toBe(4);
  });
});

describe("what is wrong in the registry", () => {
  it("members of a pod whose own list is lost are removed when they are met", async () => {
    await registry.renew("pod-a", [connection("a1", "s1")]);
    await registry.renew("pod-b", [connection("b1", "s1")]);
    await loseHeartbeat("pod-a");
    await link.run((client) => client.del(keys.podConnections("pod-a")));
    expect([...(await registry.find(["s1"])).get("s1")!]).toEqual(["pod-b"]);
    await vi.waitFor(async () =>
      expect(await link.run((client) => client.smembers(keys.sessionConnections("s1")))).toEqual(["pod-b:b1"]),
    );
  });

  it("a pod without a heartbeat holds nothing, until it is back", async () => {
    await registry.register("pod-a", [connection("a1", "s1")]);
    expect((await registry.find(["s1"])).get("s1")?.size).toBe(0);
    expect(await registry.renew("pod-a", [connection("a1", "s1")])).toBe(false);
    expect([...(await registry.find(["s1"])).get("s1")!]).toEqual(["pod-a"]);
  });

  it("names every session that was asked for, once", async () => {
    const found = await registry.find(["s1", "s2", "s1"]);
    expect([...found]).toEqual([
      ["s1", new Set()],
      ["s2", new Set()],
    ]);
    expect([...(await registry.find([]))]).toEqual([]);
  });
});
