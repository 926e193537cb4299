import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceProcess } from "@uci/services";
import { UnqueueableJobError } from "@uci/stream";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { NatsBroker, NatsSettings } from "../index.ts";
import { sequenceOf } from "../work-queue.ts";
import {
  configuration,
  type News,
  openAdministration,
  openBroker,
  openClient,
  removeStreams,
  settingsOf,
  startServer,
} from "./broker.ts";
import { job } from "./samples.ts";

describe("jobs in JetStream", () => {
  let server: ServiceProcess;
  beforeAll(async () => {
    server = await startServer();
  });
  beforeEach(() => removeStreams([server]));

  async function provisioned(settings: Partial<NatsSettings> = {}): Promise<{ broker: NatsBroker; news: News }> {
    const opened = await openBroker(settingsOf([server], settings));
    await opened.broker.provision();
    return opened;
  }

  it("carries the trace of the click that asked for it", async () => {
    const { broker } = await provisioned();
    const correlation = "corr_019aa1b2-c3d4-7e5f-8a6b-0123456789ab";
    await broker.queue.enqueue("a", {
      ...job("msg_019aa1b2-ffff-7e5f-8a6b-ba9876543210"),
      correlation_id: correlation,
    });
    await broker.queue.enqueue("b", { ...job("msg_2"), correlation_id: "not\r\na header" });
    const { streams } = await openAdministration([server]);
    const first = await streams.getMessage("WORKFLOW_REQUESTS", { seq: 1 });
    expect(first?.header.get("traceparent")).toBe("00-019aa1b2c3d47e5f8a6b0123456789ab-8a6bba9876543210-01");
    expect(first?.header.get("X-Correlation-Id")).toBe(correlation);
    expect((await streams.getMessage("WORKFLOW_REQUESTS", { seq: 2 }))?.header.keys()).toEqual(["Nats-Msg-Id"]);
  });

  it("removes what is no job, says so without its text, and goes on", async () => {
    const { broker, news } = await provisioned();
    const client = await openClient([server]);
    for (const text of ["secret, not JSON", JSON.stringify({ ...job("msg_1"), session_id: "secret session" })]) {
      await client.request("chat.workflow.execute.sess_1", text);
    }
    await broker.queue.enqueue("msg_2:0", job("msg_2"));
    const taken: string[] = [];
    await vi.waitFor(async () => {
      taken.push(...(await broker.queue.take(10, 200)).map((delivery) => delivery.job.message_id));
      expect(taken).toEqual(["msg_2"]);
    });
    // That they are given up goes to the server without an answer.
    await expect.poll(() => broker.queueState()).toMatchObject({ pending: 0, unacknowledged: 1 });
    expect(news.errors.map(String)).toEqual([
      "Error: the job at 1 is malformed (the whole) and was removed",
      "Error: the job at 2 is malformed (session_id) and was removed",
    ]);
  });

  it("shares jobs among takers, each to one, and ends with its wait when there is none", async () => {
    const { broker: one } = await provisioned();
    const { broker: other } = await provisioned();
    for (let number = 0; number < 40; number++) await one.queue.enqueue(`${number}`, job(`msg_${number}`));
    const taken = (await Promise.all([one, other, one, other].map(({ queue }) => queue.take(15, 500)))).flat();
    expect(new Set(taken.map((delivery) => delivery.job.message_id)).size).toBe(taken.length);
    expect(taken.length).toBe(40);
    const startMs = performance.now();
    expect(await one.queue.take(5, 300)).toEqual([]);
    expect(performance.now() - startMs).toBeGreaterThan(200);
    expect(performance.now() - startMs).toBeLessThan(1_200);
  });

  it("knows how much there is to do", async () => {
    const { broker } = await provisioned();
    expect(await broker.queueState()).toEqual({ pending: 0, unacknowledged: 0, oldestWaitingMs: null });
    for (const id of ["msg_1", "msg_2", "msg_3"]) await broker.queue.enqueue(id, job(id));
    const [delivery] = await broker.queue.take(1, 1_000);
    const state = await broker.queueState();
    expect(state).toMatchObject({ pending: 2, unacknowledged: 1 });
    expect(state.oldestWaitingMs).toBeGreaterThanOrEqual(0);
    expect(state.oldestWaitingMs).toBeLessThan(60_000);
    await broker.queue.ack(delivery!);
    await broker.queue.ack(delivery!);
    expect(await broker.queueState()).toMatchObject({ pending: 2, unacknowledged: 0 });
  });

  it("says how long the oldest job waits that nobody has taken, whatever is being worked on", async () => {
    const { broker } = await provisioned();
    const ageOf = async (sequence: number) => {
      const { streams } = await openAdministration([server]);
      const message = await streams.getMessage("WORKFLOW_REQUESTS", { seq: sequence });
      return Date.now() - message!.time.getTime();
    };
    await broker.queue.enqueue("msg_1", job("msg_1"));
    const [worked] = await broker.queue.take(1, 1_000);
    expect((await broker.queueState()).oldestWaitingMs).toBeNull();
    // Two jobs lie in the stream at clearly different ages.
    await vi.waitFor(async () => expect(await ageOf(1)).toBeGreaterThan(1_500), { timeout: 10_000 });
    for (const id of ["msg_2", "msg_3"]) await broker.queue.enqueue(id, job(id));
    const secondAtMost = async () => {
      const { oldestWaitingMs } = await broker.queueState();
      return oldestWaitingMs! <= (await ageOf(2)) && oldestWaitingMs! < (await ageOf(1)) - 1_000;
    };
    expect(await secondAtMost()).toBe(true);
    const rest = await broker.queue.take(5, 1_000);
    expect(rest).toHaveLength(2);
    expect(await broker.queueState()).toEqual({ pending: 0, unacknowledged: 3, oldestWaitingMs: null });
    for (const delivery of [worked!, ...rest]) await broker.queue.ack(delivery);
  });

  it("hands back at once what comes for a request that was given up", async () => {
    const { broker } = await provisioned();
    await broker.queue.enqueue("msg_1:0", job("msg_1"));
    await server.freeze();
    await expect(broker.queue.take(1, 100)).rejects.toThrow(/did not answer/);
    server.signal("SIGCONT");
    const startMs = performance.now();
    expect(await broker.queue.take(1, 10_000)).toHaveLength(1);
    expect(performance.now() - startMs).toBeLessThan(8_000);
  });

  it("keeps a job that was given out again for its first taker, when the second delivery was given back", async () => {
    const { broker } = await provisioned({ ackWaitMs: 1_000 });
    await broker.queue.enqueue("msg_1:0", job("msg_1"));
    const [first] = await broker.queue.take(1, 1_000);
    const [second] = await broker.queue.take(1, 10_000);
    expect(second?.token).not.toBe(first?.token);
    await broker.queue.extend([first!]);
    await broker.queue.release(second!, 500);
    await broker.queue.extend([first!]);
    for (let count = 0; count < 6; count++) {
      await sleep(200);
      await broker.queue.extend([first!]);
    }
    expect(await broker.queue.take(1, 200)).toEqual([]);
    await broker.queue.ack(first!);
    expect(await broker.queueState()).toMatchObject({ pending: 0, unacknowledged: 0 });
  });

  it("does not count a job as queued that is too large to be sent", async () => {
    const { broker } = await provisioned();
    const large = { ...job("msg_1"), message: "x".repeat(1024 * 1024) };
    await expect(broker.queue.enqueue("msg_1:0", large)).rejects.toThrow(UnqueueableJobError);
  });

  it("takes every job up to the size it names, and says so of one that it can never take", async () => {
    const { broker } = await provisioned();
    const most = broker.queue.jobBytesMost();
    const ofSize = (bytes: number) => {
      const rest = Buffer.byteLength(JSON.stringify({ ...job("msg_1"), message: "" }));
      return { ...job("msg_1"), message: "x".repeat(bytes - rest) };
    };
    const longId = `msg_1:0.${"r".repeat(200)}`;
    await broker.queue.enqueue(longId, { ...ofSize(most), correlation_id: "corr_1" });
    await expect(broker.queue.enqueue("msg_1:1", ofSize(most + 1))).rejects.toThrow(UnqueueableJobError);
    const quotes = { ...job("msg_1"), message: '"'.repeat(most / 2) };
    await expect(broker.queue.enqueue("msg_1:2", quotes)).rejects.toThrow(UnqueueableJobError);
    const malformed = { ...job("msg_1"), user_id: "" };
    await expect(broker.queue.enqueue("msg_1:3", malformed)).rejects.toThrow(/malformed \(user_id\)/);
    expect(await broker.queueState()).toMatchObject({ pending: 1 });
  });

  it("names what a server with a smaller largest message takes", async () => {
    const small = await startServer({ configuration: `${configuration}\nmax_payload: 65536` });
    const { broker } = await openBroker(settingsOf([small]));
    await broker.provision();
    expect(broker.queue.jobBytesMost()).toBeLessThan(65_536);
    const large = { ...job("msg_1"), message: "x".repeat(65_536) };
    await expect(broker.queue.enqueue("msg_1:0", large)).rejects.toThrow(UnqueueableJobError);
    await broker.queue.enqueue("msg_1:0", { ...job("msg_1"), message: "x".repeat(64_000) });
  });

  it("reads the sequence of a job out of either form of its acknowledgement's subject", () => {
    expect(sequenceOf("$JS.ACK.WORKFLOW_REQUESTS.workflow-processor.1.42.7.1700000000.3")).toBe(42);
    expect(sequenceOf("$JS.ACK.hub.ACCOUNT.WORKFLOW_REQUESTS.workflow-processor.1.42.7.1700000000.3.x")).toBe(42);
  });
});
