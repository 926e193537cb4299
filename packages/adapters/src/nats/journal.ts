import { jetStreamNames, journalPartitionOf, subjects } from "@uci/protocol";
import type { AppendOutcome, AppendPriority, Journal, JournalEntry, StoredEntry } from "@uci/stream";
import { appendOutcome } from "./append.ts";
import type { ChunkTexts } from "./chunk-texts.ts";
import { FillLevel } from "./fill-level.ts";
import type { JetStream, StoredMessage } from "./jetstream.ts";
import { natsLimits as limits } from "./limits.ts";
import { streamSize } from "./streams.ts";

/** What JetStream stores beside an entry's own bytes: subject, headers, framing; about. */
const overheadBytes = 200;

/** Part of a page. */
type Lane = { readonly messages: readonly StoredMessage[]; readonly isWhole: boolean };

/** Journals in JetStream: a subject a worker incarnation, in as many streams as there are partitions. */
export class NatsJournal implements Journal {
  readonly #jetStream: JetStream;
  readonly #partitions: number;
  readonly #report: (error: unknown) => void;
  readonly #levels: readonly FillLevel[];
  readonly #texts: ChunkTexts;

  constructor(jetStream: JetStream, partitions: number, texts: ChunkTexts, report: (error: unknown) => void) {
    this.#jetStream = jetStream;
    this.#texts = texts;
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
      const payload = this.#texts.entry(entry);
      const reply = await this.#jetStream.store(subjects.journal(partition, workerId), payload, {
        stream: jetStreamNames.journal(partition),
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
   * The stretch up to the journal's last entry is cut into lanes that are read side by side, each by one get after
   * another: no get is in vain where other journals lie between, and no lane waits for another. What is stored after
   * the look at the last entry is for the next page.
   */
  async read(workerId: string, fromSequence: number): Promise<readonly StoredEntry[]> {
    const { stream, subject } = this.#placeOf(workerId);
    const [first, tail] = await Promise.all([
      this.#jetStream.message(stream, { seq: Math.max(1, fromSequence), next_by_subj: subject }),
      this.#jetStream.message(stream, { last_by_subj: subject }),
    ]);
    // Appended between the two looks, it is for the next page.
    if (first === null || tail === null || tail.sequence < first.sequence) return [];
    if (tail.sequence === first.sequence) return [storedEntry(tail)];
    const from = first.sequence;
    const end = Math.min(tail.sequence + 1, from + limits.pageSequences);
    const width = Math.max(limits.laneSequences, Math.ceil((end - from) / limits.readLanes));
    const lanes: Promise<Lane>[] = [];
    for (let start = from; start < end; start += width) {
      lanes.push(this.#lane(workerId, start, Math.min(end, start + width)));
    }
    const found: StoredEntry[] = [];
    for (const { messages, isWhole } of await Promise.all(lanes)) {
      found.push(...messages.map(storedEntry));
      // What lies behind a lane that was not read to its end is left to the next page.
      if (!isWhole) return found;
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

  /** The entries from one sequence up to before another; not whole where they are more than a page may hold. */
  async #lane(workerId: string, from: number, end: number): Promise<Lane> {
    const { stream, subject } = this.#placeOf(workerId);
    const messages: StoredMessage[] = [];
    let bytes = 0;
    for (let next = from; next < end; next = messages.at(-1)!.sequence + 1) {
      if (bytes > limits.laneBytes) return { messages, isWhole: false };
      const message = await this.#jetStream.message(stream, { seq: next, next_by_subj: subject });
      if (message === null || message.sequence >= end) break;
      messages.push(message);
      bytes += message.data.length;
    }
    return { messages, isWhole: true };
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
