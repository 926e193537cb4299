import type { AnswerChangedEvent, AnswerView } from "@uci/client";
import { type ChatState, isUnfinished, type LiveAnswer, newLiveAnswer } from "./state.ts";

/** A word that is not whole yet is held back for this long at most. */
const wordWaitMs = 100;
/** Scripts without spaces, and long tokens, are not held back at all beyond this many characters. */
const wordCharacters = 32;

type Arrival = { sessionId: string; fold: AnswerView; changedMs: number };

/** Setting text is the dear part of a frame: oftener than this nobody sees the difference, and a slow machine feels it. */
const shortestDrawMs = 45;
/** Drawn more seldom than this, text would be seen to come in jerks. */
const longestDrawMs = 90;

/**
 * So long the text is not drawn again, after it was drawn this late. A thread that comes late has more to do than it
 * can: given half of the time for the rest, it scrolls and takes what is typed while an answer is written.
 */
export function drawIntervalMs(lateMs: number): number {
  return Math.min(longestDrawMs, shortestDrawMs + 2 * Math.max(0, lateMs));
}

/**
 * Gathers what arrives of answers between two frames, so that a page is drawn at most once a frame however many
 * pieces come. Holds the folds, not copies of their text.
 */
export class LiveAnswers {
  readonly #arrivals = new Map<string, Arrival>();

  get empty(): boolean {
    return this.#arrivals.size === 0;
  }

  note(event: AnswerChangedEvent, nowMs: number): void {
    this.#arrivals.set(event.messageId, { sessionId: event.sessionId, fold: event.fold, changedMs: nowMs });
  }

  forget(messageId: string): void {
    this.#arrivals.delete(messageId);
  }

  /** What to show now. Answers with a part of a word held back stay noted for the next frame. */
  take({ live, threads }: Pick<ChatState, "live" | "threads">, nowMs: number): Record<string, LiveAnswer> {
    const changed: Record<string, LiveAnswer> = {};
    for (const [messageId, { sessionId, fold, changedMs }] of this.#arrivals) {
      const row = threads[sessionId]?.messages[messageId];
      if (row !== undefined && !isUnfinished(row.status)) {
        this.#arrivals.delete(messageId);
        continue;
      }
      const before = live[messageId] ?? newLiveAnswer;
      const text = nowMs - changedMs >= wordWaitMs ? fold.text : wholeWords(fold.text, before.text.length);
      if (text.length === fold.text.length) this.#arrivals.delete(messageId);
      const startedMs = before.startedMs ?? nowMs;
      const thoughtMs = before.thoughtMs ?? (fold.text !== "" && fold.reasoning !== "" ? nowMs - startedMs : null);
      const { reasoning, attempt } = fold;
      const tools = kept(before.tools, fold.tools);
      const joins = kept(before.joins, fold.joins);
      const next = { text, reasoning, tools, joins, startedMs, thoughtMs, attempt, recovering: false };
      if (differs(before, next)) changed[messageId] = next;
    }
    return changed;
  }
}

/** The text up to its last whole word, never shorter than what is shown already. */
export function wholeWords(text: string, shownLength: number): string {
  let end = text.length;
  const floor = Math.max(shownLength, text.length - wordCharacters);
  while (end > floor && !/\s/.test(text[end - 1]!)) end--;
  if (end <= floor && floor !== shownLength) return text;
  return text.slice(0, Math.max(end, Math.min(shownLength, text.length)));
}

/** The fold's lists grow in place: a copy is made only when they have grown. */
function kept<Item>(before: readonly Item[], now: readonly Item[]): readonly Item[] {
  return before.length === now.length ? before : [...now];
}

function differs(before: LiveAnswer, next: LiveAnswer): boolean {
  return (
    before.text !== next.text ||
    before.reasoning !== next.reasoning ||
    before.tools !== next.tools ||
    before.joins !== next.joins ||
    before.attempt !== next.attempt ||
    before.recovering ||
    before.startedMs !== next.startedMs
  );
}
