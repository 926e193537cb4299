import { AnswerProgress, type OpenedRecord } from "./answer-progress.ts";
import type { AnswerState, Journal, JournalRecord } from "./ports.ts";
import { isSeal } from "./seal.ts";

/** Every answer a journal holds a complete `opened` of, by message id: its highest generation and attempt there. */
export type JournalFold = ReadonlyMap<string, AnswerProgress>;

/** Puts a journal's records together, in the order they were committed. */
export class JournalFolder {
  readonly #answers = new Map<string, AnswerProgress>();
  readonly #parts = new Map<string, OpenedRecord[]>();

  take(record: JournalRecord): void {
    if (record.kind === "opened") this.#open(record);
    else if (record.kind === "chunk") {
      const { chunk } = record;
      const answer = this.#answers.get(chunk.message_id);
      // A chunk before its `opened` is complete in this journal belongs to an opening that was trimmed away.
      if (answer?.fold.generation === chunk.generation && answer.fold.attempt <= chunk.attempt) answer.apply(chunk);
    }
  }

  get answers(): JournalFold {
    return this.#answers;
  }

  #open(record: OpenedRecord): void {
    const key = `${record.message_id}:${record.generation}.${record.attempt}`;
    const parts = record.part === 0 ? [] : (this.#parts.get(key) ?? []);
    if (parts.length !== record.part) return;
    parts.push(record);
    if (parts.length < record.parts) {
      this.#parts.set(key, parts);
      return;
    }
    this.#parts.delete(key);
    const state = JSON.parse(parts.map((part) => part.state).join("")) as AnswerState;
    this.#answers.set(record.message_id, AnswerProgress.from(state));
  }
}

/**
 * Reads a sealed journal from a sequence (0: its beginning) to its seal. `gone`: it is empty. Throws when nothing answers
 * or an entry is missing in the middle: a fold that is not whole is worth nothing, the caller reads again.
 */
export async function foldSealedJournal(
  journal: Journal,
  workerId: string,
  fromSequence: number,
): Promise<JournalFold | "gone"> {
  const folder = new JournalFolder();
  let nextSequence = fromSequence;
  let nextNumber: number | null = null;
  for (;;) {
    const entries = await journal.read(workerId, nextSequence);
    if (entries.length === 0) {
      if (nextNumber === null && (await journal.tail(workerId)) === null) return "gone";
      throw new Error(`the journal of ${workerId} does not end in a seal`);
    }
    for (const { sequence, entry } of entries) {
      if (nextNumber !== null && entry.number !== nextNumber) {
        throw new Error(`entry ${nextNumber} of the journal of ${workerId} is missing`);
      }
      if (isSeal(entry)) return folder.answers;
      for (const record of entry.records) folder.take(record);
      nextNumber = entry.number + 1;
      nextSequence = sequence + 1;
    }
  }
}
