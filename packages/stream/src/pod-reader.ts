import {
  type Chunk,
  isFinalStatus,
  type Persisted,
  type PodMessage,
  type Position,
  subjects,
  type UserEvent,
} from "@uci/protocol";
import { AnswerRecovery } from "./answer-recovery.ts";
import { type Buffered, bufferedIn } from "./buffered.ts";
import { type PlainTimes, streamLimits } from "./limits.ts";
import { LiveAnswer } from "./live-answer.ts";
import { PlainAnswers } from "./plain-answers.ts";
import { type PlainPlace, plainChunk } from "./plain-chunk.ts";
import type { PodEvent } from "./pod-events.ts";
import { PodPresence } from "./pod-presence.ts";
import type {
  AnswerLedger,
  AnswerRow,
  Clock,
  ConnectionCaller,
  LiveChannel,
  SessionRegistry,
  Subscription,
} from "./ports.ts";
import type { ReaderConnection } from "./reader-connection.ts";
import { type StopOutcome, stopAnswer } from "./stop.ts";
import { UserEvents } from "./user-events.ts";
import { every } from "./waiting.ts";

export type { PodEvent } from "./pod-events.ts";
export { ReaderConnection, type ReaderSink } from "./reader-connection.ts";
export type { StopOutcome } from "./stop.ts";

export type PodPorts = {
  readonly live: LiveChannel;
  readonly ledger: AnswerLedger;
  readonly registry: SessionRegistry;
  readonly clock: Clock;
  /** How long plain answers are waited for; absent: as `plainTimes` says. */
  readonly plainTimes?: PlainTimes | undefined;
};

const tickMs = 50;

/**
 * The reading side of a pod: follows the unfinished answers of the sessions its connections show, puts their chunks in
 * order, mends what is missing by asking the owner, and brings every connection from where it is to the end.
 * Rules P1 to P12 of SPEC.md.
 */
export class PodReader {
  readonly podId: string;
  readonly #ports: PodPorts;
  readonly #observe: (event: PodEvent) => void;
  readonly #presence: PodPresence;
  readonly #connections = new Map<string, ReaderConnection>();
  readonly #bySession = new Map<string, Set<ReaderConnection>>();
  readonly #userEvents: UserEvents;
  readonly #answers = new Map<string, LiveAnswer>();
  readonly #recovery: AnswerRecovery;
  readonly #plain: PlainAnswers;
  #subscriptions: Subscription[] = [];
  #timers: (() => void)[] = [];
  /** Connections whose cursor could not be looked up yet because the database was away. */
  readonly #unresolved = new Set<ReaderConnection>();
  #listing = false;

  constructor(podId: string, ports: PodPorts, observe: (event: PodEvent) => void = () => undefined) {
    this.podId = podId;
    this.#ports = ports;
    this.#observe = observe;
    this.#userEvents = new UserEvents(ports.live, ports.clock, (event, userId) => this.#takeUserEvent(event, userId));
    this.#presence = new PodPresence(podId, ports.registry, ports.clock, (error) =>
      observe({ kind: "registry_failed", error }),
    );
    const actions = {
      isFollowed: (answer: LiveAnswer) => this.#isFollowed(answer),
      isWanted: (answer: LiveAnswer) => this.#isWanted(answer),
      want: (answer: LiveAnswer) => this.#want(answer),
      own: (answer: LiveAnswer, userId: string) => this.#own(answer, userId),
      grown: (answer: LiveAnswer) => {
        if (this.#plain.has(answer.messageId) && answer.finalRow === null) this.#plain.took(answer);
        this.#pushAll(answer);
      },
      replaced: (answer: LiveAnswer) => this.#resendAll(answer),
      forget: (answer: LiveAnswer) => this.#forgetAnswer(answer),
    };
    this.#recovery = new AnswerRecovery(podId, ports, actions, observe);
    const plainActions = {
      admitted: (answer: LiveAnswer, row: AnswerRow) => this.#own(answer, row.user_id),
      stored: (answer: LiveAnswer, row: AnswerRow) => this.#recovery.finalize(answer, row),
      refused: (answer: LiveAnswer) => this.#forgetAnswer(answer),
    };
    this.#plain = new PlainAnswers(ports, plainActions, observe);
  }

