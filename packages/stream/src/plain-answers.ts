import { type FinishReason, isFinalStatus, type ReadReply, type StopReply, subjects, wireLimits } from "@uci/protocol";
import { type PlainTimes, plainTimes, streamLimits } from "./limits.ts";
import type { LiveAnswer } from "./live-answer.ts";
import { answerPage } from "./page.ts";
import { failedEnding, heardAnswer, type PlainEnding, plainStored, stoppedEnding, storePlain } from "./plain-ending.ts";
import type { PodEvent } from "./pod-events.ts";
import type { AnswerLedger, AnswerRow, Clock, LiveChannel, Subscription } from "./ports.ts";
import { Backoff, sleep, untilDone } from "./waiting.ts";

type PlainAnswer = {
  readonly answer: LiveAnswer;
  /** Why a chunk of it was refused, which counts as missing; null: none was. */
  refusal: string | null;
  /** The row has been read: the message exists, is of that session and not final. */
  admitted: boolean;
  admitting: Promise<void> | null;
  storing: Promise<void> | null;
  stopping: Promise<void> | null;
  lookedAtMs: number;
  /** When something new of it was heard last. */
  newsAtMs: number;
  /** Whether something new was heard since that was last written down, and when that is next due. */
  hasNews: boolean;
  vouchAtMs: number;
  /** The chunk that is waited for, and since when. */
  missing: { readonly chunkId: number; readonly sinceMs: number } | null;
  /** Where it is asked for and stopped. */
  subscriptions: readonly Subscription[];
  isOver: boolean;
};

export type PlainPorts = {
  readonly live: LiveChannel;
  readonly ledger: AnswerLedger;
  readonly clock: Clock;
  /** Absent: those of `plainTimes`. */
  readonly plainTimes?: PlainTimes | undefined;
};

export type PlainActions = {
  /** The message exists and is of that session. */
  admitted(answer: LiveAnswer, row: AnswerRow): void;
  /** The row is final. */
  stored(answer: LiveAnswer, row: AnswerRow): void;
  /** There is no such answer, or not under this session. */
  refused(answer: LiveAnswer): void;
};

/**
 * Answers of plain workflows: a third party's, without journal. The pods that hear them put them in order, keep them in
 * memory, whoever shows them, give each other what one of them lacks, and store each once after its final chunk; several
 * may try, one does. A missing chunk or a long silence ends an answer with an error and the text that is there. Now and
 * then they write down that they have heard of it, so that a sweeper can tell when nobody does. Rules PL1 to PL12 of SPEC.md.
 */
export class PlainAnswers {
  readonly #ports: PlainPorts;
  readonly #times: PlainTimes;
  readonly #actions: PlainActions;
  readonly #observe: (event: PodEvent) => void;
  readonly #answers = new Map<string, PlainAnswer>();
  #stopped = false;

  constructor(ports: PlainPorts, actions: PlainActions, observe: (event: PodEvent) => void) {
    this.#ports = ports;
    this.#times = ports.plainTimes ?? plainTimes;
    this.#actions = actions;
    this.#observe = observe;
  }

  has(messageId: string): boolean {
    return this.#answers.has(messageId);
  }

  /** Ends all waiting. What this pod knows is written down: another goes on with it, or a sweeper ends it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const entries = [...this.#answers.values()];
    for (const entry of entries) this.#leave(entry);
    await Promise.all(entries.map((entry) => this.#vouch(entry)));
  }

  /** Takes note of what a plain chunk has made of its answer. */
  took(answer: LiveAnswer): void {
    const known = this.#answers.get(answer.messageId);
    const nowMs = this.#ports.clock.nowMs();
    if (known?.answer === answer) {
      known.newsAtMs = nowMs;
      known.hasNews = true;
      this.#storeIfOver(known);
      return;
    }
    // One that was forgotten meanwhile and is followed anew.
    if (known !== undefined) this.#leave(known);
    const entry: PlainAnswer = {
      ...{ answer, admitted: false, admitting: null, storing: null, stopping: null, missing: null, refusal: null },
      ...{ lookedAtMs: nowMs, newsAtMs: nowMs, hasNews: true, vouchAtMs: nowMs + this.#times.vouchMs },
      ...{ subscriptions: [], isOver: false },
    };
    this.#answers.set(answer.messageId, entry);
    void this.#admit(entry);
  }

  /** A chunk of it came that nobody can read: it is missing, and when it stays so the row says why. */
  refused(answer: LiveAnswer, reason: string): void {
    const isKnown = this.#answers.get(answer.messageId)?.answer === answer;
    if (!isKnown) this.took(answer);
    const entry = this.#answers.get(answer.messageId);
    if (entry !== undefined) entry.refusal ??= reason;
  }

  /** Called once a second. */
  tick(): void {
    const nowMs = this.#ports.clock.nowMs();
    for (const entry of this.#answers.values()) {
      const { answer } = entry;
      if (answer.finalRow !== null || answer.fold.journaled) this.#leave(entry);
      else if (!entry.admitted) void this.#admit(entry);
      else if (entry.storing === null) this.#watch(entry, nowMs);
    }
    this.#makeRoom();
  }

  #watch(entry: PlainAnswer, nowMs: number): void {
    const { answer } = entry;
    const { fold, buffer } = answer;
    if (!answer.isBehind) entry.missing = null;
    else if (entry.missing?.chunkId !== fold.nextChunkId) entry.missing = { chunkId: fold.nextChunkId, sinceMs: nowMs };
    const missingMs = entry.missing === null ? 0 : nowMs - entry.missing.sinceMs;
    const isSilent = nowMs - entry.newsAtMs > this.#times.silenceMs;
    if (fold.close !== null) this.#storeIfOver(entry);
    else if (fold.textBytes + buffer.heldBytes > wireLimits.answerBytes)
      void this.#end(entry, failedEnding("answer_too_long"));
    else if (missingMs > this.#times.gapMs) this.#giveUp(entry, "chunk_missing");
    else if (isSilent) this.#giveUp(entry, answer.isBehind ? "chunk_missing" : "provider_timeout");
    else {
      if (nowMs - entry.lookedAtMs > streamLimits.listIntervalMs) void this.#look(entry);
      if (entry.hasNews && nowMs >= entry.vouchAtMs) void this.#vouch(entry);
    }
  }

  #giveUp(entry: PlainAnswer, given: "chunk_missing" | "provider_timeout"): void {
    const { refusal } = entry;
    const isRefused = refusal !== null && given === "chunk_missing";
    const code = isRefused ? "provider_bad_response" : given;
    this.#observe({ kind: "plain_given_up", message_id: entry.answer.messageId, code, refusal });
    void this.#end(entry, failedEnding(code, isRefused ? refusal : undefined));
  }

