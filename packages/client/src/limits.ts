/** Limits of the client's side of the wire. Every number carries its unit in its name. */
export const clientLimits = {
  /** Shortest and longest wait before another attempt to connect or send. */
  backoffFloorMs: 250,
  backoffCeilingMs: 5_000,
  /** A `Retry-After` beyond this is not waited for by itself: the caller is told. */
  retryAfterCeilingMs: 30_000,
  /** Attempts at one call that may safely be repeated. */
  callAttempts: 4,
  /** A call without an answer for this long has failed. */
  callTimeoutMs: 30_000,
  /** The same for a file, which may be ten megabytes over a slow line. */
  uploadTimeoutMs: 5 * 60_000,
  /** The same for an import: fifty megabytes over a slow line, and every message of them stored. */
  importTimeoutMs: 15 * 60_000,
  /** A stream whose headers have not come after this long has failed. */
  connectTimeoutMs: 15_000,
  /** A connection that lived this long after `ready` counts as sound: the next drop starts with the shortest wait. */
  soundConnectionMs: 2_000,
  /** A connection that is changed for another is still called open for this long. */
  changeGraceMs: 1_000,
  /** When the machine wakes and no byte came for this long, the stream is not trusted: two missed comments. */
  wakeSilenceMs: 32_000,
  /** An answer of which nothing has come for this long, and which the connection was not asked for by name, is asked for. */
  unheardMs: 12_000,
  /** Answers followed at a time; the cursor can name no more. */
  liveAnswers: 64,
  /** Characters of text held for answers of sessions that are not shown just now. */
  parkedCharacters: 8 * 1024 * 1024,
  /** Answers remembered as ended, so that late pieces of them are known for what they are. */
  endedAnswers: 512,
  /** Times one answer is read again because length or hash did not match, before that is reported. */
  mismatchRereads: 2,
  /** How often a link asks whether the tab with the connection is there, and how many answers may be missing. */
  pingMs: 4_000,
  missedPongs: 2,
  /** A link of which nothing was heard for this long is gone. Longer than browsers hold back the timers of hidden tabs. */
  linkSilenceMs: 180_000,
  /** Ended answers whose end the tab with the connection can still tell to others. */
  sharedEndedAnswers: 32,
  /** One event of the stream, in characters: an answer of 4 MiB as JSON with room for its reasoning. */
  eventCharacters: 32 * 1024 * 1024,
} as const;
