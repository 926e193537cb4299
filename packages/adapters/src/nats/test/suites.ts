import { setTimeout as sleep } from "node:timers/promises";
import { subjects } from "@uci/protocol";
import type { ServiceProcess } from "@uci/services";
import type { Journal, LiveChannel, OwnerRegister, WorkQueue } from "@uci/stream";
import {
  journalConformance,
  liveChannelConformance,
  ownerRegisterConformance,
  workQueueConformance,
} from "@uci/stream/conformance";
import { vi } from "vitest";
import type { NatsSettings } from "../index.ts";
import { openBroker, removeStreams, settingsOf } from "./broker.ts";

let views = 0;

/** A journal that looks empty: its workers have names nobody had before. */
function emptyJournal(journal: Journal): Journal {
  const view = `v${views++}`;
  const name = (workerId: string) => `${workerId}-${view}`;
  return {
    append: (workerId, entry, after, priority) => journal.append(name(workerId), entry, after, priority),
    read: (workerId, from) => journal.read(name(workerId), from),
    at: (workerId, sequence) => journal.at(name(workerId), sequence),
    tail: (workerId) => journal.tail(name(workerId)),
    trim: (workerId, before) => journal.trim(name(workerId), before),
  };
}

function emptyRegister(owners: OwnerRegister): OwnerRegister {
  const view = `v${views++}`;
  const name = (messageId: string) => `${messageId}-${view}`;
  return {
    claim: (messageId, record, after) => owners.claim(name(messageId), record, after),
    find: (messageId) => owners.find(name(messageId)),
    forget: (messageId) => owners.forget(name(messageId)),
  };
}

/** The queue's 20 s are 5 s here, and long times are shortened alike; short ones stay as they are. */
const faster = 4;
const shortMs = 5_000;
const pass = (durationMs: number) => sleep(durationMs > shortMs ? durationMs / faster : durationMs);

/** A server that is busy with other things may take longer than the suite gives it to deliver. */
function patient(queue: WorkQueue): WorkQueue {
  return {
    enqueue: (id, job) => queue.enqueue(id, job),
    holds: (job) => queue.holds(job),
    take: (most, waitMs) => queue.take(most, Math.max(waitMs, 300)),
    extend: (deliveries) => queue.extend(deliveries),
    ack: (delivery) => queue.ack(delivery),
    release: (delivery, delayMs) => queue.release(delivery, delayMs),
  };
}

/** What a pod and a worker tell each other, each with its own rights. */
function between(pod: LiveChannel, worker: LiveChannel): LiveChannel {
  return {
    publish: (subject, message) => worker.publish(subject, message),
    subscribe: async (filter, handler) => {
      const isOfWorker = filter.startsWith("chat.message.");
      const subscription = await (isOfWorker ? worker : pod).subscribe(filter, handler);
      if (isOfWorker) await untilRouted(worker, pod, subjects.messageRead);
      else await untilRouted(pod, worker, subjects.podResponse);
      return subscription;
    },
    request: (subject, message, timeoutMs) => pod.request(subject, message, timeoutMs),
  };
}

/**
 * A subscription is in force at the listener's own server at once, and at the others of a cluster a little later.
 * Servers tell each other of subscriptions in their order, so once a younger one is heard, all older ones are known.
 */
async function untilRouted(listener: LiveChannel, sender: LiveChannel, subjectOf: (id: string) => string) {
  const subject = subjectOf(`routed-${views++}`);
  let isHeard = false;
  const marker = await listener.subscribe(subject, () => {
    isHeard = true;
  });
  await vi.waitFor(
    () => {
      sender.publish(subject, null);
      if (!isHeard) throw new Error("the other server does not know of the subscription yet");
    },
    { timeout: 20_000, interval: 5 },
  );
  marker.close();
}

/** Runs the suites of all ports, each test on a connection of its own, with the rights of a worker, and of a pod where it talks to one. */
export function conformance(
  name: string,
  servers: () => readonly ServiceProcess[],
  given: Partial<NatsSettings>,
): void {
  const provisioned = async (settings: Partial<NatsSettings> = {}) => {
    const { broker } = await openBroker(settingsOf(servers(), { ...given, ...settings }));
    await broker.provision();
    return broker;
  };
  journalConformance(name, async () => emptyJournal((await provisioned()).journal));
  ownerRegisterConformance(name, async () => emptyRegister((await provisioned()).owners));
  workQueueConformance(name, async () => {
    await removeStreams(servers());
    const broker = await provisioned({ ackWaitMs: 20_000 / faster });
    return { queue: patient(broker.queue), pass };
  });
  liveChannelConformance(name, async () => {
    const [pod, worker] = await Promise.all(
      (["pod", "worker"] as const).map((service) => openBroker(settingsOf(servers(), { ...given, service }))),
    );
    return { live: between(pod!.broker.live, worker!.broker.live), pass };
  });
}
