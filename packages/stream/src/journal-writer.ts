import { streamLimits } from "./limits.ts";
import type { AppendPriority, Clock, Journal, JournalEntry, JournalRecord } from "./ports.ts";
import { isSeal } from "./seal.ts";
import { Backoff, sleep } from "./waiting.ts";

export type JournalWriterEvents = {
  /** An entry is committed; its records in order. Called before any waiter of `flushed` goes on. */
  committed(records: readonly JournalRecord[], sequence: number): void;
  /** The smallest sequence that an answer not stored yet needs; null: none needs any. Asked once an entry. */
  floor(): number | null;
  /**
   * Records to go before everything that waits, with their sizes. Asked before an entry is put together, when all that
   * was appended is known to be committed and reported. `isLast`: for the last time, all that would spare reading.
   */
  renewal(isLast: boolean): readonly { readonly record: JournalRecord; readonly bytes: number }[];
  /** An entry of about `bytes` took `durationMs` from sending to its acknowledgement. */
  appended(bytes: number, durationMs: number): void;
  /** Somebody sealed this journal. Called once; nothing of it is committed any more. */
  fenced(): void;
  /** The log refused an entry for want of room (true), or takes them again (false). */
  congested(full: boolean): void;
};

type Settled = "committed" | "fenced";
/** `isRenewal`: put in front, so nobody who waits for what was pushed has counted it. */
type Pending = {
  readonly record: JournalRecord;
  readonly bytes: number;
  readonly priority: AppendPriority;
  readonly isRenewal: boolean;
};
type NextEntry = { readonly entry: JournalEntry; readonly bytes: number; readonly taken: readonly Pending[] };
type Waiter = { readonly position: number; readonly resolve: (settled: Settled) => void };

/**
 * Writes the journal of one worker incarnation: one append at a time, and what arrives meanwhile goes together into
 * the next entry. What `committed` has reported is durable and stays; what it has not may be shown to nobody.
 */
export class JournalWriter {
  readonly #workerId: string;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #events: JournalWriterEvents;

  #pending: Pending[] = [];
  #waiters: Waiter[] = [];
  #pushed = 0;
  #settledRecords = 0;
  #nextNumber = 0;
  #lastSequence = 0;
  #running = false;
  #closed: Settled | null = null;
  #controlPending = 0;
  #lastEntryRecords = 0;
  #lastAppendTookMs = 0;
  #lastEntryRenewed = false;
  /** `due`: nothing is taken any more, and what follows is the last renewal. */
  #lastRenewal: "none" | "due" | "done" = "none";
  #stopped = Promise.resolve();
  lastAppendMs: number;
  uncommittedBytes = 0;

  constructor(workerId: string, journal: Journal, clock: Clock, events: JournalWriterEvents) {
    this.#workerId = workerId;
    this.#journal = journal;
    this.#clock = clock;
    this.#events = events;
    this.lastAppendMs = clock.nowMs();
  }

