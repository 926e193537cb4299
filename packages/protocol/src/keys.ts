/** Every key of the session registry's store. Built here and nowhere else. */
export const keys = {
  sessionConnections: (sessionId: string) => `session:connections:${sessionId}`,
  podConnections: (podId: string) => `pod:connections:${podId}`,
  heartbeat: (podId: string) => `heartbeat:${podId}`,
  sessionMeta: (sessionId: string) => `session:meta:${sessionId}`,
} as const;

export const keyTimes = {
  connectionsTtlSeconds: 300,
  connectionsRenewalMs: 100_000,
  heartbeatTtlSeconds: 30,
  heartbeatRenewalMs: 10_000,
  sessionMetaTtlSeconds: 3600,
} as const;
