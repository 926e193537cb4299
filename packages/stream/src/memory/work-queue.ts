import type { WorkflowRequest } from "@uci/protocol";
import { type Clock, type Delivery, type SizedQueue, UnqueueableJobError, type WorkQueue } from "../ports.ts";
import { utf8Bytes } from "../text.ts";

/** A job taken and not heard of for this long is delivered again. */
const ackWaitMs = 20_000;
const duplicateWindowMs = 2 * 60_000;
/** As large as over NATS by default, so that what is taken here is taken there. */
const jobBytesMost = 1024 * 1024 - 1024;

type Job = { readonly id: string; readonly job: WorkflowRequest; cancelRedelivery: () => void; token: string };

/** A work queue of one process. */
export class MemoryWorkQueue implements WorkQueue, SizedQueue {
  readonly #clock: Clock;
  readonly #waiting: Job[] = [];
  readonly #taken = new Map<string, Job>();
  /** Given back, and not to be delivered yet. */
  readonly #delayed = new Set<Job>();
  readonly #seenAtMs = new Map<string, number>();
  readonly #takers: (() => void)[] = [];
  #deliveries = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  jobBytesMost(): number {
    return jobBytesMost;
  }

  async enqueue(id: string, job: WorkflowRequest): Promise<void> {
    if (utf8Bytes(JSON.stringify(job)) > jobBytesMost) {
      throw new UnqueueableJobError("the job is larger than the queue takes");
    }
    const nowMs = this.#clock.nowMs();
    for (const [seen, atMs] of this.#seenAtMs) {
      if (nowMs - atMs < duplicateWindowMs) break;
      this.#seenAtMs.delete(seen);
    }
    if (this.#seenAtMs.has(id)) return;
    this.#seenAtMs.set(id, nowMs);
    this.#offer({ id, job, cancelRedelivery: () => undefined, token: "" });
  }

  async take(most: number, waitMs: number): Promise<readonly Delivery[]> {
    if (this.#waiting.length === 0) await this.#somethingWaiting(waitMs);
    return this.#waiting.splice(0, most).map((job) => this.#deliver(job));
  }

  async extend(deliveries: readonly Delivery[]): Promise<void> {
    for (const { token } of deliveries) {
      const job = this.#taken.get(token);
      if (job !== undefined) this.#expectWithin(job);
    }
  }

  async ack(delivery: Delivery): Promise<void> {
    this.#taken.get(delivery.token)?.cancelRedelivery();
    this.#taken.delete(delivery.token);
  }

  async holds({ message_id, generation }: WorkflowRequest): Promise<boolean> {
    const held = [...this.#waiting, ...this.#taken.values(), ...this.#delayed];
    return held.some(({ job }) => job.message_id === message_id && job.generation === generation);
  }

  async release(delivery: Delivery, delayMs: number): Promise<void> {
    const job = this.#taken.get(delivery.token);
    if (job === undefined) return;
    this.#taken.delete(delivery.token);
    job.cancelRedelivery();
    this.#delayed.add(job);
    this.#clock.after(delayMs, () => {
      this.#delayed.delete(job);
      this.#offer(job);
    });
  }

  #deliver(job: Job): Delivery {
    job.token = `${job.id}#${this.#deliveries++}`;
    this.#taken.set(job.token, job);
    this.#expectWithin(job);
    return { token: job.token, job: job.job };
  }

  #expectWithin(job: Job): void {
    job.cancelRedelivery();
    job.cancelRedelivery = this.#clock.after(ackWaitMs, () => {
      if (this.#taken.delete(job.token)) this.#offer(job);
    });
  }

  #offer(job: Job): void {
    this.#waiting.push(job);
    this.#takers.shift()?.();
  }

  #somethingWaiting(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(waitMs, () => {
        const index = this.#takers.indexOf(wake);
        if (index >= 0) this.#takers.splice(index, 1);
        resolve();
      });
      const wake = () => {
        cancel();
        resolve();
      };
      this.#takers.push(wake);
    });
  }
}
