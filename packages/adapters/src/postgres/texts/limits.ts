/** Limits of looking through texts. */
export const textLimits = {
  /** How long one text may be looked through for its words: on a busy machine far longer than on one at rest. */
  wordsMs: 15_000,
  /** How long one text may be looked through for the place that matches, for which somebody waits. */
  snippetMs: 2_000,
  /** The heap of the thread that does it. */
  heapMebibytes: 256,
} as const;
