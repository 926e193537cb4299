import { type Chunk, type JournaledChunk, type Position, subjects } from "@uci/protocol";
import type { AnswerProgress, SizedRecord } from "./answer-progress.ts";
import type { AnswerRun } from "./answer-run.ts";
import { JournalTrimmer } from "./journal-trimmer.ts";
import { JournalWriter } from "./journal-writer.ts";
import { streamLimits } from "./limits.ts";
import { Peers } from "./peers.ts";
import type { Delivery, JournalRecord, Subscription } from "./ports.ts";
import { dueRenewal, floorOf, lastRenewal } from "./renewal.ts";
import { sealJournal } from "./seal.ts";
import { Takeover } from "./takeover.ts";
import { every, sleep } from "./waiting.ts";
import type { WorkerObserver, WorkerPorts, WorkerSettings } from "./worker-context.ts";

export type RunKeeper = {
  /** Works on one job until it is acknowledged, given back or lost. Never throws for what a retry can mend. */
  process(delivery: Delivery, incarnation: Incarnation): Promise<void>;
};

/**
 * A worker under one id, from its birth to its seal: its journal, the answers it runs, its heartbeat. When somebody
 * seals the journal, everything here is void at once and the next incarnation begins.
 */
export class Incarnation {
  readonly workerId: string;
  readonly ports: WorkerPorts;
  readonly writer: JournalWriter;
  readonly takeover: Takeover;
  readonly peers: Peers;
  readonly observe: WorkerObserver;
  /** Answers of this incarnation by message id: running, or finished and kept for late readers. */
  readonly runs = new Map<string, AnswerRun>();
  /** Those of them whose row is not written yet: all that an entry is made with, and far fewer. */
  readonly unstored = new Set<AnswerRun>();
  /** Messages being worked on, so that a second delivery is given back. */
  readonly busy = new Map<string, Delivery>();
  /** Resolves when this incarnation is over. */
  readonly over: Promise<void>;

  readonly #settings: WorkerSettings;
  readonly #keeper: RunKeeper;
  readonly trimmer: JournalTrimmer;
  #timers: (() => void)[] = [];
  #aliveSubscription: Subscription | null = null;
  #resolveOver: () => void = () => undefined;
  #ended = false;
  #sealsItself = false;
  #draining = false;
  #pulling = Promise.resolve();
  #committedEntries = 0;

