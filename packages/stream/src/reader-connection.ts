import type { ByeReason, Persisted, StreamEvent } from "@uci/protocol";
import { type CursorPosition, formatCursor } from "./cursor.ts";
import { streamLimits } from "./limits.ts";
import type { LiveAnswer } from "./live-answer.ts";

/** The wire of one connection, as the reader sees it. */
export interface ReaderSink {
  /** Writes an event; `cursor` goes with it as its id where the event moves the reader on. Never blocks. */
  send(event: StreamEvent, cursor: string | null): void;
  /** Bytes written that the other side has not taken yet. */
  readonly unsentBytes: number;
  /** Says why and ends the connection. */
  close(reason: ByeReason): void;
}

type Positions = Map<string, { generation: number; chunkId: number }>;

/** In place, since that happens with every chunk of every reader. */
function move(positions: Positions, messageId: string, generation: number, chunkId: number): void {
  const position = positions.get(messageId);
  if (position === undefined) positions.set(messageId, { generation, chunkId });
  else {
    position.generation = generation;
    position.chunkId = chunkId;
  }
}

/** One connection of one user showing some sessions, and how far it is in each answer. */
export class ReaderConnection {
  readonly id: string;
  readonly userId: string;
  readonly sessionIds: readonly string[];
  readonly sink: ReaderSink;
  /** While true nothing is pushed: what it has missed comes first. */
  holding = true;
  /** Since when it has not taken what was written; null: it keeps up. */
  slowSinceMs: number | null = null;
  /** Answers that had ended before it was opened and that its cursor does not name: history, which it reads elsewhere. */
  readonly history = new Set<string>();
  readonly #positions: Positions;
  /** Answers whose end it has been told, with the generation. */
  readonly #completed = new Map<string, number>();
  readonly #recovering = new Set<string>();
  readonly #skipped = new Set<string>();
  /** Answers it has been told are stored. */
  readonly #stored = new Set<string>();

  constructor(
    id: string,
    userId: string,
    sessionIds: readonly string[],
    sink: ReaderSink,
    cursor: ReadonlyMap<string, CursorPosition>,
  ) {
    this.id = id;
    this.userId = userId;
    this.sessionIds = sessionIds;
    this.sink = sink;
    this.#positions = new Map([...cursor].map(([messageId, position]) => [messageId, { ...position }]));
  }

  /** Message ids the reader believes unfinished. */
  get believedUnfinished(): string[] {
    return [...this.#positions.keys()];
  }

  /** Whether the reader believes an answer unfinished. */
  believes(messageId: string): boolean {
    return this.#positions.has(messageId);
  }

  /**
   * Sends what the reader lacks of an answer, unless it is held or does not take what it has been sent. Returns how many
   * chunks that were.
   */
  pump(answer: LiveAnswer, nowMs: number): number {
    if (this.holding || this.history.has(answer.messageId)) return 0;
    if (this.sink.unsentBytes > streamLimits.unsentBytes) {
      this.slowSinceMs ??= nowMs;
      return 0;
    }
    let sent = 0;
    const { messageId, fold } = answer;
    if (this.#completed.get(messageId) === fold.generation) {
      this.#release(answer);
      return 0;
    }
    const delivery = answer.after(this.#positions.get(messageId) ?? null);
    if (delivery.kind !== "nothing") this.#recovering.delete(messageId);
    if (delivery.kind === "snapshot") this.#sendSnapshot(answer, true);
    else if (delivery.kind === "chunks") {
      for (const chunk of delivery.chunks) {
        move(this.#positions, messageId, fold.generation, chunk.chunk_id);
        this.sink.send({ event: "chunk", data: chunk }, this.#cursor());
        sent++;
        // What is left over comes as a snapshot or in order, when the reader has taken this.
        if (this.sink.unsentBytes > streamLimits.unsentBytes) {
          this.slowSinceMs ??= nowMs;
          return sent;
        }
      }
    }
    this.#complete(answer);
    return sent;
  }

  /** The reader has this answer already, as far as can be known: nothing of it is sent until `unskip`. */
  skip(answer: LiveAnswer): void {
    this.#completed.set(answer.messageId, answer.fold.generation);
    this.#skipped.add(answer.messageId);
  }

  /** It turned out that the reader does not have it. */
  unskip(messageId: string): void {
    if (this.#skipped.delete(messageId)) this.#completed.delete(messageId);
  }

  /** The answer starts from nothing for this reader: sends all of it, whatever was sent before. */
  resend(answer: LiveAnswer): void {
    if (this.history.has(answer.messageId)) return;
    this.#completed.delete(answer.messageId);
    this.#sendSnapshot(answer, true);
    this.#complete(answer);
  }

  /** The answer's row is final and the reader may be told. */
  tellPersisted(persisted: Persisted): void {
    this.sink.send({ event: "message_persisted", data: persisted }, this.holding ? null : this.#cursor());
  }

  /** Tells once that an answer is being recovered, until something of it arrives again. */
  tellRecovering(answer: LiveAnswer): void {
    if (this.holding || this.#recovering.has(answer.messageId)) return;
    this.#recovering.add(answer.messageId);
    const data = { message_id: answer.messageId, session_id: answer.sessionId };
    this.sink.send({ event: "recovering", data }, null);
  }

  /** The answer is not followed any more. */
  forget(messageId: string): void {
    this.#positions.delete(messageId);
    this.#completed.delete(messageId);
    this.#recovering.delete(messageId);
    this.#skipped.delete(messageId);
    this.#stored.delete(messageId);
  }

  #sendSnapshot(answer: LiveAnswer, recovered: boolean): void {
    const { messageId: message_id, sessionId: session_id } = answer;
    const snapshot = answer.fold.snapshot();
    move(this.#positions, message_id, snapshot.generation, snapshot.upto);
    const data = { message_id, session_id, ...snapshot, status: answer.ending.status, recovered };
    this.sink.send({ event: "snapshot", data }, this.#cursor());
  }

  #complete(answer: LiveAnswer): void {
    if (!answer.isClosed) return;
    const { messageId: message_id, sessionId: session_id, fold } = answer;
    const position = this.#positions.get(message_id);
    const atEnd = position?.generation === fold.generation && position.chunkId >= fold.nextChunkId - 1;
    const { finishReason, tokenCount } = answer.ending;
    if (!atEnd || finishReason === null) return;
    this.#completed.set(message_id, fold.generation);
    if (answer.isOver) this.#positions.delete(message_id);
    const data = { message_id, session_id, token_count: tokenCount, finish_reason: finishReason };
    this.sink.send({ event: "message_complete", data }, this.#cursor());
    this.#release(answer);
  }

  /**
   * The cursor names an answer until its row is final: up to then a new connection would be told of it as unfinished,
   * and without its place it would be sent again from the start.
   */
  #release(answer: LiveAnswer): void {
    const { messageId: message_id, sessionId: session_id, fold } = answer;
    if (!answer.isOver) return;
    this.#positions.delete(message_id);
    if (this.#skipped.has(message_id) || this.#stored.has(message_id)) return;
    this.#stored.add(message_id);
    this.tellPersisted({ message_id, session_id, generation: fold.generation });
  }

  #cursor(): string {
    return formatCursor(this.#positions);
  }
}