  /** Sequence of the last committed entry, 0 before the first. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** Adds a record of about `bytes` bytes. Its fate is told by `committed`, or by a later `flushed`. */
  push(record: JournalRecord, bytes: number, priority: AppendPriority): void {
    if (this.#closed !== null) return;
    // Counted although it is not taken: whoever waits for it learns that it never was committed.
    this.#pushed++;
    if (this.#lastRenewal !== "none") return;
    this.#pending.push({ record, bytes, priority, isRenewal: false });
    this.uncommittedBytes += bytes;
    if (priority === "control") this.#controlPending++;
    this.#start();
  }

  /**
   * Takes nothing any more and writes down what waits, behind a last renewal. Resolves when that is committed, or
   * nothing is written any more.
   */
  finish(): Promise<void> {
    if (this.#closed === null && this.#lastRenewal === "none") {
      this.#lastRenewal = "due";
      this.#start();
    }
    return this.#stopped;
  }

  /** Resolves when everything pushed before is committed, or the journal is fenced. */
  flushed(): Promise<Settled> {
    if (this.#closed !== null) return Promise.resolve(this.#closed);
    if (this.#settledRecords >= this.#pushed) return Promise.resolve("committed");
    return new Promise((resolve) => {
      this.#waiters.push({ position: this.#pushed, resolve });
    });
  }

  /** Looks whether somebody has sealed the journal while nothing was appended. May throw when nothing answers. */
  async checkTail(): Promise<void> {
    if (this.#closed !== null) return;
    const tail = await this.#journal.tail(this.#workerId);
    if (tail === null ? this.#lastSequence > 0 : isSeal(tail.entry)) this.#fence();
  }

  /** Nothing is written any more; used by an incarnation that has sealed itself. */
  abandon(): void {
    this.#fence();
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#stopped = this.#run();
  }

  async #run(): Promise<void> {
    while ((this.#pending.length > 0 || this.#lastRenewal === "due") && this.#closed === null) {
      if (this.#lastEntryRecords >= streamLimits.busyEntryRecords) await sleep(this.#clock, this.#lingerMs());
      else await Promise.resolve();
      this.#renew();
      if (this.#pending.length === 0) break;
      const next = this.#nextEntry();
      const sentAtMs = this.#clock.nowMs();
      const sequence = await this.#commit(next);
      if (sequence === null) break;
      this.#lastAppendTookMs = this.#clock.nowMs() - sentAtMs;
      this.#events.appended(next.bytes, this.#lastAppendTookMs);
      this.#settle(next, sequence);
    }
    this.#running = false;
  }

  /** A log that has much to do is given fewer and larger entries. */
  #lingerMs(): number {
    const { entryLingerLeastMs: least, entryLingerMostMs: most } = streamLimits;
    return Math.max(least, Math.min(this.#lastAppendTookMs, most));
  }

  /**
   * What an answer is renewed from is what is committed, so it goes before what waits; whole, and never twice in a row,
   * so that what waits gets its turn.
   */
  #renew(): void {
    // One renewal after the other: the parts of two would mix.
    if (this.#pending[0]?.isRenewal === true) return;
    const isLast = this.#lastRenewal === "due";
    if (isLast) this.#lastRenewal = "done";
    else if (this.#lastEntryRenewed) return;
    const records = this.#events.renewal(isLast);
    if (records.length === 0) return;
    this.#pending.unshift(...records.map((one) => ({ ...one, priority: "chunks" as const, isRenewal: true })));
    for (const { bytes } of records) this.uncommittedBytes += bytes;
  }

  #nextEntry(): NextEntry {
    let bytes = 0;
    let count = 0;
    for (const { bytes: recordBytes } of this.#pending) {
      if (count > 0 && bytes + recordBytes > streamLimits.entryBytes) break;
      bytes += recordBytes;
      count++;
    }
    const taken = this.#pending.splice(0, count);
    this.#controlPending -= taken.filter((item) => item.priority === "control").length;
    this.#lastEntryRecords = count;
    this.#lastEntryRenewed = taken.some(({ isRenewal }) => isRenewal);
    const records = taken.map((item) => item.record);
    const floor = Math.min(this.#events.floor() ?? this.#lastSequence, this.#lastSequence);
    return { entry: { number: this.#nextNumber, floor, records }, bytes, taken };
  }

  /** Appends until it is known what became of the entry: its sequence, or null when the journal is sealed. */
  async #commit({ entry, taken }: NextEntry): Promise<number | null> {
    const backoff = new Backoff(streamLimits.appendRetryFirstMs, streamLimits.appendRetryLastMs);
    let congested = false;
    const hasControl = taken.some(({ priority }) => priority === "control");
    while (this.#closed === null) {
      // A close behind chunks that find no room may use the room kept for closes, and takes the chunks along.
      const priority = hasControl || this.#controlPending > 0 ? "control" : "chunks";
      const outcome = await this.#journal.append(this.#workerId, entry, this.#lastSequence, priority);
      if (congested !== (outcome.kind === "full")) {
        congested = !congested;
        this.#events.congested(congested);
      }
      if (outcome.kind === "committed") return outcome.sequence;
      if (outcome.kind === "duplicate" || outcome.kind === "moved") {
        const verdict = await this.#whose(entry, outcome.kind === "duplicate" ? outcome.sequence : null);
        if (verdict === "fenced") {
          this.#fence();
          return null;
        }
        if (verdict !== "retry") return verdict.sequence;
      }
      await sleep(this.#clock, backoff.nextMs());
    }
    return null;
  }

  /** Reads what stands where the entry should be: mine, a seal, or still the one before it. */
  async #whose(entry: JournalEntry, sequence: number | null): Promise<{ sequence: number } | "fenced" | "retry"> {
    try {
      const stored =
        sequence === null ? await this.#journal.tail(this.#workerId) : await this.#journal.at(this.#workerId, sequence);
      if (stored === null) return sequence === null && this.#lastSequence === 0 ? "retry" : "fenced";
      if (isSeal(stored.entry)) return "fenced";
      if (stored.entry.number === entry.number) return { sequence: stored.sequence };
      return stored.entry.number === entry.number - 1 ? "retry" : "fenced";
    } catch {
      return "retry";
    }
  }

  #settle({ entry, bytes, taken }: NextEntry, sequence: number): void {
    this.#nextNumber = entry.number + 1;
    this.#lastSequence = sequence;
    for (const { isRenewal } of taken) if (!isRenewal) this.#settledRecords++;
    this.uncommittedBytes -= bytes;
    this.lastAppendMs = this.#clock.nowMs();
    if (this.#closed !== null) return;
    this.#events.committed(entry.records, sequence);
    this.#releaseWaiters();
  }

  #releaseWaiters(): void {
    while (this.#waiters.length > 0 && this.#waiters[0]!.position <= this.#settledRecords) {
      this.#waiters.shift()!.resolve("committed");
    }
  }

  #fence(): void {
    if (this.#closed !== null) return;
    this.#closed = "fenced";
    this.#pending = [];
    this.uncommittedBytes = 0;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.resolve("fenced");
    this.#events.fenced();
  }
}
