import type { LiveAnswer } from "./live-answer.ts";
import type { ReaderConnection } from "./reader-connection.ts";

/** What a pod keeps in memory. */
export type Buffered = {
  /** Text of the answers followed, in bytes. */
  readonly textBytes: number;
  /** Chunks that came out of order and wait for what precedes them. */
  readonly heldChunks: number;
  /** Written to connections and not taken by their readers, in bytes. */
  readonly unsentBytes: number;
  /** Chunks kept of an answer, on average over those followed; 0 where none is. */
  readonly averageChunks: number;
  /** How long the answer not over that is followed longest has been, in milliseconds; 0 where there is none. */
  readonly oldestMs: number;
};

export function bufferedIn(
  answers: readonly LiveAnswer[],
  connections: readonly ReaderConnection[],
  nowMs: number,
): Buffered {
  const open = answers.filter(({ isOver }) => !isOver);
  const sum = (of: (answer: LiveAnswer) => number) => answers.reduce((total, answer) => total + of(answer), 0);
  const heldChunks = sum(({ buffer }) => buffer.heldChunks);
  const chunks = heldChunks + sum((answer) => answer.chunks.length);
  return {
    textBytes: sum(({ fold }) => fold.textBytes),
    heldChunks,
    unsentBytes: connections.reduce((total, { sink }) => total + sink.unsentBytes, 0),
    averageChunks: answers.length === 0 ? 0 : chunks / answers.length,
    oldestMs: open.reduce((oldest, { followedAtMs }) => Math.max(oldest, nowMs - followedAtMs), 0),
  };
}
