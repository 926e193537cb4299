/** Numbers of the heart. Times in milliseconds, sizes in bytes unless the name says otherwise. */
export const streamLimits = {
  /** A journal entry's records, as JSON. */
  entryBytes: 256 * 1024,
  /** One record of an `opened` state. */
  openedPartBytes: 64 * 1024,
  /** How long an entry waits for company while the worker is busy: as long as the one before took, but at least this … */
  entryLingerLeastMs: 2,
  /** … and at most this. */
  entryLingerMostMs: 10,
  /** From this many records in the last entry on, the worker counts as busy. */
  busyEntryRecords: 2,
  /** Entries after which an answer is opened again in its journal, so that whoever takes over need not read more. */
  renewalEntries: 512,
  /** An answer of more than this many bytes for each entry since it was opened is not opened again yet. */
  renewalBytesPerEntry: 16,
  /** Text of an answer that is not committed yet; past it the provider is not read. */
  uncommittedAnswerBytes: 256 * 1024,
  /** The same over all answers of a worker. */
  uncommittedWorkerBytes: 64 * 1024 * 1024,
  /** Pauses between tries of the same append. */
  appendRetryFirstMs: 20,
  appendRetryLastMs: 200,
  /** A worker with open answers that appended nothing for this long reads its own tail. */
  ownTailCheckMs: 5_000,
  /** A quiet worker appends something this often, so that `max_age` never empties its journal. */
  quietAppendMs: 60 * 60 * 1000,
  /** Sealed journals whose folds are kept in memory. */
  keptFolds: 8,
  /** A finished answer stays readable at its worker. */
  keptAnswerMs: 60_000,
  /** Trimming waits this long after the row was committed, in case the database loses its last seconds. */
  trimDelayMs: 10 * 60 * 1000,
  trimIntervalMs: 60_000,

  workerHeartbeatMs: 500,
  /** A worker unheard for this long is asked whether it is alive. */
  workerSilentMs: 1_250,
  /** A worker silent for this long is sealed although nobody said that it is gone. */
  workerDeadMs: 3_000,
  aliveTimeoutMs: 500,
  jobExtendMs: 5_000,
  /** Jobs asked for at once: what somebody hands over is spread over all others, not given to whoever asks first. */
  takeAtOnce: 8,
  /** How long one request for jobs waits for the first; a worker told to stop waits for it. */
  takeWaitMs: 1_000,
  /** Delay of a job given back because somebody else has it. */
  jobReleaseMs: 2_000,
  /** Texts that a worker that stops writes down once more at most, so that whoever goes on need not read its journal. */
  handOverBytes: 1024 * 1024,
  /** How long it takes for that at most. */
  handOverMs: 500,
  /** How long a worker that stops goes on writing rows of answers that are closed. */
  drainStoreMs: 1_000,
  positionsMs: 1_000,

  /** Attempts in a row without new text after which an answer is given up. */
  barrenAttempts: 3,
  /** Calls to a provider after which an answer is given up. */
  providerCalls: 10,

  /** A hole is asked for after this long. */
  gapRepairMs: 150,
  /** Chunks held out of order; past it they are dropped and read again. */
  heldChunks: 256,
  readTimeoutMs: 1_000,
  readPageBytes: 512 * 1024,
  askRetryFirstMs: 250,
  askRetryLastMs: 5_000,
  /** Without a sign of an answer for this long its readers are told that it is being recovered. */
  recoveringMs: 3_000,
  /** The answers of the sessions shown are listed this often, so that none is missed. */
  listIntervalMs: 10_000,
  /** Answers that ended this lately are listed too. Longer than the interval, shorter than what a pod keeps of them. */
  endedListedMs: 30_000,
  liveAnswers: 10_000,
  /** Chunks of a plain answer. */
  plainChunks: 10_000,
  /** Plain answers of a pod that are held for want of a chunk; of one more, the one heard of longest ago is ended. */
  plainBehind: 1_000,
  /** Bytes of chunks held for them together; past it the same. */
  plainHeldBytes: 256 * 1024 * 1024,
  /** A chunk of a plain answer missing for this long ends it with an error. */
  plainGapMs: 30_000,
  /** So does a plain answer of which nothing new is heard for this long. */
  plainSilenceMs: 5 * 60_000,
  /** Pods write down this often what they have heard of a plain answer; a sweeper waits so much longer than they do. */
  plainVouchMs: 20_000,
  /** A pod that has a plain answer leaves its workflow this long to carry out a stop, then does so itself. */
  plainStopMs: 400,
  /** A pod that lacks something of it waits so much longer for one that has all. */
  plainStopBehindMs: 200,
  /** How long a connection waits for its user's news to be listened to; then it goes on without. */
  userEventsMs: 1_000,
  /** Bytes a connection has not taken yet; past it nothing is pushed. */
  unsentBytes: 256 * 1024,
  /** A connection that stays past it this long is closed. */
  slowReaderMs: 30_000,
  stopTimeoutMs: 1_000,
  /** A pod that has a plain answer says so within this long. */
  heldTimeoutMs: 250,

  sweepIntervalMs: 5_000,
  /** A queue that has taken nothing for this long is looked at, and made anew where it is beyond repair. */
  queueBrokenMs: 45_000,
  sweepPageRows: 200,
  /** Rows in a row that could not be mended, after which a round leaves the rest to the next. */
  sweepFailures: 8,
  /** Rows that have served their time are removed this often. */
  expiryIntervalMs: 10 * 60_000,
  /** A job queued this long ago without an owner is queued again. */
  unownedJobMs: 60_000,
  /** A stored turn whose job was not published is published after this long. */
  unpublishedJobMs: 1_000,
} as const;

/** How long a plain answer is waited for, in milliseconds. The tests make them short. */
export type PlainTimes = {
  /** A chunk missing for this long ends it. */
  readonly gapMs: number;
  /** Nothing new heard for this long ends it. */
  readonly silenceMs: number;
  /** How often pods write down what they have heard. */
  readonly vouchMs: number;
};

export const plainTimes: PlainTimes = {
  gapMs: streamLimits.plainGapMs,
  silenceMs: streamLimits.plainSilenceMs,
  vouchMs: streamLimits.plainVouchMs,
};
