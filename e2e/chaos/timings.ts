import type { Conversation } from "../conversation.ts";
import type { Talk } from "./crowd.ts";

export type Timings = {
  /** From the fault to the first text under another worker, of each answer that changed hands; milliseconds. */
  readonly takeOversMs: readonly number[];
  /** From a new connection to the next piece of the answer, of each that was lost meanwhile; milliseconds. */
  readonly resumesMs: readonly number[];
  /** The longest time without a piece between the fault and the end, of each answer; milliseconds. */
  readonly pausesMs: readonly number[];
};

/** How long readers waited, from the beginning of the fault on. */
export function timingsOf(talks: readonly Talk[], beganMs: number): Timings {
  const takeOversMs: number[] = [];
  const resumesMs: number[] = [];
  const pausesMs: number[] = [];
  for (const { conversation, messageId } of talks) {
    const history = conversation.histories.get(messageId);
    if (history === undefined) continue;
    const before = history.changes.filter(({ atMs }) => atMs < beganMs).at(-1);
    const other = history.changes.find(
      ({ atMs, attempt, bytes }) => atMs >= beganMs && bytes > 0 && attempt > (before?.attempt ?? 1),
    );
    if (other !== undefined) takeOversMs.push(other.atMs - beganMs);
    pausesMs.push(history.longestPauseMs(beganMs, Number.POSITIVE_INFINITY));
    resumesMs.push(...resumes(conversation, messageId, beganMs));
  }
  return { takeOversMs, resumesMs, pausesMs };
}

function resumes({ marks, histories }: Conversation, messageId: string, beganMs: number): readonly number[] {
  const { changes, endedAtMs } = histories.get(messageId)!;
  const found: number[] = [];
  for (const [index, { atMs, kind }] of marks.entries()) {
    if (kind !== "connected" || atMs < beganMs || marks[index - 1]?.kind !== "lost") continue;
    if (endedAtMs !== null && endedAtMs < atMs) continue;
    const lostAgainMs = marks.slice(index + 1).find((mark) => mark.kind === "lost")?.atMs ?? Number.POSITIVE_INFINITY;
    const next = changes.find((change) => change.atMs >= atMs);
    if (next !== undefined && next.atMs < lostAgainMs) found.push(next.atMs - atMs);
  }
  return found;
}

/** The value below which the share of the values lies; 0 of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
