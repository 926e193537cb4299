/** Numbers of the providers' adapters. Times in milliseconds, sizes in bytes unless the name says otherwise. */
export type ProviderLimits = {
  /** From the request to the first text, reasoning or tool part. At most 290 s: Node's own fetch gives up at 300 s. */
  readonly firstTokenTimeoutMs: number;
  /** The longest silence between two parts, counted only while somebody waits for the next one. At most 290 s. */
  readonly idleTimeoutMs: number;
  /** Further tries after the first, all before the first part was handed on. */
  readonly retries: number;
  /** Pause before the first further try; doubles with each, up to `retryLastDelayMs`. */
  readonly retryFirstDelayMs: number;
  readonly retryLastDelayMs: number;
  /** A `Retry-After` longer than this is not waited for; the error carries it instead. */
  readonly retryAfterCapMs: number;
  /** One server-sent event. The last event of OpenAI's Responses API repeats the whole answer. */
  readonly eventBytes: number;
  /** What is read of the body of an error. */
  readonly errorBodyBytes: number;
  /** What of a provider's own words goes into an error message. */
  readonly errorMessageCharacters: number;
  /** How long a connection may take to end after the provider's end marker before it is closed instead of reused. */
  readonly connectionDrainMs: number;
  /** How long telling the provider to stop a background response may take. */
  readonly cancelTimeoutMs: number;
  readonly modelListTimeoutMs: number;
  readonly modelListBytes: number;
  /** Models shown of one provider that was asked for its list. */
  readonly listedModels: number;
  /** A list that could not be had is asked for again after this long, when somebody wants to see it. */
  readonly modelListRetryMs: number;
};

export const defaultProviderLimits: ProviderLimits = {
  firstTokenTimeoutMs: 180_000,
  idleTimeoutMs: 120_000,
  retries: 2,
  retryFirstDelayMs: 500,
  retryLastDelayMs: 8_000,
  retryAfterCapMs: 30_000,
  eventBytes: 32 * 1024 * 1024,
  errorBodyBytes: 64 * 1024,
  errorMessageCharacters: 300,
  connectionDrainMs: 1_000,
  cancelTimeoutMs: 5_000,
  modelListTimeoutMs: 5_000,
  modelListBytes: 4 * 1024 * 1024,
  listedModels: 200,
  modelListRetryMs: 30_000,
};
