import { AnswerProgress } from "./answer-progress.ts";
import { foldSealedJournal, type JournalFold } from "./journal-fold.ts";
import { streamLimits } from "./limits.ts";
import type { Clock, Journal, StoredOwner } from "./ports.ts";
import { sealJournal } from "./seal.ts";

/** What a dead owner left of an answer. `lost`: its journals are gone, it can only begin under the next generation. */
export type Inheritance =
  | {
      readonly kind: "state";
      readonly progress: AnswerProgress;
      readonly opened: boolean;
      readonly base: string | null;
    }
  | { readonly kind: "lost" };

type Folding = Promise<JournalFold | "gone">;

/**
 * Seals journals of dead workers and reads what they hold. Folds are kept for a while and shared by all who need them: a
 * worker that dies with fifty answers leaves one journal, and whoever takes several of them reads it once.
 */
export class Takeover {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #by: string;
  /** By the part that was read and the worker. */
  readonly #folds = new Map<string, Folding>();

  constructor(journal: Journal, clock: Clock, by: string) {
    this.#journal = journal;
    this.#clock = clock;
    this.#by = by;
  }

  /**
   * Seals the worker's journal, then folds what was not over when it ended. Sealing comes first: before it, what is read
   * may still grow.
   */
  sealAndFold(workerId: string, reason: string, wanted: () => boolean): Folding {
    return this.#shared(`recent ${workerId}`, async () => {
      const sealed = await sealJournal(this.#journal, this.#clock, workerId, this.#by, reason, wanted);
      if (sealed === "gone") return "gone";
      const floor = (await this.#journal.tail(workerId))?.entry.floor ?? 0;
      return foldSealedJournal(this.#journal, workerId, floor);
    });
  }

  /**
   * Folds what lies before the part that concerns answers not stored: an answer that was over once, whose row was lost or
   * cannot be read, is there. From where its owner claimed it there is little; all of a journal is read once for all.
   */
  #foldFrom(workerId: string, sequence: number): Folding {
    if (sequence > 0) return foldSealedJournal(this.#journal, workerId, sequence);
    return this.#shared(`whole ${workerId}`, () => foldSealedJournal(this.#journal, workerId, 0));
  }

  /**
   * The state of an answer whose owner is gone: from the owner's journal where it holds a complete `opened`, else from
   * the base, else nothing was ever opened. May throw; the job is then tried again later.
   */
  async inherit(owner: StoredOwner, sessionId: string, messageId: string, wanted: () => boolean): Promise<Inheritance> {
    const { generation, worker_id, base, opened_after: openedAfter } = owner.record;
    const sources = base === null || base === worker_id ? [worker_id] : [worker_id, base];
    for (const source of sources) {
      const from = source === worker_id && openedAfter !== undefined ? openedAfter + 1 : 0;
      // The owner's whole part comes before the base: what the base holds may be shorter than what readers have seen.
      const foldings = [
        () => this.sealAndFold(source, `takes over ${messageId}`, wanted),
        () => this.#foldFrom(source, from),
      ];
      for (const folding of foldings) {
        const fold = await folding();
        if (fold === "gone") return { kind: "lost" };
        const progress = currentIn(fold, messageId, owner, source);
        if (progress === null) continue;
        return { kind: "state", progress: AnswerProgress.from(progress.state()), opened: true, base: source };
      }
    }
    if (base !== null) return { kind: "lost" };
    return { kind: "state", progress: new AnswerProgress(sessionId, messageId, generation), opened: false, base: null };
  }

  #shared(key: string, fold: () => Folding): Folding {
    const known = this.#folds.get(key);
    if (known !== undefined) return known;
    const folding = fold();
    this.#folds.set(key, folding);
    // One that failed, or found nothing yet, is tried again by whoever comes next.
    folding.then(
      (result) => result === "gone" && this.#folds.delete(key),
      () => this.#folds.delete(key),
    );
    for (const oldest of this.#folds.keys()) {
      if (this.#folds.size <= streamLimits.keptFolds) break;
      this.#folds.delete(oldest);
    }
    return folding;
  }
}

/** What a journal holds of the answer's present attempt; of the base, whatever attempt that was. */
function currentIn(fold: JournalFold, messageId: string, owner: StoredOwner, source: string): AnswerProgress | null {
  const { generation, attempt, base } = owner.record;
  const progress = fold.get(messageId);
  if (progress === undefined || progress.fold.generation !== generation) return null;
  return source === base || progress.fold.attempt === attempt ? progress : null;
}
