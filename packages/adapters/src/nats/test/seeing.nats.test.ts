import type { ServiceProcess } from "@uci/services";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { connectNats } from "../index.ts";
import { removeStreams, settingsOf, startServer } from "./broker.ts";
import { job } from "./samples.ts";

let server: ServiceProcess;
beforeAll(async () => {
  server = await startServer();
});
beforeEach(() => removeStreams([server]));

type Carried = { readonly direction: string; readonly subject: string; readonly bytes: number };

async function watchedBroker() {
  const carried: Carried[] = [];
  const nothing = () => undefined;
  const broker = await connectNats(settingsOf([server], { journalBytes: 1024 * 1024, partitions: 1 }), {
    ...{ connected: nothing, disconnected: nothing, error: nothing },
    carried: (direction, subject, bytes) => carried.push({ direction, subject, bytes }),
  });
  return { broker, carried };
}

describe("what is to be seen of a connection to NATS", () => {
  it("every message out and in, with its size in bytes, not in characters", async () => {
    const { broker, carried } = await watchedBroker();
    try {
      await broker.provision();
      await broker.live.subscribe("chat.worker.*.heartbeat", () => undefined);
      broker.live.publish("chat.worker.worker-1.heartbeat", { text: "äöü" });
      const bytes = Buffer.byteLength(JSON.stringify({ text: "äöü" }));
      const seen = (direction: string) =>
        carried.filter((one) => one.direction === direction && one.subject === "chat.worker.worker-1.heartbeat");
      await expect
        .poll(() => seen("in"))
        .toEqual([{ direction: "in", subject: "chat.worker.worker-1.heartbeat", bytes }]);
      expect(seen("out")).toHaveLength(1);
      expect(seen("out")[0]?.bytes).toBe(bytes);
      await broker.queue.enqueue("msg_1:0", job("msg_1"));
      expect(carried.some(({ subject }) => subject.startsWith("chat.workflow.execute."))).toBe(true);
    } finally {
      await broker.close();
    }
  });

  it("its subscriptions, those that ended not among them", async () => {
    const { broker } = await watchedBroker();
    try {
      const before = broker.subscriptions;
      const one = await broker.live.subscribe("chat.worker.*.heartbeat", () => undefined);
      const other = await broker.live.subscribe("chat.worker.worker-1.alive", () => undefined);
      expect(broker.subscriptions).toBe(before + 2);
      one.close();
      await expect.poll(() => broker.subscriptions).toBe(before + 1);
      other.close();
      await expect.poll(() => broker.subscriptions).toBe(before);
    } finally {
      await broker.close();
    }
  });

  it("how full each journal stream is", async () => {
    const { broker } = await watchedBroker();
    try {
      await broker.provision();
      expect(await broker.journalFill()).toEqual([0]);
      const record = { kind: "born", worker_id: "x".repeat(100_000) } as const;
      const entry = { number: 1, nonce: "n", floor: 0, records: [record] };
      await broker.journal.append("worker-1", entry as never, 0, "control");
      const [fill] = await broker.journalFill();
      expect(fill).toBeGreaterThan(0.09);
      expect(fill).toBeLessThan(0.2);
    } finally {
      await broker.close();
    }
  });
});
