import { type AliveReply, subjects } from "@uci/protocol";
import { streamLimits } from "./limits.ts";
import type { PendingJob } from "./ports.ts";
import { every } from "./waiting.ts";
import type { WorkerPorts } from "./worker-context.ts";

export type SweeperPorts = Pick<WorkerPorts, "outbox" | "queue" | "owners" | "live" | "clock"> & {
  /** Removes what dead pods left in the session registry. */
  readonly sweepConnections: () => Promise<unknown>;
  /**
   * Makes the queue anew, empty, where it is beyond repair; false: it is not, or nobody can say. Absent: it cannot break.
   */
  readonly rebuildQueue?: (() => Promise<boolean>) | undefined;
};

/**
 * Brings every accepted message to an end whatever was lost: jobs that were never published, answers whose owner is
 * gone, stop wishes nobody has carried out, connections of dead pods. One sweeper works at a time.
 */
export class Sweeper {
  readonly #ports: SweeperPorts;
  readonly #failed: (error: unknown) => void;
  #cancel: (() => void) | null = null;
  #sweeping: Promise<void> | null = null;
  #expiredAtMs = 0;
  /** Since when, and when last, the queue has refused what this sweeper brought; null: it takes it. */
  #refused: { readonly sinceMs: number; lastMs: number } | null = null;

  constructor(ports: SweeperPorts, failed: (error: unknown) => void = () => undefined) {
    this.#ports = ports;
    this.#failed = failed;
  }

  start(): void {
    this.#cancel = every(this.#ports.clock, streamLimits.sweepIntervalMs, () => void this.sweep());
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    await this.#sweeping;
  }

  /** One round; rounds never overlap. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#round().finally(() => {
      this.#sweeping = null;
    });
    return this.#sweeping;
  }

  /**
   * The journals and the queue began empty with this process: whatever was published before starts from nothing, under
   * the next generation so that nobody mixes the two texts. Call before any worker starts.
   */
  async restartAll(): Promise<number> {
    let restarted = 0;
    for await (const pending of this.#pending()) {
      const { message_id: messageId, generation } = pending.request;
      if (pending.queued_at_ms === null) await this.#publish(pending, `${messageId}:${generation}`);
      else {
        const request = await this.#ports.outbox.raiseGeneration(messageId, generation);
        if (request === null) continue;
        await this.#publish({ ...pending, request }, `${messageId}:${request.generation}`);
      }
      restarted++;
    }
    return restarted;
  }

  async #round(): Promise<void> {
    try {
      await this.#ports.outbox.exclusively(async () => {
        for await (const pending of this.#pending()) await this.#mend(pending);
        await this.#ports.sweepConnections();
        await this.#removeExpired();
      });
    } catch (error) {
      this.#failed(error);
    }
  }

  async #removeExpired(): Promise<void> {
    const nowMs = this.#ports.clock.nowMs();
    if (nowMs - this.#expiredAtMs < streamLimits.expiryIntervalMs) return;
    this.#expiredAtMs = nowMs;
    await this.#ports.outbox.removeExpired();
  }

  async *#pending(): AsyncGenerator<PendingJob> {
    let after: string | null = null;
    for (;;) {
      const page = await this.#ports.outbox.pending(after, streamLimits.sweepPageRows);
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < streamLimits.sweepPageRows) return;
      after = last.request.message_id;
    }
  }

  async #mend(pending: PendingJob): Promise<void> {
    const { message_id: messageId, generation } = pending.request;
    const nowMs = this.#ports.clock.nowMs();
    if (pending.queued_at_ms === null) {
      if (nowMs - pending.created_at_ms < streamLimits.unpublishedJobMs) return;
      return this.#publish(pending, `${messageId}:${generation}`);
    }
    if (pending.stop_requested) {
      await this.#ports.live.request(subjects.messageStop(messageId), {}, streamLimits.stopTimeoutMs);
    }
    // A plain workflow has neither owner nor journal; the pods that hear it end it when it falls silent.
    if (pending.plain) return;
    const queuedMs = nowMs - pending.queued_at_ms;
    if (queuedMs < streamLimits.sweepIntervalMs) return;
    const owner = await this.#ports.owners.find(messageId);
    if (owner === null || owner.record.generation < generation) {
      if (queuedMs < streamLimits.unownedJobMs) return;
      return this.#publish(pending, `${messageId}:${generation}.r${Math.floor(queuedMs / streamLimits.unownedJobMs)}`);
    }
    if (await this.#runs(owner.record.worker_id, messageId)) return;
    await this.#enqueue(`${messageId}:${generation}.r${Math.floor(nowMs / 20_000)}`, pending);
  }

  async #runs(workerId: string, messageId: string): Promise<boolean> {
    const question = { message_id: messageId };
    const outcome = await this.#ports.live.request(
      subjects.workerAlive(workerId),
      question,
      streamLimits.aliveTimeoutMs,
    );
    return outcome.kind === "reply" && (outcome.message as AliveReply).running;
  }

  async #publish(pending: PendingJob, id: string): Promise<void> {
    const { message_id: messageId, generation } = pending.request;
    await this.#enqueue(id, pending);
    await this.#ports.outbox.markQueued(messageId, generation);
  }

  /** Everything in the queue comes from the outbox, so a queue that broke is no loss: the next rounds fill a new one. */
  async #enqueue(id: string, { request }: PendingJob): Promise<void> {
    const { queue, clock, rebuildQueue } = this.#ports;
    try {
      await queue.enqueue(id, request);
      this.#refused = null;
    } catch (error) {
      const nowMs = clock.nowMs();
      // What went wrong while others swept is not known here.
      const isNew = this.#refused === null || nowMs - this.#refused.lastMs > streamLimits.queueBrokenMs / 2;
      this.#refused = { sinceMs: isNew ? nowMs : this.#refused!.sinceMs, lastMs: nowMs };
      const isDue = nowMs - this.#refused.sinceMs >= streamLimits.queueBrokenMs;
      if (isDue && rebuildQueue !== undefined && (await rebuildQueue())) this.#refused = null;
      throw error;
    }
  }
}