  /** Where too many wait for a chunk, those heard of longest ago are ended. */
  #makeRoom(): void {
    const behind = [...this.#answers.values()].filter(({ answer, storing }) => answer.isBehind && storing === null);
    let heldBytes = behind.reduce((sum, { answer }) => sum + answer.buffer.heldBytes, 0);
    let left = behind.length;
    if (left <= streamLimits.plainBehind && heldBytes <= streamLimits.plainHeldBytes) return;
    for (const entry of behind.sort((one, other) => one.newsAtMs - other.newsAtMs)) {
      if (left <= streamLimits.plainBehind && heldBytes <= streamLimits.plainHeldBytes) return;
      if (!entry.admitted) continue;
      left--;
      heldBytes -= entry.answer.buffer.heldBytes;
      this.#observe({ kind: "plain_evicted", message_id: entry.answer.messageId });
      void this.#end(entry, failedEnding("chunk_missing"));
    }
  }

  /** Reads the row before anything is stored: a third party may name what does not exist. */
  #admit(entry: PlainAnswer): Promise<void> {
    entry.admitting ??= this.#admitOnce(entry).finally(() => {
      entry.admitting = null;
    });
    return entry.admitting;
  }

  async #admitOnce(entry: PlainAnswer): Promise<void> {
    const { answer } = entry;
    const { ledger } = this.#ports;
    try {
      const row = await ledger.load(answer.messageId);
      if (row !== null && isFinalStatus(row.status)) return this.#hasRow(entry, row);
      if (row?.session_id !== answer.sessionId) return this.#refuse(entry);
      this.#actions.admitted(answer, row);
      if (!(await ledger.markPlain(answer.messageId, answer.fold.generation))) {
        // It ended between the two, or begins again under another generation.
        const ended = await ledger.load(answer.messageId);
        return ended !== null && isFinalStatus(ended.status) ? this.#hasRow(entry, ended) : this.#refuse(entry);
      }
    } catch {
      // The database is away: asked again with the next tick.
      return;
    }
    entry.admitted = true;
    this.#storeIfOver(entry);
    await this.#serve(entry);
  }

  /** Gives other pods what they lack, and hears stops, from here on. */
  async #serve(entry: PlainAnswer): Promise<void> {
    const { messageId } = entry.answer;
    const { live } = this.#ports;
    try {
      const subscriptions = await Promise.all([
        live.subscribe(subjects.messageRead(messageId), (question, _subject, reply) => {
          const page = this.#page(entry, question);
          if (page !== null) reply?.(page);
        }),
        live.subscribe(subjects.messageStop(messageId), (_message, _subject, reply) => {
          void this.#carryOutStop(entry).then((outcome) => {
            if (outcome !== null) reply?.(outcome);
          });
        }),
      ]);
      if (entry.isOver) for (const subscription of subscriptions) subscription.close();
      else entry.subscriptions = subscriptions;
    } catch (error) {
      // A broker that does not allow it yet; the row tells of stops all the same.
      this.#observe({ kind: "plain_unserved", message_id: messageId, error });
    }
  }

  /** What this pod has and the asking one has not; null: nothing, so that another answers. */
  #page({ answer }: PlainAnswer, question: unknown): ReadReply | null {
    const { from, generation, isHeld } = (question ?? {}) as { from?: unknown; generation?: unknown; isHeld?: unknown };
    const { fold } = answer;
    if (fold.journaled) return null;
    if (isHeld === true) return { generation: fold.generation, attempt: 0, chunks: [], more: false, stored: false };
    if (generation !== fold.generation || !Number.isInteger(from)) return null;
    const chunks = answer.chunks;
    if (chunks.length !== fold.nextChunkId || (from as number) >= fold.nextChunkId - 1) return null;
    const nothing = { upto: -1, text: "", reasoning: "" };
    const page = answerPage(fold.generation, 0, nothing, chunks, Math.max(-1, from as number));
    return { ...page, stored: false, ...(answer.ownerId === null ? {} : { user_id: answer.ownerId }) };
  }

  /** The workflow may carry it out itself; where it does not, this pod does, and one that has less of it later. */
  async #carryOutStop(entry: PlainAnswer): Promise<StopReply | null> {
    entry.stopping ??= this.#stopSoon(entry).finally(() => {
      entry.stopping = null;
    });
    await entry.stopping;
    const { finalRow } = entry.answer;
    if (finalRow === null) return null;
    const { finish_reason, last_chunk_id } = finalRow;
    return { closed: true, finish_reason: finish_reason ?? "stopped", chunk_id: Math.max(0, last_chunk_id) };
  }

  async #stopSoon(entry: PlainAnswer): Promise<void> {
    await sleep(this.#ports.clock, streamLimits.plainStopMs);
    if (entry.answer.isBehind) await sleep(this.#ports.clock, streamLimits.plainStopBehindMs);
    if (!this.#stopped && entry.answer.finalRow === null) await this.#end(entry, stoppedEnding);
  }

  /** Another pod may have stored it, or somebody may want it stopped. */
  async #look(entry: PlainAnswer): Promise<void> {
    const { answer } = entry;
    entry.lookedAtMs = this.#ports.clock.nowMs();
    try {
      const row = await this.#ports.ledger.load(answer.messageId);
      if (row === null) this.#refuse(entry);
      else if (isFinalStatus(row.status)) this.#hasRow(entry, row);
      else if (row.stop_requested) void this.#carryOutStop(entry);
    } catch {
      // Looked at again.
    }
  }

  /** Writes down what is known of it, so that a sweeper knows when nobody does. */
  async #vouch(entry: PlainAnswer): Promise<void> {
    const { answer } = entry;
    const { fold } = answer;
    if (!entry.admitted || !entry.hasNews || answer.isEnding || answer.finalRow !== null || fold.journaled) return;
    const nowMs = this.#ports.clock.nowMs();
    entry.hasNews = false;
    entry.vouchAtMs = nowMs + this.#times.vouchMs;
    const { generation, text, reasoning } = fold;
    const place = { message_id: answer.messageId, generation, last_chunk_id: fold.nextChunkId - 1 };
    try {
      await this.#ports.ledger.vouchPlain({ ...place, text, reasoning, heard_ago_ms: nowMs - entry.newsAtMs });
    } catch {
      // Written down with the next second in which the database is there.
      entry.hasNews = true;
      entry.vouchAtMs = nowMs;
    }
  }

  #leave(entry: PlainAnswer): void {
    entry.isOver = true;
    for (const subscription of entry.subscriptions) subscription.close();
    entry.subscriptions = [];
    if (this.#answers.get(entry.answer.messageId) === entry) this.#answers.delete(entry.answer.messageId);
  }

  #refuse(entry: PlainAnswer): void {
    this.#leave(entry);
    this.#actions.refused(entry.answer);
  }

  #hasRow(entry: PlainAnswer, row: AnswerRow): void {
    this.#leave(entry);
    if (entry.answer.finalRow === null) this.#actions.stored(entry.answer, row);
  }

  #storeIfOver(entry: PlainAnswer): void {
    const { close } = entry.answer.fold;
    if (!entry.admitted || close === null) return;
    const finishReason = close.metadata?.finish_reason as FinishReason;
    void this.#end(entry, { finishReason, error: close.error ?? null });
  }

  /** Decides how it ends, once; resolves when the row is final or this pod has given up. */
  #end(entry: PlainAnswer, ending: PlainEnding): Promise<void> {
    entry.answer.isEnding = true;
    entry.storing ??= this.#store(entry, ending);
    return entry.storing;
  }

  /** One transaction, as often as it takes; the row that is there in the end is the last word for everybody. */
  async #store(entry: PlainAnswer, ending: PlainEnding): Promise<void> {
    const { answer } = entry;
    const { clock } = this.#ports;
    const final = heardAnswer(answer, ending);
    const backoff = new Backoff(streamLimits.askRetryFirstMs, streamLimits.askRetryLastMs);
    const wanted = () => !this.#stopped && answer.finalRow === null;
    const stored = await untilDone(clock, backoff, wanted, async () => {
      try {
        return await storePlain(this.#ports, final);
      } catch (error) {
        this.#observe({ kind: "store_retry", message_id: answer.messageId, error });
        throw error;
      }
    });
    if (stored?.isOurs === true) this.#observe(plainStored(answer, final));
    if (stored === null || answer.finalRow !== null) this.#leave(entry);
    else if (stored.row === null) this.#refuse(entry);
    else this.#hasRow(entry, stored.row);
  }
}
