import type { Chunk, SnapshotEvent, StreamEvent } from "@uci/protocol";
import type { FoldSnapshot } from "@uci/stream";
import { AnswerBook, type BookOutcome } from "../answer-book.ts";
import { clientLimits } from "../limits.ts";
import type { AnswerPosition } from "../stream-link.ts";

type Ended = { readonly sessionId: string; readonly events: readonly StreamEvent[] };

/**
 * What the hub knows of answers: a fold of each unfinished one, and how the last ones ended, so that a link that joins
 * is given the state and then goes on with what arrives.
 */
export class SharedAnswers {
  readonly #book = new AnswerBook(() => {});
  readonly #ended = new Map<string, Ended>();

  /** Notes an answer that must be asked for by name. */
  note(messageId: string, sessionId: string): void {
    this.#book.revive(messageId, sessionId);
  }

  /** Whether it is being followed here. */
  isLive(messageId: string): boolean {
    return this.#book.has(messageId);
  }

  /** Whether what became of it can be told without asking the server. */
  isKnown(messageId: string): boolean {
    return this.#book.has(messageId) || this.#ended.has(messageId);
  }

  positions(sessionIds: readonly string[]): AnswerPosition[] {
    return this.#book.positions(sessionIds);
  }

  applyChunk(chunk: Chunk): BookOutcome {
    const before = chunk.is_final ? this.#book.foldOf(chunk.message_id)?.snapshot() : undefined;
    const outcome = this.#book.applyChunk(chunk);
    if (outcome === "applied" && chunk.is_final && !this.#book.has(chunk.message_id)) {
      const { message_id, session_id } = chunk;
      const state = { event: "snapshot", data: snapshotOf(message_id, session_id, before ?? nothing(chunk)) } as const;
      this.#keep(message_id, { sessionId: session_id, events: [state, { event: "chunk", data: chunk }] });
    }
    return outcome;
  }

  applySnapshot(snapshot: SnapshotEvent): BookOutcome {
    const outcome = this.#book.applySnapshot(snapshot);
    if (outcome === "applied" && !this.#book.has(snapshot.message_id)) {
      const events = [{ event: "snapshot", data: snapshot } as const];
      this.#keep(snapshot.message_id, { sessionId: snapshot.session_id, events });
    }
    return outcome;
  }

  forgetSession(sessionId: string): void {
    this.#book.forgetSession(sessionId);
    for (const [messageId, ended] of this.#ended) if (ended.sessionId === sessionId) this.#ended.delete(messageId);
  }

  /**
   * What brings a reader who is at these positions up to date in these sessions. Answers that ended are told of only
   * where the reader believes them unfinished: the others are history. Null: it may be anywhere.
   */
  catchUp(sessionIds: readonly string[], positions: readonly AnswerPosition[] | null): StreamEvent[] {
    const reader = new Map((positions ?? []).map((position) => [position.messageId, position]));
    const events: StreamEvent[] = [];
    for (const { messageId, sessionId, generation, chunkId } of this.#book.positions(sessionIds)) {
      const at = reader.get(messageId);
      if (at?.generation === generation && at.chunkId === chunkId) continue;
      const fold = this.#book.foldOf(messageId);
      if (fold === undefined || chunkId === -1) continue;
      events.push({ event: "snapshot", data: snapshotOf(messageId, sessionId, fold.snapshot()) });
    }
    for (const [messageId, { sessionId, events: end }] of this.#ended) {
      if (sessionIds.includes(sessionId) && (positions === null || reader.has(messageId))) events.push(...end);
    }
    return events;
  }

  #keep(messageId: string, ended: Ended): void {
    this.#ended.delete(messageId);
    this.#ended.set(messageId, ended);
    if (this.#ended.size > clientLimits.sharedEndedAnswers) this.#ended.delete(this.#ended.keys().next().value!);
  }
}

function snapshotOf(messageId: string, sessionId: string, state: FoldSnapshot): SnapshotEvent {
  const { generation, upto, text, reasoning } = state;
  const fixed = { status: "streaming", recovered: true } as const;
  return { message_id: messageId, session_id: sessionId, generation, upto, text, reasoning, ...fixed };
}

function nothing({ generation }: Chunk): FoldSnapshot {
  return { generation, upto: -1, text: "", reasoning: "" };
}