  constructor(ports: WorkerPorts, settings: WorkerSettings, keeper: RunKeeper, observe: WorkerObserver) {
    this.workerId = `${settings.name}-${ports.nonce()}`;
    this.ports = ports;
    this.observe = observe;
    this.#settings = settings;
    this.#keeper = keeper;
    this.over = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
    this.writer = new JournalWriter(this.workerId, ports.journal, ports.clock, {
      committed: (records, sequence) => this.#committed(records, sequence),
      floor: () => floorOf(this.unstored),
      renewal: (isLast) => (isLast ? lastRenewal(this.unstored) : this.#renewal()),
      appended: (bytes, durationMs) => observe({ kind: "appended", bytes, durationMs }),
      fenced: () => this.#fenced(),
      congested: (full) => observe({ kind: "congested", full }),
    });
    this.takeover = new Takeover(ports.journal, ports.clock, this.workerId);
    this.peers = new Peers(this.workerId, ports.live, ports.clock, (workerId) => void this.#inheritFrom(workerId));
    this.trimmer = new JournalTrimmer(this, settings.trimDelayMs);
  }

  /** False once the journal is sealed or the incarnation told to end. */
  get lives(): boolean {
    return !this.#ended;
  }

  /** Writes `born` and takes up work; claims nothing before its ack. */
  async start(): Promise<void> {
    this.writer.push({ kind: "born", worker_id: this.workerId }, 100, "control");
    if ((await this.writer.flushed()) === "fenced") return;
    this.#aliveSubscription = await this.ports.live.subscribe(
      subjects.workerAlive(this.workerId),
      (message, _subject, reply) => {
        const { message_id: messageId } = message as { message_id?: string };
        reply?.({ worker_id: this.workerId, running: messageId !== undefined && this.busy.has(messageId) });
      },
    );
    await this.peers.start();
    if (this.#ended) return this.#release();
    const { clock } = this.ports;
    this.#timers = [
      every(clock, streamLimits.positionsMs, () => this.#tellPositions()),
      every(clock, streamLimits.jobExtendMs, () => this.#extend()),
      every(clock, streamLimits.ownTailCheckMs, () => this.#checkOwnTail()),
      every(clock, streamLimits.trimIntervalMs, () => void this.trimmer.trim()),
    ];
    this.observe({ kind: "born", worker_id: this.workerId });
    this.#pulling = this.#pull();
  }

  /** Takes no more jobs, lets what runs finish for `graceMs`, then hands the rest over. */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    const { clock } = this.ports;
    const untilMs = clock.nowMs() + graceMs;
    while (this.busy.size > 0 && !this.#ended && clock.nowMs() < untilMs) await sleep(clock, 25);
    // What is closed already only has to be written down: another would first have to read this whole journal.
    const storedByMs = clock.nowMs() + streamLimits.drainStoreMs;
    while (this.#isStoring() && !this.#ended && clock.nowMs() < storedByMs) await sleep(clock, 10);
    // Whoever goes on begins with what is written last.
    if (!this.#ended) await Promise.race([this.writer.finish(), sleep(clock, streamLimits.handOverMs)]);
    if (!this.#ended) await this.sealMyself("stops");
    await this.#pulling;
  }

  #isStoring(): boolean {
    return [...this.busy.keys()].some((messageId) => this.runs.get(messageId)?.isClosed === true);
  }

  /** Ends this incarnation by its own will: no word of it is committed after this, and others may go on. */
  async sealMyself(reason: string): Promise<void> {
    const unfinished = [...this.busy.values()];
    const attempts = new Map([...this.runs].map(([messageId, run]) => [messageId, run.attempt]));
    const floor = Math.min(floorOf(this.unstored) ?? this.writer.lastSequence, this.writer.lastSequence);
    this.#sealsItself = true;
    this.writer.abandon();
    const { journal, clock, queue } = this.ports;
    await sealJournal(journal, clock, this.workerId, this.workerId, reason, () => true, floor);
    const handOver = async (delivery: Delivery) => {
      const { message_id: messageId, generation } = delivery.job;
      try {
        // Its own name in the id: what was handed over to it would else be taken for what it hands over.
        const id = `${messageId}:${generation}.t${attempts.get(messageId) ?? 0}.${this.workerId}`;
        await queue.enqueue(id, delivery.job);
        await queue.ack(delivery);
      } catch {
        // The queue delivers it again by itself.
      }
    };
    await Promise.all(unfinished.map(handOver));
    this.peers.leave();
    this.observe({ kind: "handed_over", worker_id: this.workerId, answers: unfinished.length });
  }

  #renewal(): readonly SizedRecord[] {
    const leastAge = this.#settings.renewalEntries ?? streamLimits.renewalEntries;
    return dueRenewal(this.unstored, this.#committedEntries, leastAge);
  }

  /** Sends committed chunks on: one message a pod and entry, or to everybody where nobody knows the pods. */
  #committed(records: readonly JournalRecord[], sequence: number): void {
    const byPod = new Map<string, Chunk[]>();
    const bySession = new Map<string, Chunk[]>();
    let count = 0;
    this.#committedEntries++;
    for (const record of records) {
      if (record.kind === "opened") this.runs.get(record.message_id)?.opened(record, sequence, this.#committedEntries);
      if (record.kind !== "chunk") continue;
      count++;
      const run = this.runs.get(record.chunk.message_id);
      if (run === undefined) continue;
      this.#address(run, record.chunk, byPod, bySession);
    }
    for (const [podId, chunks] of byPod) this.ports.live.publish(subjects.podResponse(podId), chunks);
    for (const [sessionId, chunks] of bySession) this.ports.live.publish(subjects.sessionBroadcast(sessionId), chunks);
    if (count > 0) this.observe({ kind: "committed", chunks: count });
  }

  #address(run: AnswerRun, chunk: JournaledChunk, byPod: Map<string, Chunk[]>, bySession: Map<string, Chunk[]>): void {
    run.committed(chunk);
    if (run.broadcast) append(bySession, chunk.session_id, chunk);
    else for (const podId of run.podIds) append(byPod, podId, chunk);
  }

  #tellPositions(): void {
    const byPod = new Map<string, Position[]>();
    const bySession = new Map<string, Position[]>();
    // Once the row is final it is the last word, and pods that still lack something find it there.
    for (const run of this.unstored) {
      const { position } = run;
      if (run.broadcast) append(bySession, position.session_id, position);
      for (const podId of run.podIds) append(byPod, podId, position);
    }
    for (const [podId, positions] of byPod) this.ports.live.publish(subjects.podResponse(podId), { positions });
    for (const [sessionId, positions] of bySession) {
      this.ports.live.publish(subjects.sessionBroadcast(sessionId), { positions });
    }
  }

  async #pull(): Promise<void> {
    const { queue, clock } = this.ports;
    while (!this.#ended && !this.#draining) {
      const free = this.#settings.slots - this.busy.size;
      if (free <= 0) {
        // Without any slot it keeps house only: seals, sweeps, hands over.
        await sleep(clock, this.#settings.slots === 0 ? streamLimits.takeWaitMs : 25);
        continue;
      }
      try {
        for (const delivery of await queue.take(Math.min(free, streamLimits.takeAtOnce), streamLimits.takeWaitMs))
          this.#begin(delivery);
      } catch {
        await sleep(clock, streamLimits.askRetryFirstMs);
      }
    }
  }

  #begin(delivery: Delivery): void {
    const messageId = delivery.job.message_id;
    if (this.#ended || this.#draining || this.busy.has(messageId)) {
      // One task a message: with two, the second would take over from the first.
      void this.ports.queue.release(delivery, this.#draining ? 0 : streamLimits.jobReleaseMs).catch(() => undefined);
      return;
    }
    this.busy.set(messageId, delivery);
    this.#keeper
      .process(delivery, this)
      .catch(async (error: unknown) => {
        // Half done and unexplained: nobody may go on from memory, everybody may from the journal.
        const { correlation_id } = delivery.job;
        this.observe({ kind: "failed", worker_id: this.workerId, message_id: messageId, correlation_id, error });
        if (this.lives) await this.sealMyself("failed");
      })
      .finally(() => this.busy.delete(messageId));
  }

  #extend(): void {
    if (this.busy.size > 0) void this.ports.queue.extend([...this.busy.values()]).catch(() => undefined);
  }

  /** Thawed after a freeze, a worker whose journal was sealed meanwhile must notice although it has nothing to append. */
  #checkOwnTail(): void {
    const quietMs = this.ports.clock.nowMs() - this.writer.lastAppendMs;
    if (quietMs > streamLimits.quietAppendMs) {
      this.writer.push({ kind: "born", worker_id: this.workerId }, 100, "control");
    } else if (this.busy.size > 0 && quietMs >= streamLimits.ownTailCheckMs) {
      void this.writer.checkTail().catch(() => undefined);
    }
  }

  /** Seals a silent worker and queues its unfinished answers again, so that they spread over everybody. */
  async #inheritFrom(workerId: string): Promise<void> {
    const { outbox, queue } = this.ports;
    try {
      const fold = await this.takeover.sealAndFold(workerId, "silent", () => this.lives);
      this.observe({ kind: "sealed", worker_id: workerId, by: this.workerId });
      if (fold === "gone") return;
      const queueAgain = async ([messageId, { fold: last }]: readonly [string, AnswerProgress]) => {
        const pending = await outbox.find(messageId);
        if (pending === null || pending.request.generation !== last.generation) return;
        await queue.enqueue(`${messageId}:${last.generation}.t${last.attempt}`, pending.request);
      };
      // The queue's own redelivery and the sweeper bring back what fails here a little later.
      await Promise.allSettled([...fold].map(queueAgain));
    } catch {
      // So it is where the journal cannot be read.
    }
  }

  #fenced(): void {
    this.#ended = true;
    for (const run of this.runs.values()) run.drop();
    this.runs.clear();
    this.unstored.clear();
    this.#release();
    if (!this.#sealsItself) this.observe({ kind: "fenced", worker_id: this.workerId });
    this.#resolveOver();
  }

  #release(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers = [];
    this.#aliveSubscription?.close();
    this.peers.stop();
  }
}

function append<Item>(lists: Map<string, Item[]>, key: string, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
