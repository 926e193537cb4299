import { type Chunk, isFinalStatus, type SnapshotEvent, type StreamEvent } from "@uci/protocol";
import { type Cursor, formatCursor, parseCursor } from "../src/cursor.ts";
import { AnswerFold } from "../src/fold.ts";
import { streamLimits } from "../src/limits.ts";
import type { PodProcess, Wire } from "./pod-process.ts";
import { count, type Surroundings } from "./surroundings.ts";

/** How an answer stands at a reader. */
export type ReadAnswer = { fold: AnswerFold; isEnded: boolean };

/** The user of whoever showed a session that has changed hands since. */
export const strangerId = "user_1";

type Connection = {
  readonly id: string;
  readonly pod: PodProcess;
  readonly cursor: Cursor;
  isOpen: boolean;
  readonly queue: { readonly event: StreamEvent; readonly cursor: string | null }[];
  isFlushing: boolean;
  /** When `ready` came, and what it said. */
  readyAtMs: number | null;
  isRecovered: boolean;
  readonly openedAtMs: number;
};

const slowEventBytes = 100 * 1024;
/** An answer of which nothing has come for this long, and that the connection was not opened for, is asked for by name. */
const unheardMs = streamLimits.listIntervalMs + 2_000;

/**
 * A reader, as the client package is one: it folds what comes, ends an answer with its close or a final snapshot, and
 * comes back with its cursor whenever the connection ends or something does not fit. Some take their cursor from what
 * they have folded, others hand back the id of the last event, as a bare EventSource does.
 */
export class Client {
  readonly name: string;
  readonly userId: string;
  readonly sessionIds: readonly string[];
  readonly answers = new Map<string, ReadAnswer>();
  readonly #surroundings: Surroundings;
  readonly #pods: () => readonly PodProcess[];
  readonly #keepsBook: boolean;
  /** Its sessions are somebody else's by now: it must be shown nothing of them. */
  readonly #isStranger: boolean;
  readonly #ended = new Map<string, number>();
  readonly #generations = new Map<string, number>();
  #connection: Connection | null = null;
  #connections = 0;
  #failures = 0;
  #lastEventId = "1~";
  #isSlow = false;

  constructor(
    name: string,
    userId: string,
    sessionIds: readonly string[],
    surroundings: Surroundings,
    pods: () => readonly PodProcess[],
  ) {
    this.name = name;
    this.userId = userId;
    this.#isStranger = userId === strangerId;
    this.sessionIds = sessionIds;
    this.#surroundings = surroundings;
    this.#pods = pods;
    this.#keepsBook = surroundings.random.chance(0.6);
  }

  /**
   * Since when it must be shown every answer; null when it is not connected. Where the pod could not tell whether
   * anything is missing, that is from when it lists the unfinished answers again.
   */
  get soundSinceMs(): number | null {
    const { readyAtMs = null, isRecovered = false } = this.#connection ?? {};
    return readyAtMs === null || isRecovered ? readyAtMs : readyAtMs + streamLimits.listIntervalMs * 1.5;
  }

  get isConnected(): boolean {
    return this.#connection !== null;
  }

