import { type AliveReply, errorRegistry, stopReplyOf, subjects } from "@uci/protocol";
import { type AnswerFacts, answerFacts } from "./answer-facts.ts";
import { unstartedAnswer } from "./final-answer.ts";
import { type PlainTimes, plainTimes, streamLimits } from "./limits.ts";
import { endUnheard, failedEnding, type PlainEnding, stoppedEnding } from "./plain-ending.ts";
import { type PendingJob, UnqueueableJobError } from "./ports.ts";
import { isHeldPlain } from "./stop.ts";
import { every } from "./waiting.ts";
import type { WorkerPorts } from "./worker-context.ts";

export type SweeperPorts = Pick<WorkerPorts, "outbox" | "ledger" | "queue" | "owners" | "live" | "clock"> & {
  /** Removes what dead pods left in the session registry. */
  readonly sweepConnections: () => Promise<unknown>;
  /** Lets answers begin that waited for others of the same person to end; absent: none wait. */
  readonly admitWaiting?: (() => Promise<unknown>) | undefined;
  /**
   * Makes the queue anew, empty, where it is beyond repair; false: it is not, or nobody can say. Absent: it cannot break.
   */
  readonly rebuildQueue?: (() => Promise<boolean>) | undefined;
  /** How long plain answers are waited for; absent: as `plainTimes` says. */
  readonly plainTimes?: PlainTimes | undefined;
};

/** The sweeper has ended an answer that nobody else would have. */
export type SweptEvent = AnswerFacts & {
  readonly kind: "swept";
  /** How often it was queued, or begun. */
  readonly attempt: number;
  readonly reason: "stopped" | "provider_timeout" | "attempts_exhausted";
};

/**
 * Brings every accepted message to an end whatever was lost: jobs that were never published, answers whose owner is
 * gone, plain answers that no pod hears of any more, stop wishes nobody has carried out, connections of dead pods. One
 * sweeper works at a time.
 */
export class Sweeper {
  readonly #ports: SweeperPorts;
  readonly #failed: (error: unknown) => void;
  readonly #observe: (event: SweptEvent) => void;
  /** A plain answer of which no pod has heard for this long is ended: so much later than a pod would have done it. */
  readonly #unheardMs: number;
  #cancel: (() => void) | null = null;
  #sweeping: Promise<void> | null = null;
  #expiredAtMs = 0;
  /** The last job that a round has looked at before it gave up for the number of its failures; null: it came to the end. */
  #goOnAfter: string | null = null;
  /** Since when, and when last, the queue has refused what this sweeper brought; null: it takes it. */
  #refused: { readonly sinceMs: number; lastMs: number } | null = null;

  constructor(
    ports: SweeperPorts,
    failed: (error: unknown) => void = () => undefined,
    observe: (event: SweptEvent) => void = () => undefined,
  ) {
    this.#ports = ports;
    this.#failed = failed;
    this.#observe = observe;
    const { silenceMs, vouchMs } = ports.plainTimes ?? plainTimes;
    this.#unheardMs = silenceMs + vouchMs + streamLimits.sweepIntervalMs;
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
    for await (const pending of this.#pending(null)) {
      if (await this.#alone(async () => this.#restart(pending))) restarted++;
    }
    return restarted;
  }

  async #restart(pending: PendingJob): Promise<void> {
    const { message_id: messageId, generation } = pending.request;
    if (pending.queued_at_ms === null) return this.#publish(pending, `${messageId}:${generation}`);
    const request = await this.#ports.outbox.raiseGeneration(messageId, generation);
    if (request !== null) await this.#publish({ ...pending, request }, `${messageId}:${request.generation}`);
  }

