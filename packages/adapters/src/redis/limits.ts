/** Limits of the connection to Redis and of what is sent over it at once. */
export const redisLimits = {
  /** A command without an answer for this long has failed. */
  commandTimeoutMs: 500,
  /** A connection that is silent for this long, with commands under way, is given up. */
  socketTimeoutMs: 1_500,
  connectTimeoutMs: 1_000,
  reconnectFirstMs: 50,
  reconnectMostMs: 1_000,
  /** How long a start waits for the first connection before it goes on without. */
  firstConnectMs: 2_000,
  /** Pause between two questions whether a server that did not answer is back. */
  probeIntervalMs: 100,
  /** The same error is told again after this long. */
  sameErrorMs: 30_000,
  /** Connections told in one command. */
  connectionsAtOnce: 200,
  /** Sessions looked up in one round trip. */
  sessionsAtOnce: 200,
  /** Keys looked through by one step of a sweep. */
  scanAtOnce: 1_000,
  /** Connections that ended while Redis was away, to be removed later. */
  mostLeftBehind: 10_000,
} as const;