  connect(): void {
    this.drop();
    const ready = this.#pods().filter((pod) => pod.isReady && !pod.process.isDead);
    if (ready.length === 0) {
      this.#retryLater();
      return;
    }
    const { random, time, story } = this.#surroundings;
    const pod = random.pick(ready);
    const cursor = this.#cursor();
    const connection: Connection = {
      ...{ id: `${this.name}-${this.#connections++}`, pod, cursor, isOpen: true, queue: [], isFlushing: false },
      ...{ readyAtMs: null, isRecovered: false, openedAtMs: this.#surroundings.time.elapsedMs },
    };
    this.#connection = connection;
    story.tell(this.name, () => `connects to ${pod.process.name} from ${formatCursor(cursor)}`);
    time.after(random.between(1, 5), () => {
      if (!connection.isOpen) return;
      if (pod.process.isDead) this.#lost(connection);
      else pod.open(connection.id, this.userId, this.sessionIds, cursor, this.#wireOf(connection));
    });
  }

  /** The connection breaks; what was on its way is lost. */
  drop(): void {
    const connection = this.#connection;
    if (connection === null) return;
    this.#connection = null;
    connection.isOpen = false;
    this.#surroundings.time.after(this.#surroundings.random.between(1, 10), () => connection.pod.detach(connection.id));
  }

  reconnectAfter(delayMs: number): void {
    this.#surroundings.story.tell(this.name, () => `is cut off for ${delayMs} ms`);
    this.drop();
    this.#surroundings.time.after(delayMs, () => {
      if (this.#connection === null) this.connect();
    });
  }

  slow(isSlow: boolean): void {
    this.#isSlow = isSlow;
    const connection = this.#connection;
    if (isSlow || connection === null) return;
    this.#flush(connection);
    connection.pod.drained(connection.id);
  }

  /** The answer to a post names a message that is unfinished. */
  track(messageId: string): void {
    if (!this.#keepsBook || this.#ended.has(messageId) || this.answers.has(messageId)) return;
    this.#answer(messageId);
    this.#surroundings.time.after(unheardMs, () => {
      if (this.#connection !== null && this.#isUnnamed(this.#connection)) this.connect();
    });
  }

  #wireOf(connection: Connection): Wire {
    return {
      sent: (event, cursor) => {
        if (!connection.isOpen) return;
        connection.queue.push({ event, cursor });
        this.#flushSoon(connection);
      },
      unsentBytes: () => (this.#isSlow ? connection.queue.length * slowEventBytes : 0),
      closed: () => this.#lost(connection),
    };
  }

  #flushSoon(connection: Connection): void {
    if (connection.isFlushing || this.#isSlow) return;
    connection.isFlushing = true;
    this.#surroundings.time.after(1, () => this.#flush(connection));
  }

  #flush(connection: Connection): void {
    connection.isFlushing = false;
    while (connection.isOpen && connection.queue.length > 0) {
      const { event, cursor } = connection.queue.shift()!;
      if (cursor !== null) this.#lastEventId = cursor;
      this.#hear(event, connection);
    }
  }

