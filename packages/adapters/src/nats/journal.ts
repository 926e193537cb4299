import { jetStreamNames, journalPartitionOf, subjects } from "@uci/protocol";
import type { AppendOutcome, AppendPriority, Journal, JournalEntry, StoredEntry } from "@uci/stream";
import { appendOutcome } from "./append.ts";
import { FillLevel } from "./fill-level.ts";
import type { JetStream, StoredMessage } from "./jetstream.ts";
import { natsLimits as limits } from "./limits.ts";
import { streamSize } from "./streams.ts";

/** What JetStream stores beside an entry's own bytes: subject, headers, framing; about. */
const overheadBytes = 200;

/** Journals in JetStream: a subject a worker incarnation, in as many streams as there are partitions. */
export class NatsJournal implements Journal {
  readonly #jetStream: JetStream;
  readonly #partitions: number;
  readonly #report: (error: unknown) => void;
  readonly #levels: readonly FillLevel[];

  constructor(jetStream: JetStream, partitions: number, report: (error: unknown) => void) {
    this.#jetStream = jetStream;
    this.#partitions = partitions;
    this.#report = report;
    this.#levels = Array.from(
      { length: partitions },
      (_, partition) => new FillLevel(() => streamSize(jetStream, jetStreamNames.journal(partition))),
    );
  }

  async append(
    workerId: string,
    entry: JournalEntry,
    afterSequence: number,
    priority: AppendPriority,
  ): Promise<AppendOutcome> {
    try {
      const partition = journalPartitionOf(workerId, this.#partitions);
      const level = this.#levels[partition];
      const isPast = level?.isPastChunkShare(Date.now()) ?? false;
      if (isPast && priority === "chunks") return { kind: "full" };
      const payload = JSON.stringify(entry);
      const reply = await this.#jetStream.store(subjects.journal(partition, workerId), payload, {
        identity: `${workerId}:${entry.number}`,
        timeoutMs: limits.appendTimeoutMs,
        afterSequence,
      });
      const outcome = appendOutcome(reply, this.#report);
      if (outcome.kind === "committed") level?.add(Buffer.byteLength(payload) + overheadBytes);
      return outcome;
    } catch (error) {
      this.#report(error);
      return { kind: "unknown" };
    }
  }

  /**
   * Many gets at once instead of one after another: each asks for the first entry from its own sequence on, the
   * sequences being consecutive. Whatever entry there is up to the last get's answer is the answer of one of them, so
   * together they leave out nothing; what several found is taken once. Gets after one that found nothing are not
   * looked at: entries that were appended meanwhile may have shown themselves to a later get and not to an earlier one.
   */
  async read(workerId: string, fromSequence: number): Promise<readonly StoredEntry[]> {
    const found: StoredEntry[] = [];
    let from = Math.max(1, fromSequence);
    let width: number = limits.readFirstWidth;
    let bytes = 0;
    while (found.length < limits.pageEntries && bytes < limits.pageBytes) {
      const { messages, atEnd } = await this.#round(workerId, from, width);
      for (const message of messages) {
        found.push(storedEntry(message));
        bytes += message.data.length;
      }
      const last = messages.at(-1);
      if (atEnd || last === undefined) break;
      from = last.sequence + 1;
      // Where other journals lie between, most gets find the same entry: fewer of them do as well.
      width = messages.length * 2 >= width ? limits.readMostWidth : Math.max(limits.readLeastWidth, width / 4);
    }
    return found;
  }

  async at(workerId: string, sequence: number): Promise<StoredEntry | null> {
    if (sequence < 1) return null;
    const { stream, subject } = this.#placeOf(workerId);
    const message = await this.#jetStream.message(stream, { seq: sequence });
    // Another worker's entry, when it stands at this sequence of the shared stream.
    return message === null || message.subject !== subject ? null : storedEntry(message);
  }

  async tail(workerId: string): Promise<StoredEntry | null> {
    const { stream, subject } = this.#placeOf(workerId);
    const message = await this.#jetStream.message(stream, { last_by_subj: subject });
    return message === null ? null : storedEntry(message);
  }

  async trim(workerId: string, beforeSequence: number): Promise<void> {
    const { stream, subject } = this.#placeOf(workerId);
    const last = await this.#jetStream.message(stream, { last_by_subj: subject });
    if (last === null || beforeSequence < 2) return;
    await this.#jetStream.purge(stream, subject, Math.min(beforeSequence, last.sequence));
  }

  /** One round of gets: its entries in order, each once, and whether there are none after them. */
  async #round(workerId: string, from: number, width: number): Promise<{ messages: StoredMessage[]; atEnd: boolean }> {
    const { stream, subject } = this.#placeOf(workerId);
    const gets = Array.from({ length: width }, (_, index) =>
      this.#jetStream.message(stream, { seq: from + index, next_by_subj: subject }),
    );
    const messages: StoredMessage[] = [];
    for (const answer of await Promise.all(gets)) {
      if (answer === null) return { messages, atEnd: true };
      if (answer.sequence > (messages.at(-1)?.sequence ?? 0)) messages.push(answer);
    }
    return { messages, atEnd: false };
  }

  #placeOf(workerId: string): { stream: string; subject: string } {
    const partition = journalPartitionOf(workerId, this.#partitions);
    return { stream: jetStreamNames.journal(partition), subject: subjects.journal(partition, workerId) };
  }
}

function storedEntry({ sequence, data }: StoredMessage): StoredEntry {
  const entry = JSON.parse(data.toString("utf8")) as JournalEntry;
  if (!Number.isInteger(entry?.number) || !Array.isArray(entry.records)) {
    throw new Error(`what the journal holds at ${sequence} is no entry`);
  }
  return { sequence, entry };
}
