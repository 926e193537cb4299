import type { WorkflowRequest } from "@uci/protocol";
import type { Delivery, WorkQueue } from "../src/ports.ts";
import type { MortalProcess } from "./mortal-process.ts";
import { askBroker, count, type Surroundings } from "./surroundings.ts";

const unanswered = new Error("no job and no word from the queue");
const ackWaitMs = 20_000;
const duplicateWindowMs = 2 * 60_000;

type Job = {
  readonly key: string;
  readonly request: WorkflowRequest;
  deliveries: number;
  /** Counts what would cancel a redelivery that is under way. */
  lease: number;
  taken: boolean;
};

type Taker = {
  readonly from: MortalProcess;
  readonly deliver: (jobs: readonly Delivery[]) => void;
  readonly most: number;
};

/** The work queue at the broker. An acknowledgement counts for the job, whichever delivery it was given for. */
export class SimulatedQueue {
  readonly #surroundings: Surroundings;
  readonly #jobs = new Map<string, Job>();
  readonly #waiting: Job[] = [];
  readonly #takers: Taker[] = [];
  readonly #seenAtMs = new Map<string, number>();
  #keys = 0;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  portFor(from: MortalProcess): WorkQueue {
    const ask = <Result>(operate: () => Result) => askBroker(this.#surroundings, from, operate);
    return {
      enqueue: (id, job) => ask(() => this.#enqueue(id, job)),
      take: (most, waitMs) => this.#take(from, most, waitMs),
      extend: (deliveries) => ask(() => this.#extend(deliveries)),
      ack: (delivery) => ask(() => this.#ack(delivery)),
      holds: (job) => ask(() => this.#holds(job)),
      release: (delivery, delayMs) => ask(() => this.#release(delivery, delayMs)),
    };
  }

  /** Delivers every job that is being worked on a second time, as a change of leader may. */
  redeliver(): void {
    for (const job of this.#jobs.values()) if (job.taken) this.#offer(job);
  }

  #enqueue(id: string, request: WorkflowRequest): void {
    const nowMs = this.#surroundings.time.elapsedMs;
    const seenAtMs = this.#seenAtMs.get(id);
    if (seenAtMs !== undefined && nowMs - seenAtMs < duplicateWindowMs) return;
    this.#seenAtMs.set(id, nowMs);
    this.#surroundings.story.tell("queue", () => `takes in job ${id}`);
    const job: Job = { key: `${id}/${this.#keys++}`, request, deliveries: 0, lease: 0, taken: false };
    this.#jobs.set(job.key, job);
    this.#offer(job);
  }

  /** A request for jobs waits at the broker; its answer may be lost, and then the jobs are delivered again later. */
  #take(from: MortalProcess, most: number, waitMs: number): Promise<readonly Delivery[]> {
    const { time, random, weather } = this.#surroundings;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const end = (jobs: readonly Delivery[]) => {
        if (isOver) return;
        isOver = true;
        time.after(random.between(0, 2), () => from.receive(() => resolve(jobs)));
      };
      const giveUp = () => {
        if (isOver) return;
        isOver = true;
        from.receive(() => reject(unanswered));
      };
      from.leave(() => {
        const out = from.isCut || weather.brokerStalled;
        const taker: Taker = { from, most, deliver: end };
        if (!out) {
          time.after(random.between(0, 2), () => {
            this.#takers.push(taker);
            this.#match();
          });
        }
        time.after(waitMs, () => {
          const index = this.#takers.indexOf(taker);
          if (index >= 0) this.#takers.splice(index, 1);
          if (out) giveUp();
          else end([]);
        });
      });
    });
  }

  #match(): void {
    if (this.#surroundings.weather.brokerStalled) return;
    while (this.#waiting.length > 0 && this.#takers.length > 0) {
      const taker = this.#takers.shift()!;
      // The broker knows that a dead connection takes nothing; one that is merely cut or frozen swallows the jobs.
      if (taker.from.isDead) continue;
      const jobs = this.#waiting.splice(0, taker.most).map((job) => this.#deliver(job, taker.from));
      if (taker.from.isCut) count(this.#surroundings, "delivery lost");
      else taker.deliver(jobs);
    }
  }

  #deliver(job: Job, to: MortalProcess): Delivery {
    job.taken = true;
    job.deliveries++;
    if (job.deliveries > 1) count(this.#surroundings, "redelivery");
    this.#surroundings.story.tell("queue", () => `gives ${job.key} to ${to.name}, delivery ${job.deliveries}`);
    this.#lease(job);
    return { token: job.key, job: job.request };
  }

  #lease(job: Job): void {
    const lease = ++job.lease;
    this.#surroundings.time.after(ackWaitMs, () => {
      if (job.lease === lease && job.taken && this.#jobs.has(job.key)) this.#offer(job);
    });
  }

  #extend(deliveries: readonly Delivery[]): void {
    for (const { token } of deliveries) {
      const job = this.#jobs.get(token);
      if (job?.taken === true) this.#lease(job);
    }
  }

  #ack(delivery: Delivery): void {
    const job = this.#jobs.get(delivery.token);
    if (job === undefined) return;
    this.#jobs.delete(job.key);
    const { message_id: messageId } = job.request;
    const others = [...this.#jobs.values()].some((other) => other.request.message_id === messageId);
    if (!others) this.#surroundings.truth.lastJobAcknowledged(job.request);
    const index = this.#waiting.indexOf(job);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  #holds({ message_id, generation }: WorkflowRequest): boolean {
    const jobs = [...this.#jobs.values()];
    return jobs.some(({ request }) => request.message_id === message_id && request.generation === generation);
  }

  #release(delivery: Delivery, delayMs: number): void {
    const job = this.#jobs.get(delivery.token);
    if (job === undefined || !job.taken) return;
    const lease = ++job.lease;
    this.#surroundings.time.after(delayMs, () => {
      if (job.lease === lease && this.#jobs.has(job.key)) this.#offer(job);
    });
  }

  #offer(job: Job): void {
    job.taken = false;
    job.lease++;
    if (!this.#waiting.includes(job)) this.#waiting.push(job);
    this.#match();
  }
}
