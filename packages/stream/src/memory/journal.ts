import type { AppendOutcome, Clock, Journal, JournalEntry, StoredEntry } from "../ports.ts";
import { SequencedLog } from "./sequenced-log.ts";

const pageEntries = 256;

/** Journals that live as long as the process: for one process alone, where a restart begins unfinished answers anew. */
export class MemoryJournal implements Journal {
  readonly #log: SequencedLog<JournalEntry>;

  constructor(clock: Clock) {
    this.#log = new SequencedLog(clock);
  }

  async append(workerId: string, entry: JournalEntry, afterSequence: number): Promise<AppendOutcome> {
    return this.#log.append(workerId, `${workerId}:${entry.number}`, entry, afterSequence);
  }

  async read(workerId: string, fromSequence: number): Promise<readonly StoredEntry[]> {
    const items = this.#log.items(workerId);
    const start = items.findIndex((item) => item.sequence >= fromSequence);
    return start === -1 ? [] : items.slice(start, start + pageEntries).map(storedEntry);
  }

  async at(workerId: string, sequence: number): Promise<StoredEntry | null> {
    const item = this.#log.items(workerId).find((candidate) => candidate.sequence === sequence);
    return item === undefined ? null : storedEntry(item);
  }

  async tail(workerId: string): Promise<StoredEntry | null> {
    const item = this.#log.last(workerId);
    return item === null ? null : storedEntry(item);
  }

  async trim(workerId: string, beforeSequence: number): Promise<void> {
    this.#log.trim(workerId, beforeSequence);
  }
}

function storedEntry(item: { sequence: number; value: JournalEntry }): StoredEntry {
  return { sequence: item.sequence, entry: item.value };
}
