import { isFinalStatus } from "@uci/protocol";
import type { AnswerRun } from "./answer-run.ts";
import type { JournalWriter } from "./journal-writer.ts";
import type { WorkerPorts } from "./worker-context.ts";

/** The incarnation whose journal is trimmed. */
export type TrimmedWorker = {
  readonly workerId: string;
  readonly ports: Pick<WorkerPorts, "journal" | "owners" | "ledger" | "clock">;
  readonly runs: ReadonlyMap<string, AnswerRun>;
  readonly writer: JournalWriter;
  readonly lives: boolean;
};

/**
 * Removes what no unfinished answer needs from a worker's own journal. Waits after a row's commit and reads the row
 * again: a database without a synchronous standby may lose its last seconds, and then the journal is all there is.
 */
export class JournalTrimmer {
  readonly #worker: TrimmedWorker;
  readonly #delayMs: number;
  /** Finished answers whose entries are still needed: first sequence and time of the row's commit. */
  readonly #waiting = new Map<string, { sequence: number; storedAtMs: number }>();

  constructor(worker: TrimmedWorker, delayMs: number) {
    this.#worker = worker;
    this.#delayMs = delayMs;
  }

  /** An answer of this journal has been stored; called before it is forgotten. */
  stored(messageId: string, sequence: number, storedAtMs: number): void {
    this.#waiting.set(messageId, { sequence, storedAtMs });
  }

  async trim(): Promise<void> {
    const { ports, runs, workerId, writer } = this.#worker;
    const nowMs = ports.clock.nowMs();
    const waitingBefore = this.#waiting.size;
    for (const [messageId, { storedAtMs }] of this.#waiting) {
      if (nowMs - storedAtMs < this.#delayMs) continue;
      try {
        const row = await ports.ledger.load(messageId);
        if (row !== null && !isFinalStatus(row.status)) continue;
        await ports.owners.forget(messageId);
        this.#waiting.delete(messageId);
      } catch {
        // Nothing is lost by trimming later.
      }
    }
    const isIdle = this.#waiting.size === 0 && [...runs.values()].every((run) => run.storedAtMs !== null);
    if (isIdle && this.#waiting.size < waitingBefore && this.#worker.lives) {
      // The last entry always stays, and its text with it until something follows.
      writer.push({ kind: "born", worker_id: workerId }, 100, "control");
      if ((await writer.flushed()) === "fenced") return;
    }
    let before = writer.lastSequence;
    for (const run of runs.values()) if (run.storedAtMs === null) before = Math.min(before, run.openedSequence ?? 0);
    for (const { sequence } of this.#waiting.values()) before = Math.min(before, sequence);
    if (before > 0 && this.#worker.lives) await ports.journal.trim(workerId, before).catch(() => undefined);
  }
}
