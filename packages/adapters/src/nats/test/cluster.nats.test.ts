import type { NatsCluster } from "@uci/services";
import type { AppendOutcome } from "@uci/stream";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { openAdministration, openBroker, openClient, removeStreams, settingsOf, startCluster } from "./broker.ts";
import { entry, job, owner, untilCommitted } from "./samples.ts";
import { conformance } from "./suites.ts";

let cluster: NatsCluster;
beforeAll(async () => {
  cluster = await startCluster();
});

conformance("three NATS servers", () => cluster.servers, { replicas: 3 });

describe("three NATS servers whose leader is asked to step down", () => {
  it("go on under another, at a worker's word", async () => {
    await removeStreams(cluster.servers);
    const { broker } = await openBroker(settingsOf(cluster.servers, { replicas: 3 }));
    await broker.provision();
    const last = sequenceOf(await broker.journal.append("worker-that-asks", entry(0), 0, "chunks"));
    const administration = await openAdministration(cluster.servers);
    const leader = async () => (await administration.streams.info("JOURNAL_0")).cluster?.leader;
    const before = await leader();
    const worker = await openClient(cluster.servers, "worker");
    const places = [
      "STREAM.LEADER.STEPDOWN.JOURNAL_0",
      "CONSUMER.LEADER.STEPDOWN.WORKFLOW_REQUESTS.workflow-processor",
    ];
    for (const place of places) {
      const reply = await worker.request(`$JS.API.${place}`, "", { timeout: 5_000 });
      expect(reply.json()).toMatchObject({ success: true });
    }
    await vi.waitFor(
      async () => {
        const now = await leader();
        expect(now).toBeTypeOf("string");
        expect(now).not.toBe(before);
      },
      { timeout: 40_000, interval: 100 },
    );
    await untilCommitted(broker.journal, "worker-that-asks", entry(1), last);
  }, 120_000);
});

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
