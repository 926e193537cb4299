const mebibyte = 1024 * 1024;

/** Limits of the connection to NATS, of its streams, and of what is asked over it. */
export const natsLimits = {
  /** One attempt to reach one server. */
  connectTimeoutMs: 2_000,
  /** How long a start tries to reach any server before it gives up, and the pause between two tries. */
  reachWithinMs: 10_000,
  reachRetryMs: 250,
  reconnectPauseMs: 250,
  reconnectJitterMs: 100,
  /** A server that leaves this many questions unanswered, one an interval, is given up. */
  pingIntervalMs: 2_000,
  unansweredPings: 2,
  /** How long a connection given up may take to say good-bye before its socket is cut. */
  staleGraceMs: 500,
  /** A closing connection gets this long to send what it has. */
  closeWithinMs: 2_000,
  /** The same error of the connection is told again after this long. */
  sameErrorMs: 30_000,

  /** The largest message of a server that does not say another, and what of it is kept free beside a job: headers, and a generation that grows. */
  messageBytesMost: mebibyte,
  jobHeaderBytes: 1024,

  appendTimeoutMs: 1_000,
  enqueueTimeoutMs: 2_000,
  /** Jobs of one session that are looked through for one of them. */
  jobsLookedAt: 64,
  /** One read from the leader of a stream. */
  readTimeoutMs: 2_000,
  ackTimeoutMs: 2_000,
  flushTimeoutMs: 2_000,
  /** One question to JetStream about streams and consumers, or a change of them. */
  administrationTimeoutMs: 5_000,

  /** A leader under which nothing was done for this long, in at least so many tries, is asked to step down. */
  leaderPatienceMs: 10_000,
  leaderTries: 4,

  /** The fill level of a journal's stream is asked for this often at most, and only while something is appended. */
  fillLevelIntervalMs: 2_000,
  /** Chunks are refused past this share of a journal's stream; the rest is for closes, `opened` and seals. */
  chunkShare: 0.75,
  /** Gets under way at once while a journal is read, and the shortest stretch that is worth one of its own. */
  readLanes: 32,
  laneSequences: 4,
  /** A page of a journal covers this many sequences of its stream at most; a lane of it ends at this many bytes. */
  pageSequences: 2_048,
  laneBytes: 256 * 1024,

  /** A request for jobs is ended by the server; without its word it is given up this long after its time. */
  pullGraceMs: 1_000,
  /** Jobs that come for a request given up this recently are handed back at once. */
  lateJobMs: 5_000,

  /** How long a start waits for JetStream, or for a stream that somebody else makes, and the pause between two looks. */
  setUpWithinMs: 20_000,
  setUpRetryMs: 250,
  /** A server that says for so long that a stream is not there is left for another, which may know better. */
  missingBelievedMs: 2_500,
  /** Nodes elect a leader within this time; a stream without one for longer will not get one by itself. */
  electionMs: 10_000,
  /** The servers' clock may differ from ours by this much. */
  clockSkewMs: 30_000,

  /** What is appended twice within this window counts once; shorter windows are refused. */
  duplicateWindowMs: 2 * 60_000,
  /** Entries of journals and owners are kept this long. */
  keptMs: 72 * 60 * 60_000,
  ownersBytes: 256 * mebibyte,
  workflowRequestsBytes: 512 * mebibyte,
  /** A job taken and not heard of for this long is delivered again; an election of leaders takes up to 9 s. */
  ackWaitMs: 20_000,
  /** Jobs taken and not acknowledged, over all workers. */
  mostTakenJobs: 20_000,
  /** How long new copies of a stream are waited for when their number is raised. */
  replicasWithinMs: 120_000,
  /** Partitions a journal may have. */
  mostPartitions: 64,
} as const;
