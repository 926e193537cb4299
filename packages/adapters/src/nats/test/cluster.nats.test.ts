import type { NatsCluster } from "@uci/services";
import type { AppendOutcome } from "@uci/stream";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { openAdministration, openBroker, removeStreams, settingsOf, startCluster } from "./broker.ts";
import { entry, job, owner, untilCommitted } from "./samples.ts";
import { conformance } from "./suites.ts";

let cluster: NatsCluster;
beforeAll(async () => {
  cluster = await startCluster();
});

conformance("three NATS servers", () => cluster.servers, { replicas: 3 });

describe("three NATS servers of which one is killed", () => {
  it("goes on after the election, with everything that was committed", async () => {
    await removeStreams(cluster.servers);
    const { broker } = await openBroker(settingsOf(cluster.servers, { replicas: 3 }));
    await broker.provision();
    const worker = "worker-of-cluster";
    let last = 0;
    for (let number = 0; number < 20; number++) {
      last = sequenceOf(await broker.journal.append(worker, entry(number), last, "chunks"));
    }
    await broker.owners.claim("msg_of_cluster", owner("a"), 0);
    const administration = await openAdministration(cluster.servers);
    const { cluster: peers } = await administration.streams.info("JOURNAL_0");
    const leader = cluster.servers.find(({ command }) => command.name === peers?.leader);
    leader!.signal("SIGKILL");
    await leader!.ended;
    const patience = { timeout: 40_000, interval: 100 };
    await untilCommitted(broker.journal, worker, entry(20), last);
    await vi.waitFor(async () => {
      const kept = await broker.journal.read(worker, 0);
      expect(kept.map((stored) => stored.entry.number)).toEqual(Array.from({ length: 21 }, (_, number) => number));
      expect((await broker.owners.find("msg_of_cluster"))?.record.nonce).toBe("a");
    }, patience);
    await vi.waitFor(() => broker.queue.enqueue("msg_of_cluster:0", job("msg_of_cluster")), patience);
    await vi.waitFor(async () => {
      const [delivery] = await broker.queue.take(1, 1_000);
      expect(delivery?.job.message_id).toBe("msg_of_cluster");
      await broker.queue.ack(delivery!);
    }, patience);
  }, 120_000);
});

function sequenceOf(outcome: AppendOutcome): number {
  if (outcome.kind !== "committed") throw new Error(outcome.kind);
  return outcome.sequence;
}