  #lost(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#surroundings.story.tell(this.name, () => "loses its connection");
    this.#connection = null;
    connection.isOpen = false;
    this.#retryLater();
  }

  #retryLater(): void {
    const delayMs = Math.min(250 * 2 ** this.#failures++, 2_000);
    this.#surroundings.time.after(delayMs, () => {
      if (this.#connection === null) this.connect();
    });
  }

  #hear(event: StreamEvent, connection: Connection): void {
    if (this.#isStranger && event.event !== "ready" && event.event !== "bye") {
      this.#surroundings.story.broken("P16", `${this.name} is sent ${event.event} of a session that is not its own`);
      return;
    }
    if (event.event === "chunk") this.#takeChunk(event.data, connection);
    else if (event.event === "snapshot") this.#takeSnapshot(event.data, connection);
    else if (event.event === "message_created") {
      const { session_id, answer } = event.data;
      if (this.sessionIds.includes(session_id)) this.track(answer.message_id);
    } else if (event.event === "recovering") {
      this.#surroundings.truth.recoveringTold(event.data.message_id, this.name);
    } else if (event.event === "ready") {
      connection.readyAtMs = this.#surroundings.time.elapsedMs;
      connection.isRecovered = event.data.recovered;
      this.#failures = 0;
      this.#surroundings.story.tell(this.name, () => `is ready, recovered ${event.data.recovered}`);
      if (this.#isUnnamed(connection)) this.#again(connection);
    }
  }

  /** Whether an answer became known while the connection was opened, of which its pod may not know that it is wanted. */
  #isUnnamed({ cursor }: Connection): boolean {
    if (!this.#keepsBook) return false;
    return [...this.answers].some(([id, { fold, isEnded }]) => !isEnded && fold.nextChunkId === 0 && !cursor.has(id));
  }

  #takeChunk(chunk: Chunk, connection: Connection): void {
    const { story, truth } = this.#surroundings;
    const { message_id: messageId, generation, chunk_id } = chunk;
    story.tell(this.name, () => `hears ${messageId} ${generation}.${chunk.attempt}#${chunk_id}`);
    if (!truth.answer(messageId).isCommitted(chunk)) {
      story.broken("I6", `${this.name} was shown chunk ${chunk_id} of ${messageId}, which is not committed`);
    }
    if (this.#keepsBook && generation <= (this.#ended.get(messageId) ?? -1)) {
      this.#toldTwice(messageId, `chunk ${chunk_id}`, connection);
      return;
    }
    const answer = this.#answer(messageId);
    const before = answer.fold.nextChunkId;
    this.#checkGeneration(messageId, generation);
    const outcome = answer.fold.apply(chunk);
    if (outcome === "old") {
      this.#toldTwice(messageId, `chunk ${chunk_id}`, connection);
      return;
    }
    if (outcome !== "applied") {
      // A connection sends in order; what does not fit was broken off before, where the cursor is not the fold's own.
      story.broken("I2", `${this.name} was sent chunk ${chunk_id} of ${messageId} at ${before}: ${outcome}`);
      this.#again(connection);
      return;
    }
    if (answer.fold.verified() === false) {
      story.broken("I4", `${this.name} has a text of ${messageId} that its close denies`);
    }
    if (chunk.is_final) this.#end(messageId, answer);
  }

  #takeSnapshot(snapshot: SnapshotEvent, connection: Connection): void {
    const { story, truth } = this.#surroundings;
    const { message_id: messageId, generation, upto, text, status } = snapshot;
    story.tell(this.name, () => `is shown ${messageId} generation ${generation} up to ${upto}, ${status}`);
    if (!truth.answer(messageId).isTextUpto(generation, upto, text)) {
      story.broken("I1", `${this.name} was shown a text of ${messageId} up to ${upto} that is not committed`);
    }
    if (this.#keepsBook && generation <= (this.#ended.get(messageId) ?? -1)) {
      this.#toldTwice(messageId, "a snapshot", connection);
      return;
    }
    const answer = this.#answer(messageId);
    this.#checkGeneration(messageId, generation);
    const isFinal = isFinalStatus(status);
    if (isFinal && generation >= answer.fold.generation) answer.fold = new AnswerFold();
    if (!answer.fold.replace(snapshot)) return;
    if (isFinal) this.#end(messageId, answer);
  }

  /** A reader that has seen a generation is not sent a lower one. */
  #checkGeneration(messageId: string, generation: number): void {
    const seen = this.#generations.get(messageId) ?? 0;
    this.#generations.set(messageId, Math.max(seen, generation));
    if (generation >= seen) return;
    this.#surroundings.story.broken(
      "I1",
      `${this.name} is sent generation ${generation} of ${messageId} after ${seen}`,
    );
  }

  /** What a connection's cursor has, and what was history when it was opened, is not sent. */
  #toldTwice(messageId: string, what: string, connection: Connection): void {
    const { story, truth } = this.#surroundings;
    count(this.#surroundings, "told twice");
    if (truth.databaseFailedAtMs >= connection.openedAtMs) return;
    // A book lets go of an answer with its close, and until the row is final a pod cannot know that it has it.
    if (this.#keepsBook && truth.answer(messageId).rowAtMs > connection.openedAtMs) return;
    story.broken("P5", `${this.name} was sent ${what} of ${messageId} once more`);
  }

  #again(connection: Connection): void {
    if (this.#connection === connection) this.connect();
  }

  #end(messageId: string, answer: ReadAnswer): void {
    answer.isEnded = true;
    this.#ended.set(messageId, answer.fold.generation);
  }

  #answer(messageId: string): ReadAnswer {
    const known = this.answers.get(messageId);
    if (known !== undefined && !(this.#keepsBook && known.isEnded)) return known;
    const answer = { fold: new AnswerFold(), isEnded: false };
    this.answers.set(messageId, answer);
    return answer;
  }

  #cursor(): Cursor {
    if (!this.#keepsBook) return parseCursor(this.#lastEventId) ?? new Map();
    const open = [...this.answers].filter(([, answer]) => !answer.isEnded);
    return new Map(
      open.map(([id, { fold }]) => [id, { generation: fold.generation, chunkId: fold.nextChunkId - 1 }] as const),
    );
  }
}