  get activeConnections(): number {
    return this.#connections.size;
  }

  get activeSessions(): number {
    return this.#bySession.size;
  }

  get activeAnswers(): number {
    return this.#answers.size;
  }

  /** What the answers followed take, and what readers have not taken. */
  get buffered(): Buffered {
    return bufferedIn([...this.#answers.values()], [...this.#connections.values()], this.#ports.clock.nowMs());
  }

  /** Subscribes before anything is looked up, so that nothing falls between the two. */
  async start(): Promise<void> {
    const { live, clock } = this.#ports;
    const take = (message: unknown) => this.#take(message as PodMessage);
    this.#subscriptions = await Promise.all([
      live.subscribe(subjects.podResponse(this.podId), take),
      live.subscribe(subjects.sessionBroadcastAll, take),
    ]);
    await this.#presence.start();
    this.#timers = [
      every(clock, tickMs, () => this.#tick()),
      every(clock, 1_000, () => {
        this.#watchReaders();
        this.#plain.tick();
      }),
      every(clock, streamLimits.listIntervalMs, () => void this.#list()),
    ];
  }

  /** Ends what `start` began; connections are the caller's to close. */
  async stop(): Promise<void> {
    for (const cancel of this.#timers) cancel();
    for (const subscription of this.#subscriptions) subscription.close();
    await this.#plain.stop();
    await this.#userEvents.stop();
    await this.#presence.stop();
  }

  /**
   * Brings a connection up to date and then live: hold, register, list what is unfinished, read each from the cursor,
   * `ready`, push. The connection's first event has been sent already. `caller` goes to the session registry alone.
   */
  async attach(connection: ReaderConnection, caller?: ConnectionCaller): Promise<void> {
    this.#connections.set(connection.id, connection);
    for (const sessionId of connection.sessionIds) addTo(this.#bySession, sessionId, connection);
    const attachedAtMs = this.#ports.clock.nowMs();
    await Promise.all([
      this.#userEvents.add(connection),
      this.#presence.add(connection.id, connection.sessionIds, caller),
    ]);
    const unfinished = await this.#followUnfinished(connection);
    if (!this.#connections.has(connection.id)) return;
    const shown = [...this.#answers.values()].filter((answer) => connection.sessionIds.includes(answer.sessionId));
    const read = await Promise.all(
      shown.map((answer) => this.#recovery.isCurrent(answer) || this.#recovery.ask(answer)),
    );
    if (!this.#connections.has(connection.id)) return;
    connection.holding = false;
    const wanted = new Set([...connection.believedUnfinished, ...(unfinished ?? [])]);
    for (const answer of shown) {
      // What was there before and neither cursor nor database calls unfinished belongs to the history, read elsewhere.
      const isOld = answer.followedAtMs < attachedAtMs && !wanted.has(answer.messageId);
      const isHistory = isOld && (unfinished !== null || answer.isClosed);
      if (isHistory) connection.skip(answer);
      else this.#push(connection, answer);
    }
    const recovered = unfinished !== null && read.every(Boolean);
    connection.sink.send({ event: "ready", data: { recovered } }, null);
  }

  /** The connection has ended; nothing is sent to it any more. */
  detach(connectionId: string): void {
    const connection = this.#connections.get(connectionId);
    if (connection === undefined) return;
    this.#connections.delete(connectionId);
    this.#unresolved.delete(connection);
    for (const sessionId of connection.sessionIds) {
      const others = this.#bySession.get(sessionId);
      others?.delete(connection);
      if (others?.size === 0) this.#forgetSession(sessionId);
    }
    this.#userEvents.remove(connection);
    void this.#presence.remove(connectionId);
  }

  /** The connection has taken what was written: sends what it lacks. */
  drained(connectionId: string): void {
    const connection = this.#connections.get(connectionId);
    if (connection === undefined) return;
    connection.slowSinceMs = null;
    for (const answer of this.#answers.values()) {
      if (connection.sessionIds.includes(answer.sessionId)) this.#push(connection, answer);
    }
  }

  /** Ends all connections with a reason. */
  closeConnections(reason: "draining"): void {
    for (const connection of [...this.#connections.values()]) connection.sink.close(reason);
  }

  /** The session registry can be reached again: it may have forgotten this pod. */
  async registryIsBack(): Promise<void> {
    await this.#presence.beat();
  }

  stopAnswer(messageId: string): Promise<StopOutcome> {
    return stopAnswer(this.#ports.live, this.#ports.ledger, messageId, this.podId);
  }

  #take(message: PodMessage): void {
    if (typeof message !== "object" || message === null) this.#observe({ kind: "malformed" });
    else if (Array.isArray(message)) this.#takeChunks(message as readonly Chunk[]);
    else if ("chunks" in message && Array.isArray(message.chunks)) this.#takeChunks(message.chunks);
    else if ("positions" in message) for (const position of message.positions) this.#takePosition(position);
    else if ("persisted" in message) void this.#takePersisted(message.persisted);
    else this.#takeChunks([message as Chunk]);
  }

  #takeChunks(chunks: readonly Chunk[]): void {
    this.#observe({ kind: "chunks_in", count: chunks.length });
    const touched = new Set<LiveAnswer>();
    for (const given of chunks) {
      // Ours have a known form; a third party's are looked at before anything is done with them.
      const isPlain = !(Number(given?.attempt) > 0);
      const nowMs = this.#ports.clock.nowMs();
      const read = isPlain ? plainChunk(given, nowMs) : { kind: "chunk" as const, chunk: given };
      if (read.kind === "refused") {
        this.#refuse(read.place, read.reason);
        continue;
      }
      const { chunk } = read;
      const answer = this.#follow(chunk.message_id, chunk.session_id, false, isPlain);
      if (answer === null) continue;
      const outcome = answer.offer(chunk, nowMs);
      const isNews = outcome.kind === "delivered" || outcome.kind === "held";
      if (isPlain && isNews) this.#plain.took(answer);
      if (outcome.kind === "delivered") touched.add(answer);
      else if (outcome.kind !== "old") this.#observe({ kind: noticed[outcome.kind], message_id: chunk.message_id });
    }
    for (const answer of touched) this.#pushAll(answer);
  }

  #refuse(place: PlainPlace | null, reason: string): void {
    this.#observe({ kind: "chunk_refused", message_id: place?.message_id ?? null, reason });
    if (place === null) return;
    const answer = this.#follow(place.message_id, place.session_id, false, true);
    if (answer === null || answer.fold.journaled || answer.finalRow !== null) return;
    answer.missed(place.generation, place.chunk_id, this.#ports.clock.nowMs());
    this.#plain.refused(answer, `chunk ${place.chunk_id}, ${reason}`);
  }

  #takePosition(position: Position): void {
    const { message_id, session_id } = position;
    const ahead = this.#follow(message_id, session_id, false)?.position(position, this.#ports.clock.nowMs());
    if (ahead === true) this.#observe({ kind: "tail_guard", message_id });
  }

  /** Readers of an answer that is followed here are told with its row, so that losing this news changes nothing. */
  async #takePersisted(persisted: Persisted): Promise<void> {
    const answer = this.#answers.get(persisted.message_id);
    if (answer === undefined) return;
    // Of a plain answer something more may come, which is not in the row.
    if (this.#plain.has(persisted.message_id)) answer.isEnding = true;
    if (answer.finalRow === null) await this.#recovery.loadRow(answer);
  }

  #takeUserEvent(event: UserEvent, userId: string): void {
    if (event.event !== "message_created") return;
    const answer = this.#follow(event.data.answer.message_id, event.data.session_id, true);
    if (answer !== null) this.#own(answer, userId);
  }

  #followRow(row: AnswerRow, isWanted: boolean): LiveAnswer | null {
    const answer = this.#follow(row.message_id, row.session_id, isWanted);
    if (answer !== null) this.#own(answer, row.user_id);
    return answer;
  }

  /** It became known whose it is, or its session has changed hands. */
  #own(answer: LiveAnswer, userId: string): void {
    if (answer.ownerId === userId) return;
    answer.ownerId = userId;
    this.#pushAll(answer);
  }

  /** The answer, followed from now on; null when nobody here shows its session, unless it is followed `unshown`. */
  #follow(messageId: string, sessionId: string, isWanted: boolean, unshown = false): LiveAnswer | null {
    const known = this.#answers.get(messageId);
    if (known !== undefined) {
      if (isWanted) this.#want(known);
      return known;
    }
    if (!unshown && !this.#bySession.has(sessionId)) return null;
    if (this.#answers.size >= streamLimits.liveAnswers) {
      this.#observe({ kind: "too_many_answers" });
      return null;
    }
    const answer = new LiveAnswer(messageId, sessionId, isWanted, this.#ports.clock.nowMs());
    this.#answers.set(messageId, answer);
    return answer;
  }

  /** Whether anybody here lacks something of it: it is known to be unfinished, or a reader's cursor names it. */
  #isWanted(answer: LiveAnswer): boolean {
    if (answer.isWanted) return true;
    const readers = this.#bySession.get(answer.sessionId) ?? [];
    return [...readers].some((connection) => connection.believes(answer.messageId));
  }

  #want(answer: LiveAnswer): void {
    if (answer.isWanted) return;
    answer.isWanted = true;
    this.#pushAll(answer);
  }

  /** Follows what the database calls unfinished, which is returned, and what the cursor names. Null when the database cannot say. */
  async #followUnfinished(connection: ReaderConnection): Promise<readonly string[] | null> {
    const { ledger } = this.#ports;
    try {
      const { sessionIds } = connection;
      const recent = sessionIds.length === 0 ? [] : await ledger.unfinished(sessionIds, streamLimits.endedListedMs);
      const rows = recent.filter((row) => !isFinalStatus(row.status));
      const named = connection.believedUnfinished.filter((id) => !this.#answers.has(id));
      const listed = new Set(rows.map((row) => row.message_id));
      // Where the database was away at first, nobody knows any more what had ended by then.
      const ended = this.#unresolved.has(connection) ? [] : recent.filter((row) => isFinalStatus(row.status));
      for (const row of ended) if (!connection.believes(row.message_id)) connection.history.add(row.message_id);
      const others = await Promise.all(named.filter((id) => !listed.has(id)).map((id) => ledger.load(id)));
      for (const row of [...rows, ...others]) {
        // A cursor may name anything; only answers of the sessions this connection may show are looked at.
        if (row === null || !connection.sessionIds.includes(row.session_id)) continue;
        const isFinal = isFinalStatus(row.status);
        if (isFinal && !recent.some((other) => other.message_id === row.message_id)) this.#noteHistory(row);
        const answer = this.#followRow(row, true);
        if (answer !== null && isFinal) this.#recovery.finalize(answer, row);
      }
      for (const id of connection.believedUnfinished) {
        const answer = this.#answers.get(id);
        if (answer === undefined || !connection.sessionIds.includes(answer.sessionId)) connection.forget(id);
        else if (answer.finalRow !== null && !answer.isWanted) {
          if (!recent.some((row) => row.message_id === id)) this.#noteHistory(answer.finalRow);
          this.#want(answer);
        }
      }
      // Who could not be told apart from those who know how it ended is told of what ended meanwhile, too.
      return this.#unresolved.delete(connection) ? recent.map((row) => row.message_id) : [...listed];
    } catch {
      this.#unresolved.add(connection);
      return null;
    }
  }

  #resendAll(answer: LiveAnswer): void {
    for (const connection of this.#readersOf(answer)) connection.resend(answer);
  }

  #pushAll(answer: LiveAnswer): void {
    if (!answer.isWanted) return;
    for (const connection of this.#bySession.get(answer.sessionId) ?? []) this.#push(connection, answer);
  }

  /**
   * A session may have changed hands since a connection was opened: deleted and made anew by somebody else under the same
   * id, or moved to another account. So whose it is, is looked at where it is delivered.
   */
  #readersOf(answer: LiveAnswer): readonly ReaderConnection[] {
    const readers = [...(this.#bySession.get(answer.sessionId) ?? [])];
    return readers.filter((connection) => connection.userId === answer.ownerId);
  }

  #push(connection: ReaderConnection, answer: LiveAnswer): void {
    if (!answer.isWanted || connection.userId !== answer.ownerId) return;
    const sent = connection.pump(answer, this.#ports.clock.nowMs());
    if (sent > 0) this.#observe({ kind: "chunks_out", count: sent });
  }

  #tick(): void {
    const nowMs = this.#ports.clock.nowMs();
    for (const answer of this.#answers.values()) {
      if (answer.shouldAsk(nowMs)) void this.#recovery.ask(answer);
      const silentMs = nowMs - answer.heardAtMs;
      if (answer.isOver && nowMs - answer.finalAtMs > streamLimits.keptAnswerMs) this.#forgetAnswer(answer);
      else if (answer.isWanted && answer.begun && !answer.isClosed && silentMs > streamLimits.recoveringMs) {
        for (const connection of this.#readersOf(answer)) connection.tellRecovering(answer);
      }
    }
  }

  #watchReaders(): void {
    const nowMs = this.#ports.clock.nowMs();
    for (const connection of [...this.#connections.values()]) {
      const { slowSinceMs } = connection;
      if (slowSinceMs === null || nowMs - slowSinceMs <= streamLimits.slowReaderMs) continue;
      this.#observe({ kind: "slow_reader_closed", connection_id: connection.id });
      connection.sink.close("slow_reader");
    }
  }

  /** Lists what is unfinished in all sessions shown, so that an answer nobody announced is found all the same. */
  async #list(): Promise<void> {
    if (this.#listing || this.#bySession.size === 0) return;
    this.#listing = true;
    try {
      const sessionIds = [...this.#bySession.keys()];
      for (const row of await this.#ports.ledger.unfinished(sessionIds, streamLimits.endedListedMs)) {
        if (isFinalStatus(row.status)) void this.#recall(row);
        else this.#followRow(row, true);
      }
      for (const connection of [...this.#unresolved]) {
        const unfinished = await this.#followUnfinished(connection);
        for (const messageId of unfinished ?? []) connection.unskip(messageId);
        if (unfinished !== null) this.drained(connection.id);
      }
    } catch {
      // The database is away; what is known goes on.
    } finally {
      this.#listing = false;
    }
  }

  /** An answer ended, perhaps without a word of it having arrived: whoever was connected by then lacks it. */
  async #recall(row: AnswerRow): Promise<void> {
    const readers = [...(this.#bySession.get(row.session_id) ?? [])];
    if (readers.every(({ history }) => history.has(row.message_id))) return;
    const answer = this.#followRow(row, false);
    if (answer === null) return;
    this.#want(answer);
    if (answer.finalRow !== null) return;
    await this.#recovery.loadRow(answer);
  }

  /** A cursor names what ended longer ago than is listed: everybody else has it, or reads it as history. */
  #noteHistory({ message_id, session_id }: AnswerRow): void {
    for (const connection of this.#bySession.get(session_id) ?? []) {
      if (!connection.believes(message_id)) connection.history.add(message_id);
    }
  }

  /** Whether it is the one followed now, not one that was forgotten before it was followed anew. */
  #isFollowed(answer: LiveAnswer): boolean {
    return this.#answers.get(answer.messageId) === answer;
  }

  #forgetAnswer(answer: LiveAnswer): void {
    if (!this.#isFollowed(answer)) return;
    this.#answers.delete(answer.messageId);
    for (const connection of this.#bySession.get(answer.sessionId) ?? []) connection.forget(answer.messageId);
  }

  #forgetSession(sessionId: string): void {
    this.#bySession.delete(sessionId);
    for (const { messageId, sessionId: itsSession } of this.#answers.values()) {
      // A plain answer has no other place than the pods' memory until it is stored.
      if (itsSession === sessionId && !this.#plain.has(messageId)) this.#answers.delete(messageId);
    }
  }
}

const noticed = {
  held: "out_of_order",
  conflict: "contradiction",
  overflow: "overflow",
  altered: "altered_repeat",
} as const;

function addTo(sets: Map<string, Set<ReaderConnection>>, key: string, connection: ReaderConnection): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([connection]));
  else set.add(connection);
}
