import { isFinalStatus, type ReadReply, subjects } from "@uci/protocol";
import { streamLimits } from "./limits.ts";
import type { LiveAnswer } from "./live-answer.ts";
import type { PodEvent } from "./pod-events.ts";
import type { AnswerLedger, AnswerRow, Clock, LiveChannel } from "./ports.ts";

export type RecoveryPorts = {
  readonly live: LiveChannel;
  readonly ledger: AnswerLedger;
  readonly clock: Clock;
};

/** What the pod does with what is found. */
export type RecoveryActions = {
  /** Whether it is followed still: what comes back for one forgotten meanwhile says nothing of the one followed anew. */
  isFollowed(answer: LiveAnswer): boolean;
  /** Whether anybody lacks something of it. */
  isWanted(answer: LiveAnswer): boolean;
  want(answer: LiveAnswer): void;
  /** It is in a session of this user. */
  own(answer: LiveAnswer, userId: string): void;
  /** More of it is here. */
  grown(answer: LiveAnswer): void;
  /** Its text was not that of its row and has been replaced. */
  replaced(answer: LiveAnswer): void;
  forget(answer: LiveAnswer): void;
};

/** Finds what a pod lacks of an answer: at its owner, or in its row where there is no owner any more. */
export class AnswerRecovery {
  readonly #podId: string;
  readonly #ports: RecoveryPorts;
  readonly #actions: RecoveryActions;
  readonly #observe: (event: PodEvent) => void;

  constructor(podId: string, ports: RecoveryPorts, actions: RecoveryActions, observe: (event: PodEvent) => void) {
    this.#podId = podId;
    this.#ports = ports;
    this.#actions = actions;
    this.#observe = observe;
  }

  /** Whether this pod's own text is as new as the owner's, as far as can be known. */
  isCurrent(answer: LiveAnswer): boolean {
    if (answer.finalRow !== null) return true;
    const silentMs = this.#ports.clock.nowMs() - answer.heardAtMs;
    return answer.begun && !answer.isBehind && silentMs < streamLimits.recoveringMs && answer.fold.nextChunkId > 0;
  }

  /** Reads what is missing from the owner, or from the row where there is no owner. True when it is all here. */
  ask(answer: LiveAnswer): Promise<boolean> {
    answer.asking ??= this.#readOwner(answer).finally(() => {
      answer.asking = null;
    });
    return answer.asking;
  }

  /** Takes the row where it is final; otherwise the question is asked again later. */
  async loadRow(answer: LiveAnswer): Promise<boolean> {
    answer.askAfterMs = this.#ports.clock.nowMs() + answer.backoff.nextMs();
    let row: AnswerRow | null;
    try {
      row = await this.#ports.ledger.load(answer.messageId);
    } catch {
      return false;
    }
    if (!this.#actions.isFollowed(answer)) return true;
    if (row !== null) this.#actions.own(answer, row.user_id);
    const final = row !== null && isFinalStatus(row.status);
    this.#observe({ kind: "asked", message_id: answer.messageId, outcome: final ? "row" : "nothing" });
    if (row === null || (final && !this.#actions.isWanted(answer))) {
      this.#actions.forget(answer);
      return true;
    }
    this.#actions.want(answer);
    if (final) this.finalize(answer, row);
    // Nothing has begun yet: there is nothing to miss.
    return final || !answer.begun;
  }

  /** The row is final: it is the last word, and readers that were shown anything else are sent it. */
  finalize(answer: LiveAnswer, row: AnswerRow): void {
    if (answer.finalRow !== null) return;
    this.#actions.own(answer, row.user_id);
    const agreed = answer.finalize(row, this.#ports.clock.nowMs());
    if (agreed) this.#actions.grown(answer);
    else {
      this.#observe({ kind: "hash_mismatch", message_id: answer.messageId });
      this.#actions.replaced(answer);
    }
  }

  /** A worker of the release before, or a third party's, does not say whose the answer is. */
  async #learnOwner(answer: LiveAnswer): Promise<void> {
    try {
      const row = await this.#ports.ledger.load(answer.messageId);
      if (row !== null && this.#actions.isFollowed(answer)) this.#actions.own(answer, row.user_id);
    } catch {
      // The database is away; the next listing says it.
    }
  }

  async #readOwner(answer: LiveAnswer): Promise<boolean> {
    if (answer.fold.close !== null) return this.loadRow(answer);
    const { clock, live } = this.#ports;
    const wasBehind = answer.isBehind;
    for (;;) {
      const { fold } = answer;
      const question = { from: fold.nextChunkId - 1, generation: fold.generation, pod_id: this.#podId };
      const subject = subjects.messageRead(answer.messageId);
      const outcome = await live.request(subject, question, streamLimits.readTimeoutMs);
      if (!this.#actions.isFollowed(answer)) return true;
      if (outcome.kind !== "reply") return this.loadRow(answer);
      const reply = outcome.message as ReadReply;
      // A third party may answer with anything.
      if (!Array.isArray(reply?.chunks)) return this.loadRow(answer);
      if (reply.stored && !this.#actions.isWanted(answer)) {
        this.#actions.forget(answer);
        return true;
      }
      // A row says whose it is now; the owner only whose it was when the job was taken.
      if (answer.ownerId === null && typeof reply.user_id === "string") this.#actions.own(answer, reply.user_id);
      this.#actions.want(answer);
      if (!answer.page(reply, clock.nowMs())) return this.loadRow(answer);
      this.#actions.grown(answer);
      if (answer.ownerId === null) void this.#learnOwner(answer);
      if (reply.more) continue;
      this.#observe({ kind: "asked", message_id: answer.messageId, outcome: "page" });
      if (wasBehind && !answer.isBehind) this.#observe({ kind: "gap_repaired", message_id: answer.messageId });
      answer.backoff.reset();
      answer.askAfterMs = clock.nowMs() + streamLimits.gapRepairMs;
      return true;
    }
  }
}
