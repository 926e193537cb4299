/** Limits of looking through texts. */
export const textLimits = {
  /** How long one text may take. */
  textMs: 2_000,
  /** The heap of the thread that does it. */
  heapMebibytes: 256,
} as const;
