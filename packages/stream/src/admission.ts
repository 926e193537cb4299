import { subjects, type WorkflowRequest } from "@uci/protocol";
import { unstartedAnswer } from "./final-answer.ts";
import type { AnswerLedger, LiveChannel, Outbox, WorkQueue } from "./ports.ts";

/** Answers of people who have as many running as they may: their jobs wait in the database, in no queue. */
export interface Admission {
  /**
   * Takes out those that may begin now, each once, oldest first, so that `running` of a person are open and not waiting:
   * of the person whose answer has ended; null: of everybody.
   */
  admit(endedMessageId: string | null, running: number): Promise<readonly WorkflowRequest[]>;
  /** The job of an answer that somebody has stopped while it waits, which will never be taken out; null: it does not wait. */
  withdrawn(messageId: string): Promise<WorkflowRequest | null>;
}

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
      vouchPlain: (vouched) => ledger.vouchPlain(vouched),
      vouchedPlain: (messageId) => ledger.vouchedPlain(messageId),
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
    try {
      const jobs = await this.#ports.admission.admit(endedMessageId, this.#running);
      await Promise.all(jobs.map((job) => this.#publish(job)));
    } catch (error) {
      this.#failed(error);
    }
  }

  /** What is not published now the sweeper finds as a job that never was. */
  async #publish(job: WorkflowRequest): Promise<void> {
    const { outbox, queue } = this.#ports;
    try {
      await queue.enqueue(`${job.message_id}:${job.generation}`, job);
      await outbox.markQueued(job.message_id, job.generation);
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
