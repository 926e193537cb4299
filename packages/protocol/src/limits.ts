/** Limits of the wire: what a peer may send. Every number carries its unit in its name. */
export const wireLimits = {
  /** Text of one user message. */
  messageBytes: 256 * 1024,
  /** Body of one HTTP request. */
  requestBodyBytes: 1024 * 1024,
  /** Bodies of more than `requestBodyBytes` that one pod holds at a time. */
  bodiesInFlightBytes: 64 * 1024 * 1024,
  /** Bodies of up to `requestBodyBytes` that one pod holds at a time, of all callers and of one. */
  smallBodiesInFlightBytes: 64 * 1024 * 1024,
  smallBodiesOfCallerBytes: 16 * 1024 * 1024,
  /** Text of one chunk. */
  chunkBytes: 64 * 1024,
  /** Text of one answer, reasoning not counted. */
  answerBytes: 4 * 1024 * 1024,
  /** `conversation_history` of a workflow request. */
  conversationHistoryBytes: 512 * 1024,
  /** Messages of a history that a caller gives along with a temporary turn. */
  historyMessages: 2_000,
  /** An image, and a text, that goes with a message; how many of them, and how long a file's name may be. */
  attachedImageBytes: 10 * 1024 * 1024,
  attachedTextBytes: 1024 * 1024,
  attachmentsPerMessage: 10,
  attachmentNameCharacters: 200,
  /** Files of one user that no message has, at most. */
  unusedAttachments: 60,
  /** Text of an answer that is to be continued. */
  continuedAnswerBytes: 256 * 1024,
  /** System prompt given with a turn, and the messages of role `system` that a job carries together. */
  systemPromptBytes: 64 * 1024,
  /** Title of a session, in characters. */
  titleCharacters: 200,
  /** Name of a folder or a person, in characters. */
  nameCharacters: 100,
  /** Text of a saved prompt, in characters. */
  promptCharacters: 20_000,
  /** Folders of one user. */
  folders: 200,
  /** Saved prompts of one user. */
  prompts: 200,
  /** Shares of one session. */
  sharesPerSession: 100,
  /** Texts of one shared branch together. */
  sharedBytes: 8 * 1024 * 1024,
  /** What is looked for, in characters. */
  searchCharacters: 200,
  /** A file with sessions to take in. */
  importBytes: 50 * 1024 * 1024,
  /** Sessions one SSE connection may show. */
  sessionsPerConnection: 8,
  /** Answers one cursor may name. */
  cursorEntries: 64,
  /** Length of a cursor, in characters. */
  cursorCharacters: 8192,
  /** Length of an idempotency key, in characters. */
  idempotencyKeyCharacters: 255,
  /** What is kept of a caller's address with an open connection, in characters. */
  callerAddressCharacters: 64,
  /** What is kept of a caller's `User-Agent` with an open connection, in characters. */
  userAgentCharacters: 300,
  /** Rows of one page of a list. */
  pageRows: 100,
  /** Largest token budget a caller may ask for. */
  maxTokens: 1_000_000,
} as const;

export const wireTimes = {
  /** An SSE comment is sent when nothing else was for this long. */
  sseCommentIntervalMs: 15_000,
  /** A client that received no byte for this long reconnects. */
  sseSilenceMs: 40_000,
  /** First value of EventSource's own reconnection time. */
  sseRetryMs: 1_000,
  /** How long an idempotency key is remembered. */
  idempotencyKeyMs: 24 * 60 * 60 * 1000,
} as const;
