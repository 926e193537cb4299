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

/**
 * Seals journals of dead workers and reads what they hold. Folds are kept for a while: a worker that dies with fifty
 * answers leaves one journal, and whoever takes several of them reads it once.
 */
export class Takeover {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #by: string;
  readonly #folds = new Map<string, JournalFold>();

  constructor(journal: Journal, clock: Clock, by: string) {
    this.#journal = journal;
    this.#clock = clock;
    this.#by = by;
  }

  /** Seals the worker's journal, then folds it. Sealing comes first: before it, what is read may still grow. */
  async sealAndFold(workerId: string, reason: string, wanted: () => boolean): Promise<JournalFold | "gone"> {
    const kept = this.#folds.get(workerId);
    if (kept !== undefined) return kept;
    const sealed = await sealJournal(this.#journal, this.#clock, workerId, this.#by, reason, wanted);
    if (sealed === "gone") return "gone";
    const fold = await foldSealedJournal(this.#journal, workerId);
    if (fold !== "gone") this.#keep(workerId, fold);
    return fold;
  }

  /**
   * The state of an answer whose owner is gone: from the owner's journal where it holds a complete `opened`, else from
   * the base, else nothing was ever opened. May throw; the job is then tried again later.
   */
  async inherit(owner: StoredOwner, sessionId: string, messageId: string, wanted: () => boolean): Promise<Inheritance> {
    const { generation, attempt, worker_id, base } = owner.record;
    for (const source of base === null || base === worker_id ? [worker_id] : [worker_id, base]) {
      const fold = await this.sealAndFold(source, `takes over ${messageId}`, wanted);
      if (fold === "gone") return { kind: "lost" };
      const progress = fold.get(messageId);
      const current =
        progress?.fold.generation === generation && (source === base || progress.fold.attempt === attempt);
      if (progress !== undefined && current) {
        return { kind: "state", progress: AnswerProgress.from(progress.state()), opened: true, base: source };
      }
    }
    if (base !== null) return { kind: "lost" };
    return { kind: "state", progress: new AnswerProgress(sessionId, messageId, generation), opened: false, base: null };
  }

  #keep(workerId: string, fold: JournalFold): void {
    this.#folds.set(workerId, fold);
    for (const oldest of this.#folds.keys()) {
      if (this.#folds.size <= streamLimits.keptFolds) break;
      this.#folds.delete(oldest);
    }
  }
}
