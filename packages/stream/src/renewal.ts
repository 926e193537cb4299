import { openedRecords, type SizedRecord } from "./answer-progress.ts";
import type { AnswerRun } from "./answer-run.ts";
import { streamLimits } from "./limits.ts";

/** The smallest sequence of the journal that an answer not stored yet needs; null: none needs any. */
export function floorOf(unstored: Iterable<AnswerRun>): number | null {
  let floor: number | null = null;
  for (const { openedSequence } of unstored) {
    if (openedSequence === null) continue;
    floor = floor === null ? openedSequence : Math.min(floor, openedSequence);
  }
  return floor;
}

/**
 * The answer opened longest ago, opened again once that was `leastAge` entries ago: whoever takes over reads a journal
 * from the oldest opening on.
 */
export function dueRenewal(
  runs: Iterable<AnswerRun>,
  committedEntries: number,
  leastAge: number,
): readonly SizedRecord[] {
  let oldest: AnswerRun | null = null;
  for (const run of runs) {
    if (!run.isOpened || run.isClosed) continue;
    if (oldest === null || run.opening!.entry < oldest.opening!.entry) oldest = run;
  }
  if (oldest === null) return [];
  const age = committedEntries - oldest.opening!.entry;
  // A long answer costs more to write again than to read over.
  const isDue = age >= Math.max(leastAge, oldest.stateBytes / streamLimits.renewalBytesPerEntry);
  return isDue ? openedRecords(oldest.progress.state()) : [];
}

/** All answers that others will go on with, as far as writing them once more is less than reading the journal. */
export function lastRenewal(runs: Iterable<AnswerRun>): readonly SizedRecord[] {
  const open = [...runs].filter((run) => run.isOpened && !run.isClosed);
  const bytes = open.reduce((sum, run) => sum + run.stateBytes, 0);
  return bytes > streamLimits.handOverBytes ? [] : open.flatMap((run) => openedRecords(run.progress.state()));
}
