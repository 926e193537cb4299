import { subjects, type WorkflowRequest } from "@uci/protocol";
import { unstartedAnswer } from "./final-answer.ts";
import type { Admission, AnswerLedger, LiveChannel, Outbox, WorkQueue } from "./ports.ts";

export type AdmissionPorts = {
  readonly admission: Admission;
  readonly outbox: Pick<Outbox, "markQueued">;
  readonly queue: Pick<WorkQueue, "enqueue">;
  readonly live: Pick<LiveChannel, "publish">;
};

/**
 * Keeps the queue free of hoards: of each person only so many jobs are in it, whose place others wait behind; the rest
 * wait in the database. Whoever stores the end of an answer publishes the next at once, and the sweeper makes good what
 * was missed.
 */
export class AnswerAdmission {
  readonly #ports: AdmissionPorts;
  readonly #running: number;
  readonly #failed: (error: unknown) => void;

  /** `running`: answers of one person that may be in the queue or run. */
  constructor(ports: AdmissionPorts, running: number, failed: (error: unknown) => void = () => undefined) {
    this.#ports = ports;
    this.#running = running;
    this.#failed = failed;
  }

  /** The ledger, by which the end of an answer lets the next one begin, and what still waits is stopped at once. */
  over(ledger: AnswerLedger): AnswerLedger {
    return {
      load: (messageId) => ledger.load(messageId),
      unfinished: (sessionIds, endedWithinMs) => ledger.unfinished(sessionIds, endedWithinMs),
      markPlain: (messageId, generation) => ledger.markPlain(messageId, generation),
      finalize: async (answer) => {
        const outcome = await ledger.finalize(answer);
        // Nobody who has stored an answer waits for another one's beginning.
        if (outcome === "stored") void this.admit(answer.message_id);
        return outcome;
      },
      requestStop: async (messageId) => {
        if (!(await ledger.requestStop(messageId))) return false;
        const waiting = await this.#ports.admission.withdrawn(messageId);
        if (waiting === null) return true;
        return !(await this.#end(ledger, waiting));
      },
    };
  }

  /** Publishes what may begin: of the person whose answer has ended, or of everybody. Never throws. */
  async admit(endedMessageId: string | null): Promise<void> {
    const { admission, outbox, queue } = this.#ports;
    try {
      for (const job of await admission.admit(endedMessageId, this.#running)) {
        await queue.enqueue(`${job.message_id}:${job.generation}`, job);
        await outbox.markQueued(job.message_id, job.generation);
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  async #end(ledger: AnswerLedger, job: WorkflowRequest): Promise<boolean> {
    const outcome = await ledger.finalize(unstartedAnswer(job, "stopped", null));
    if (outcome === "stored") {
      const { session_id, message_id, generation } = job;
      this.#ports.live.publish(subjects.sessionBroadcast(session_id), {
        persisted: { session_id, message_id, generation },
      });
    }
    return outcome === "stored";
  }
}
