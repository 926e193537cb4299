import { type AnswerStatus, isFinalStatus, type WorkflowRequest } from "@uci/protocol";
import type {
  AnswerLedger,
  AnswerRow,
  FinalAnswer,
  FinalizeOutcome,
  Outbox,
  PendingJob,
  VouchedPlain,
} from "../src/ports.ts";
import type { MortalProcess } from "./mortal-process.ts";
import { count, type Surroundings } from "./surroundings.ts";

export type StoredRow = AnswerRow & {
  readonly request: WorkflowRequest;
  readonly queuedAtMs: number | null;
  readonly createdAtMs: number;
  /** When it became final, since the beginning. */
  readonly finalAtMs: number | null;
  /** What was noted last of a plain answer, and when it was heard of. */
  readonly vouched: VouchedPlain | null;
  readonly heardAtMs: number | null;
  readonly requeues: number;
  /** Code of the error it ended with. */
  readonly errorCode: string | null;
};

const away = new Error("the database is away");

/** The database: may be away or slow, and may lose the acknowledgement of what it has done. */
export class SimulatedDatabase {
  readonly rows = new Map<string, StoredRow>();
  readonly #surroundings: Surroundings;
  /** Message id by idempotency key. */
  readonly #keys = new Map<string, string>();
  #lockedBy: MortalProcess | null = null;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  get isOver(): boolean {
    for (const row of this.rows.values()) if (!isFinalStatus(row.status)) return false;
    return true;
  }

  /** Stores a turn under an idempotency key; the same key again gives what was stored, and no second job. */
  acceptFrom(from: MortalProcess, key: string, request: WorkflowRequest) {
    return this.#ask(from, (): { readonly request: WorkflowRequest; readonly isNew: boolean } => {
      const known = this.#keys.get(key);
      if (known !== undefined) return { request: this.rows.get(known)!.request, isNew: false };
      this.#keys.set(key, request.message_id);
      const { message_id, session_id, user_id, generation } = request;
      this.rows.set(message_id, {
        ...{ message_id, session_id, user_id, generation, request, status: "queued" as AnswerStatus },
        ...{ stop_requested: false, text: "", reasoning: "", last_chunk_id: -1, finish_reason: null },
        ...{ token_count: 0, plain: false, queuedAtMs: null, finalAtMs: null },
        ...{ vouched: null, heardAtMs: null, requeues: 0, errorCode: null },
        createdAtMs: this.#surroundings.time.nowMs(),
      });
      return { request, isNew: true };
    });
  }

  ledgerFor(from: MortalProcess): AnswerLedger {
    const { rows } = this;
    return {
      load: (messageId) => this.#load(from, messageId),
      finalize: (answer) => this.#ask(from, () => this.#finalize(from, answer), "commits"),
      unfinished: (sessionIds, endedWithinMs = 0) =>
        this.#ask(from, () => {
          const sinceMs = this.#surroundings.time.elapsedMs - endedWithinMs;
          const listed = (row: StoredRow) => row.finalAtMs === null || row.finalAtMs > sinceMs;
          return [...rows.values()].filter((row) => sessionIds.includes(row.session_id) && listed(row));
        }),
      requestStop: (messageId) =>
        this.#ask(from, () => {
          const wished = this.#change(messageId, null, (row) => ({ ...row, stop_requested: true }));
          if (wished !== null) this.#surroundings.truth.stopWished(messageId);
          return wished !== null;
        }),
      markPlain: (messageId, generation) =>
        this.#ask(from, () => {
          const heardAtMs = this.#surroundings.time.nowMs();
          return this.#change(messageId, generation, (row) => ({ ...row, plain: true, heardAtMs })) !== null;
        }),
      vouchPlain: (vouched) => this.#ask(from, () => this.#vouch(vouched)),
      vouchedPlain: (messageId) => this.#ask(from, () => rows.get(messageId)?.vouched ?? null),
    };
  }

  outboxFor(from: MortalProcess): Outbox {
    const { rows } = this;
    return {
      pending: (after, most) =>
        this.#ask(from, () => {
          const open = [...rows.values()].filter((row) => !isFinalStatus(row.status));
          const start = after === null ? 0 : open.findIndex((row) => row.message_id === after) + 1;
          return open.slice(start, start + most).map(pendingJob);
        }),
      find: (messageId) =>
        this.#ask(from, () => {
          const row = rows.get(messageId);
          return row === undefined || isFinalStatus(row.status) ? null : pendingJob(row);
        }),
      markQueued: (messageId, generation, again = false) =>
        this.#ask(from, () => {
          const queuedAtMs = this.#surroundings.time.nowMs();
          const requeued = again ? 1 : 0;
          this.#change(messageId, generation, (row) => ({ ...row, queuedAtMs, requeues: row.requeues + requeued }));
        }),
      raiseGeneration: (messageId, generation) => this.#ask(from, () => this.#raise(messageId, generation)),
      exclusively: (task) => this.#exclusively(from, task),
      removeExpired: () => this.#ask(from, () => undefined),
    };
  }

  async #load(from: MortalProcess, messageId: string): Promise<AnswerRow | null> {
    try {
      return await this.#ask(from, () => this.rows.get(messageId) ?? null);
    } catch (error) {
      this.#surroundings.truth.loadFailed(messageId);
      throw error;
    }
  }

  #finalize(from: MortalProcess, answer: FinalAnswer): FinalizeOutcome {
    const row = this.rows.get(answer.message_id);
    if (row === undefined) return "gone";
    if (isFinalStatus(row.status)) return "already_final";
    if (row.generation !== answer.generation) return "superseded";
    const { status, text, reasoning, last_chunk_id, finish_reason, token_count } = answer;
    const finalAtMs = this.#surroundings.time.elapsedMs;
    const errorCode = answer.error?.code ?? null;
    const final = { ...row, status, text, reasoning, last_chunk_id, finish_reason, token_count, finalAtMs, errorCode };
    this.rows.set(answer.message_id, final);
    this.#surroundings.story.tell("database", () => `${from.name} stores ${answer.message_id} as ${status}`);
    this.#surroundings.truth.rowFinal(answer);
    return "stored";
  }

  #vouch(vouched: VouchedPlain): void {
    const { message_id, generation, last_chunk_id, heard_ago_ms } = vouched;
    const atMs = this.#surroundings.time.nowMs() - heard_ago_ms;
    this.#change(message_id, generation, (row) => {
      const isMore = last_chunk_id > (row.vouched?.last_chunk_id ?? -1);
      const heardAtMs = Math.max(row.heardAtMs ?? 0, atMs);
      return row.plain ? { ...row, heardAtMs, vouched: isMore ? vouched : row.vouched } : row;
    });
  }

  #raise(messageId: string, generation: number): WorkflowRequest | null {
    const raised = this.#change(messageId, generation, (row) => ({
      ...row,
      generation: generation + 1,
      request: { ...row.request, generation: generation + 1 },
      ...{ plain: false, vouched: null, heardAtMs: null, requeues: 0 },
    }));
    if (raised !== null) this.#surroundings.truth.generationRaised(messageId, generation + 1);
    return raised?.request ?? null;
  }

  #change(messageId: string, generation: number | null, change: (row: StoredRow) => StoredRow): StoredRow | null {
    const row = this.rows.get(messageId);
    if (row === undefined || isFinalStatus(row.status)) return null;
    if (generation !== null && row.generation !== generation) return null;
    const changed = change(row);
    this.rows.set(messageId, changed);
    return changed;
  }

  /** A lock that ends with the process that has it; a frozen one keeps it. */
  async #exclusively(from: MortalProcess, task: () => Promise<void>): Promise<boolean> {
    const locked = await this.#ask(from, () => {
      if (this.#lockedBy !== null && !this.#lockedBy.isDead) return false;
      this.#lockedBy = from;
      return true;
    });
    if (!locked) return false;
    try {
      await task();
    } finally {
      if (this.#lockedBy === from) this.#lockedBy = null;
    }
    return true;
  }

  #ask<Result>(from: MortalProcess, operate: () => Result, commits?: "commits"): Promise<Result> {
    const { time, random, weather } = this.#surroundings;
    return new Promise((resolve, reject) => {
      const fail = (fault: string, delayMs: number) => {
        count(this.#surroundings, fault);
        this.#surroundings.truth.databaseFailed();
        time.after(delayMs, () => from.receive(() => reject(away)));
      };
      from.leave(() => {
        if (weather.databaseAway) return fail("database away", random.between(0, 400));
        time.after(random.chance(weather.databaseSlow) ? random.between(100, 2_000) : random.between(0, 2), () => {
          if (weather.databaseAway) return fail("database away", random.between(0, 100));
          const result = operate();
          from.done();
          if (commits !== undefined && random.chance(weather.databaseLost)) return fail("commit unheard", 300);
          time.after(random.between(0, 1), () => from.receive(() => resolve(result)));
        });
      });
    });
  }
}

function pendingJob(row: StoredRow): PendingJob {
  const { request, queuedAtMs, createdAtMs, stop_requested, plain, heardAtMs, requeues } = row;
  const times = { queued_at_ms: queuedAtMs, created_at_ms: createdAtMs, plain_heard_at_ms: heardAtMs };
  return { request, ...times, stop_requested, plain, requeues };
}