  /** Every part of a round, and every row of a part, by itself: what fails for one must not fail for all. */
  async #round(): Promise<void> {
    const { outbox, sweepConnections, admitWaiting } = this.#ports;
    await this.#alone(async () => {
      await outbox.exclusively(async () => {
        if (admitWaiting !== undefined) await this.#alone(admitWaiting);
        await this.#alone(() => this.#mendAll());
        await this.#alone(sweepConnections);
        await this.#alone(() => this.#removeExpired());
      });
    });
  }

  /**
   * Where many fail one after another it is hardly for what they are, and each may take its time to fail: the rest is
   * left to the next round, which begins there, so that rows which always fail keep nobody waiting for ever.
   */
  async #mendAll(): Promise<void> {
    const after = this.#goOnAfter;
    this.#goOnAfter = null;
    let failures = 0;
    for await (const pending of this.#pending(after)) {
      failures = (await this.#alone(() => this.#mend(pending))) ? 0 : failures + 1;
      if (failures < streamLimits.sweepFailures) continue;
      this.#goOnAfter = pending.request.message_id;
      return;
    }
  }

  /** Whether the task succeeded; what it throws is reported. */
  async #alone(task: () => Promise<unknown>): Promise<boolean> {
    try {
      await task();
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  async #removeExpired(): Promise<void> {
    const nowMs = this.#ports.clock.nowMs();
    if (nowMs - this.#expiredAtMs < streamLimits.expiryIntervalMs) return;
    this.#expiredAtMs = nowMs;
    await this.#ports.outbox.removeExpired();
  }

  async *#pending(from: string | null): AsyncGenerator<PendingJob> {
    let after = from;
    for (;;) {
      const page: readonly PendingJob[] = await this.#ports.outbox.pending(after, streamLimits.sweepPageRows);
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < streamLimits.sweepPageRows) return;
      after = last.request.message_id;
    }
  }

  async #mend(pending: PendingJob): Promise<void> {
    const { message_id: messageId, generation } = pending.request;
    const nowMs = this.#ports.clock.nowMs();
    if (pending.stop_requested && (await this.#carryOutStop(pending))) return;
    if (pending.queued_at_ms === null) {
      if (nowMs - pending.created_at_ms < streamLimits.unpublishedJobMs) return;
      return this.#publish(pending, `${messageId}:${generation}`);
    }
    // A plain workflow has neither owner nor journal; the pods that hear it end it when it falls silent.
    if (pending.plain) return this.#endUnheard(pending, nowMs);
    const queuedMs = nowMs - pending.queued_at_ms;
    if (queuedMs < streamLimits.sweepIntervalMs) return;
    const owner = await this.#ports.owners.find(messageId);
    if (owner === null || owner.record.generation < generation) {
      if (queuedMs >= streamLimits.unownedJobMs) await this.#queueAgain(pending);
      return;
    }
    if (await this.#runs(owner.record.worker_id, messageId)) return;
    await this.#enqueue(`${messageId}:${generation}.r${Math.floor(nowMs / 20_000)}`, pending);
  }

  /**
   * Whether it is carried out. Whoever has the answer does it: its worker, its workflow, a pod that hears it. Where nobody
   * says so, a plain answer is ended here, and so is one that no worker has claimed: whoever claims it from now on reads
   * the wish before it calls a provider.
   */
  async #carryOutStop(pending: PendingJob): Promise<boolean> {
    const { message_id: messageId, generation } = pending.request;
    const { live, owners } = this.#ports;
    const outcome = await live.request(subjects.messageStop(messageId), {}, streamLimits.stopTimeoutMs);
    if (outcome.kind === "reply" && stopReplyOf(outcome.message)?.closed === true) return true;
    // A pod that has it is about to, and has more of it than was written down.
    if (pending.plain && (await isHeldPlain(live, messageId, "sweeper"))) return false;
    if (!pending.plain) {
      const owner = await owners.find(messageId);
      if (owner !== null && owner.record.generation >= generation) return false;
    }
    return this.#end(pending, stoppedEnding, "stopped");
  }

  /** A pod that hears of it says so now and then, and ends it itself when it falls silent. */
  async #endUnheard(pending: PendingJob, nowMs: number): Promise<void> {
    const heardAtMs = pending.plain_heard_at_ms ?? pending.queued_at_ms ?? pending.created_at_ms;
    if (nowMs - heardAtMs <= this.#unheardMs) return;
    await this.#end(pending, failedEnding("provider_timeout"), "provider_timeout");
  }

  /** Nobody has begun it. While it is in the queue it waits for somebody who will; then it is queued again, a few times. */
  async #queueAgain(pending: PendingJob): Promise<void> {
    const { message_id: messageId, generation } = pending.request;
    const { queue, outbox } = this.#ports;
    if (await queue.holds(pending.request)) return outbox.markQueued(messageId, generation);
    const requeues = pending.requeues + 1;
    if (requeues >= streamLimits.barrenAttempts) {
      await this.#end(pending, failedEnding("attempts_exhausted"), "attempts_exhausted");
      return;
    }
    await this.#enqueue(`${messageId}:${generation}.r${requeues}`, pending);
    await outbox.markQueued(messageId, generation, true);
  }

  async #end(pending: PendingJob, ending: PlainEnding, reason: SweptEvent["reason"]): Promise<boolean> {
    const attempt = pending.requeues + 1;
    const row = await endUnheard(this.#ports, pending.request, ending, attempt);
    if (row !== null) this.#observe({ kind: "swept", ...answerFacts(pending.request, null), attempt, reason });
    return row !== null;
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

  /** No worker will ever be given this job: its answer ends here, so that its session goes on. */
  async #giveUp({ request }: PendingJob, reason: UnqueueableJobError): Promise<void> {
    const { ledger, live } = this.#ports;
    const error = { code: "job_unqueueable", message: errorRegistry.job_unqueueable.meaning } as const;
    this.#failed(new Error(`${request.message_id} is given up: ${reason.message}`));
    const outcome = await ledger.finalize(unstartedAnswer(request, "error", error));
    if (outcome !== "stored") return;
    const { session_id, message_id, generation } = request;
    live.publish(subjects.sessionBroadcast(session_id), { persisted: { session_id, message_id, generation } });
  }

  /** Everything in the queue comes from the outbox, so a queue that broke is no loss: the next rounds fill a new one. */
  async #enqueue(id: string, pending: PendingJob): Promise<void> {
    const { queue, clock, rebuildQueue } = this.#ports;
    try {
      await queue.enqueue(id, pending.request);
      this.#refused = null;
    } catch (error) {
      if (error instanceof UnqueueableJobError) return this.#giveUp(pending, error);
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
