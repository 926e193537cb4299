import { PermissionViolationError } from "@nats-io/transport-node";
import type { ServiceProcess } from "@uci/services";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { NatsService } from "../index.ts";
import { natsServices } from "../settings.ts";
import { openBroker, openClient, removeStreams, settingsOf, startServer } from "./broker.ts";
import { entry, job, owner } from "./samples.ts";

describe("rights on NATS", () => {
  let server: ServiceProcess;
  beforeAll(async () => {
    server = await startServer();
  });

  const as = (service: NatsService) => openBroker(settingsOf([server], { service }));

  async function prepared() {
    await removeStreams([server]);
    const { broker } = await as("worker");
    await broker.provision();
    return broker;
  }

  it("lets a pod queue jobs, and neither write journals and owners nor take jobs", async () => {
    const worker = await prepared();
    const { broker: pod, news } = await as("pod");
    await pod.check();
    await pod.queue.enqueue("msg_1:0", job("msg_1"));
    expect(await pod.journal.append("worker-1", entry(0), 0, "control")).toEqual({ kind: "unknown" });
    expect(await pod.owners.claim("msg_1", owner("a"), 0)).toEqual({ kind: "unknown" });
    await expect(pod.queue.take(1, 100)).rejects.toThrow();
    await expect(pod.owners.find("msg_1")).rejects.toBeInstanceOf(PermissionViolationError);
    await expect(pod.provision()).rejects.toThrow(/Permissions Violation/);
    expect(news.errors.some((error) => error instanceof PermissionViolationError)).toBe(true);
    expect(await worker.journal.tail("worker-1")).toBeNull();
    expect(await worker.owners.find("msg_1")).toBeNull();
    expect(await worker.queue.take(1, 1_000)).toHaveLength(1);
  });

  it("lets a third party's workflow do its work and see nothing of ours", async () => {
    const worker = await prepared();
    const { broker: pod } = await as("pod");
    const { broker: workflow } = await as("workflow");
    await pod.queue.enqueue("msg_1:0", job("msg_1"));
    await worker.owners.claim("msg_1", owner("a"), 0);
    await worker.journal.append("worker-1", entry(0), 0, "control");
    const heard: unknown[] = [];
    await pod.live.subscribe("chat.session.*.broadcast", (message) => heard.push(message));
    await pod.live.subscribe("chat.pod.p.response", (message) => heard.push(message));
    const [delivery] = await workflow.queue.take(1, 1_000);
    expect(delivery?.job.message_id).toBe("msg_1");
    await workflow.live.subscribe("chat.message.msg_1.stop", (_message, _subject, reply) => reply?.({ closed: false }));
    workflow.live.publish("chat.session.sess_1.broadcast", "first");
    workflow.live.publish("chat.pod.p.response", "second");
    await vi.waitFor(() => expect(heard).toEqual(["first", "second"]));
    const stopped = await pod.live.request("chat.message.msg_1.stop", {}, 1_000);
    expect(stopped).toEqual({ kind: "reply", message: { closed: false } });
    await workflow.queue.extend([delivery!]);
    await workflow.queue.ack(delivery!);
    expect((await worker.queueState()).unacknowledged).toBe(0);
    await expect(workflow.owners.find("msg_1")).rejects.toBeInstanceOf(PermissionViolationError);
    await expect(workflow.owners.forget("msg_1")).rejects.toBeInstanceOf(PermissionViolationError);
    await expect(workflow.journal.tail("worker-1")).rejects.toBeInstanceOf(PermissionViolationError);
    expect(await workflow.journal.append("worker-1", entry(1), 1, "control")).toEqual({ kind: "unknown" });
    expect(await workflow.owners.claim("msg_1", owner("b"), 1)).toEqual({ kind: "unknown" });
    expect((await worker.journal.read("worker-1", 0)).map((stored) => stored.entry)).toEqual([entry(0)]);
    expect((await worker.owners.find("msg_1"))?.record).toEqual(owner("a"));
  });

  it("lets a monitor ask how all are, and tell nobody anything", async () => {
    const worker = await prepared();
    const { broker: pod } = await as("pod");
    const { broker: monitor } = await as("monitor");
    await pod.live.subscribe("chat.pod.p.health", (_message, _subject, reply) => reply?.({ status: "ok" }));
    await worker.live.subscribe("chat.worker.w.alive", (_message, _subject, reply) => reply?.({ running: false }));
    const heard: unknown[] = [];
    await pod.live.subscribe("chat.pod.p.response", (message) => heard.push(message));
    const health = await monitor.live.request("chat.pod.p.health", {}, 1_000);
    expect(health).toEqual({ kind: "reply", message: { status: "ok" } });
    const alive = await monitor.live.request("chat.worker.w.alive", {}, 1_000);
    expect(alive).toEqual({ kind: "reply", message: { running: false } });
    expect(await monitor.queueState()).toEqual({ pending: 0, unacknowledged: 0, oldestWaitingMs: null });
    monitor.live.publish("chat.pod.p.response", "forged");
    await expect(monitor.queue.enqueue("msg_1:0", job("msg_1"))).rejects.toBeInstanceOf(PermissionViolationError);
    worker.live.publish("chat.pod.p.response", "true");
    await vi.waitFor(() => expect(heard).toEqual(["true"]));
  });

  it("lets nobody hear the answers to somebody else's questions, or everything", async () => {
    for (const service of natsServices) {
      const client = await openClient([server], service);
      const foreign = natsServices.filter((other) => other !== service).map((other) => `_INBOX_${other}.>`);
      for (const filter of [...foreign, ">", "_INBOX.>", "$JS.ACK.>", "chat.journal.0.*", "chat.workflow.execute.*"]) {
        const denied = new Promise((resolve) => client.subscribe(filter, { callback: (error) => resolve(error) }));
        expect(await denied).toBeInstanceOf(PermissionViolationError);
      }
    }
  });
});
