import type { NatsCluster } from "@uci/services";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { openAdministration, openBroker, settingsOf, startCluster } from "./broker.ts";
import { job } from "./samples.ts";

describe("a work queue that nobody leads", () => {
  const patience = { timeout: 60_000, interval: 200 };

  let cluster: NatsCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });

  it("is made anew where somebody has removed it, and left alone while nothing answers", async () => {
    const { broker } = await openBroker(settingsOf(cluster.servers, { replicas: 3 }));
    await broker.provision();
    const administration = await openAdministration(cluster.servers);
    await administration.streams.delete("WORKFLOW_REQUESTS");
    expect(await broker.rebuildQueue()).toBe(true);
    await broker.queue.enqueue("msg_again:0", job("msg_again"));
    const two = cluster.servers.slice(1);
    await Promise.all(two.map((server) => server.freeze()));
    const rebuilt = await broker.rebuildQueue();
    for (const server of two) server.signal("SIGCONT");
    expect(rebuilt).toBe(false);
    await vi.waitFor(async () => {
      const [delivery] = await broker.queue.take(1, 1_000);
      expect(delivery?.job.message_id).toBe("msg_again");
    }, patience);
  }, 180_000);

  it("is made anew by two workers at once when the node that has it is lost, and not while it is led", async () => {
    const settings = settingsOf(cluster.servers, { replicas: 3 });
    const { broker } = await openBroker(settings);
    const { broker: other } = await openBroker(settings);
    await broker.provision();
    // A queue on one node only stands for one whose other copies are broken: without that node nobody leads it.
    // The nodes may still be at an election of their own from the test before.
    const administration = await vi.waitFor(() => openAdministration(cluster.servers), patience);
    const whole = async () => {
      const { cluster: peers } = await administration.streams.info("WORKFLOW_REQUESTS");
      expect(peers?.replicas?.map(({ current }) => current)).toEqual([true, true]);
    };
    await vi.waitFor(whole, patience);
    const { config } = await administration.streams.info("WORKFLOW_REQUESTS");
    await vi.waitFor(async () => {
      await administration.streams.delete("WORKFLOW_REQUESTS").catch(() => undefined);
      await administration.streams.add({ ...config, num_replicas: 1 });
    }, patience);
    const leader = await vi.waitFor(async () => {
      const { cluster: peers } = await administration.streams.info("WORKFLOW_REQUESTS");
      expect(peers?.leader).toBeTypeOf("string");
      return peers?.leader;
    }, patience);
    await vi.waitFor(() => broker.queue.enqueue("msg_before:0", job("msg_before")), patience);
    expect(await broker.rebuildQueue()).toBe(false);
    const lost = cluster.servers.find(({ command }) => command.name === leader)!;
    lost.signal("SIGKILL");
    await lost.ended;
    await expect(broker.queue.enqueue("msg_lost:0", job("msg_lost"))).rejects.toThrow();
    await vi.waitFor(async () => {
      await Promise.all([broker.rebuildQueue(), other.rebuildQueue()]);
      await broker.queue.enqueue("msg_after:0", job("msg_after"));
    }, patience);
    const taken = async () => (await other.queue.take(1, 1_000))[0];
    await vi.waitFor(async () => {
      const delivery = await taken();
      expect(delivery?.job.message_id).toBe("msg_after");
      await other.queue.ack(delivery!);
    }, patience);
    // What comes back with the old stream takes part in the new one.
    await lost.start();
    await vi.waitFor(whole, patience);
    await broker.queue.enqueue("msg_later:0", job("msg_later"));
    await vi.waitFor(async () => expect((await taken())?.job.message_id).toBe("msg_later"), patience);
  }, 240_000);
});
