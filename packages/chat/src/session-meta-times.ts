/** Times of what is remembered of sessions. */
export const sessionMetaTimes = {
  /** How long nothing is kept of a session that was dropped: longer than any reading of it from the store may take. */
  droppedMs: 20_000,
} as const;
