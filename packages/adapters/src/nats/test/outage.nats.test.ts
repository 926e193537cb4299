import type { ServiceProcess } from "@uci/services";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { BrokerUnavailableError, isBrokerUnavailable, type NatsBroker } from "../index.ts";
import { type News, openBroker, settingsOf, startServer } from "./broker.ts";
import { entry, job, owner, untilCommitted } from "./samples.ts";

const patience = { timeout: 20_000, interval: 20 };

describe("NATS is away", () => {
  let server: ServiceProcess;
  let broker: NatsBroker;
  let news: News;
  beforeEach(async () => {
    server = await startServer();
    ({ broker, news } = await openBroker(settingsOf([server])));
    await broker.provision();
  });

  async function kill(): Promise<void> {
    server.signal("SIGKILL");
    await server.ended;
    await vi.waitFor(() => expect(broker.connected).toBe(false), patience);
  }

  async function appended(number: number, after: number): Promise<number> {
    const outcome = await broker.journal.append("worker-1", entry(number), after, "control");
    if (outcome.kind !== "committed") throw new Error(outcome.kind);
    return outcome.sequence;
  }

  it("keeps what is committed over a kill, and the identical append commits once it is back", async () => {
    const first = await appended(0, 0);
    await broker.owners.claim("msg_1", owner("a"), 0);
    await broker.queue.enqueue("msg_1:0", job("msg_1"));
    const heard: unknown[] = [];
    await broker.live.subscribe("chat.worker.*.heartbeat", (message) => heard.push(message));
    await kill();
    expect(await broker.journal.append("worker-1", entry(1), first, "control")).toEqual({ kind: "unknown" });
    await server.start();
    await vi.waitFor(() => expect(broker.connected).toBe(true), patience);
    await untilCommitted(broker.journal, "worker-1", entry(1), first);
    const kept = await broker.journal.read("worker-1", 0);
    expect(kept.map((stored) => stored.entry)).toEqual([entry(0), entry(1)]);
    expect((await broker.owners.find("msg_1"))?.record).toEqual(owner("a"));
    expect((await broker.queue.take(1, 1_000)).map((delivery) => delivery.job)).toEqual([job("msg_1")]);
    broker.live.publish("chat.worker.w.heartbeat", "still here");
    await vi.waitFor(() => expect(heard).toEqual(["still here"]), patience);
    expect(news.changes).toEqual(["connected", "disconnected", "connected"]);
  }, 60_000);

  it("says at once that it is away, in each verb's own way", async () => {
    await appended(0, 0);
    await kill();
    const startMs = performance.now();
    expect(await broker.journal.append("worker-1", entry(1), 1, "control")).toEqual({ kind: "unknown" });
    expect(await broker.owners.claim("msg_1", owner("a"), 0)).toEqual({ kind: "unknown" });
    expect(await broker.live.request("chat.message.m.stop", {}, 60_000)).toEqual({ kind: "timeout" });
    broker.live.publish("chat.pod.p.response", "lost");
    const failures = await Promise.all(
      [
        broker.journal.read("worker-1", 0),
        broker.journal.tail("worker-1"),
        broker.owners.find("msg_1"),
        broker.queue.enqueue("msg_1:0", job("msg_1")),
        broker.queue.take(1, 60_000),
        broker.queueState(),
      ].map((asked: Promise<unknown>) => asked.catch((error: unknown) => error)),
    );
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(BrokerUnavailableError);
      expect(isBrokerUnavailable(failure)).toBe(true);
    }
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });

  it("ends what waits when the connection is lost, and a subscription asked for meanwhile comes into force", async () => {
    const taken = broker.queue.take(1, 60_000).catch((error: unknown) => error);
    await broker.live.subscribe("chat.message.m.stop", () => undefined);
    const silent = broker.live.request("chat.message.m.stop", {}, 60_000);
    await kill();
    expect(await taken).toBeInstanceOf(BrokerUnavailableError);
    expect(await silent).toEqual({ kind: "timeout" });
    const heard: unknown[] = [];
    const subscribing = broker.live.subscribe("chat.worker.*.alive", (message) => heard.push(message));
    await server.start();
    await subscribing;
    broker.live.publish("chat.worker.w.alive", 1);
    await vi.waitFor(() => expect(heard).toEqual([1]), patience);
  }, 60_000);

  it("waits for a frozen server no longer than each verb may, and notices that it is frozen", async () => {
    const first = await appended(0, 0);
    await broker.queue.enqueue("msg_1:0", job("msg_1"));
    const [delivery] = await broker.queue.take(1, 1_000);
    await server.freeze();
    const timed = async (task: () => Promise<unknown>) => {
      const startMs = performance.now();
      const result = await task().catch((error: unknown) => error);
      return { result, durationMs: performance.now() - startMs };
    };
    const all = await Promise.all([
      timed(() => broker.journal.append("worker-1", entry(1), first, "control")),
      timed(() => broker.live.request("chat.message.m.stop", {}, 300)),
      timed(() => broker.journal.tail("worker-1")),
      timed(() => broker.queue.enqueue("msg_2:0", job("msg_2"))),
      timed(() => broker.queue.take(1, 500)),
      timed(() => broker.queue.extend([delivery!])),
      timed(() => broker.queue.ack(delivery!)),
    ]);
    expect(all.slice(0, 2).map(({ result }) => result)).toEqual([{ kind: "unknown" }, { kind: "timeout" }]);
    for (const { result } of all.slice(2)) expect(isBrokerUnavailable(result)).toBe(true);
    for (const { durationMs } of all) expect(durationMs).toBeLessThan(4_000);
    await vi.waitFor(() => expect(broker.connected).toBe(false), patience);
    server.signal("SIGCONT");
    await vi.waitFor(() => expect(broker.connected).toBe(true), patience);
    await untilCommitted(broker.journal, "worker-1", entry(1), first);
  }, 60_000);

  it("lets go of a frozen server although the system takes no more of what is meant for it", async () => {
    await server.freeze();
    const large = "x".repeat(500_000);
    for (let count = 0; count < 60; count++) broker.live.publish("chat.worker.w.heartbeat", large);
    await vi.waitFor(() => expect(broker.connected).toBe(false), patience);
    server.signal("SIGCONT");
    await vi.waitFor(() => expect(broker.connected).toBe(true), patience);
    await appended(0, 0);
  }, 60_000);

  it("closes in bounded time, whatever the server does", async () => {
    await server.freeze();
    const startMs = performance.now();
    await broker.close();
    expect(performance.now() - startMs).toBeLessThan(4_000);
    server.signal("SIGCONT");
    expect(broker.connected).toBe(false);
    expect(news).toEqual({ changes: ["connected"], errors: [] });
    await expect(broker.live.subscribe("chat.worker.*.alive", () => undefined)).rejects.toThrow(/closed/);
  });
});
