/** Bounds of what waits for a database. */
export const postgresLimits = {
  /** How long a second instance waits for the first to hand the database over, in milliseconds. */
  claimWaitMs: 90_000,
  /** Between two looks whether the database is free, and between two attempts to get a lost claim back, in milliseconds. */
  claimPollIntervalMs: 250,
  /** An attempt to connect, in milliseconds. */
  claimConnectTimeoutMs: 2_000,
  /** A holder whose machine is gone is noticed by the server after `idle + count × interval` of silence, in seconds. */
  claimKeepAlive: { idleSeconds: 10, intervalSeconds: 5, count: 3 },
  /** Between two looks whether the database takes writes, in milliseconds. */
  writeProbeIntervalMs: 2_000,
  /** Looks in a row that end without an answer before the database counts as away. */
  unansweredProbes: 2,
  /** Jobs counted for a metric, of those that are open. */
  countedJobs: 10_000,
} as const;
