/**
 * Every error this system tells anybody, once. `retryable` says whether the same request may succeed later
 * without being changed; `meaning` is the sentence shown when nothing more precise is known.
 */
export const errorRegistry = {
  invalid_request: { status: 400, retryable: false, meaning: "The request does not have the form this route takes." },
  invalid_cursor: { status: 400, retryable: false, meaning: "The cursor is not one this system has given out." },
  unauthenticated: { status: 401, retryable: false, meaning: "Sign in first." },
  invalid_credentials: { status: 401, retryable: false, meaning: "The e-mail address or the password is wrong." },
  forbidden: { status: 403, retryable: false, meaning: "This is not allowed for you." },
  origin_not_allowed: { status: 403, retryable: false, meaning: "The request comes from another site." },
  sign_up_closed: { status: 403, retryable: false, meaning: "New accounts are not accepted here." },
  not_found: { status: 404, retryable: false, meaning: "There is no such thing, or it is not yours." },
  method_not_allowed: { status: 405, retryable: false, meaning: "This route does not take this method." },
  parent_unfinished: { status: 409, retryable: true, meaning: "The message to reply to is still being written." },
  conflict: { status: 409, retryable: false, meaning: "This exists already or has changed meanwhile." },
  limit_reached: { status: 409, retryable: false, meaning: "There are as many of these as one person may have." },
  temporary_session: {
    status: 409,
    retryable: false,
    meaning: "A temporary chat keeps no texts, so this cannot be done with it.",
  },
  request_timeout: { status: 408, retryable: true, meaning: "The request did not arrive whole in time." },
  payload_too_large: { status: 413, retryable: false, meaning: "The request is larger than this system takes." },
  quota_exceeded: {
    status: 413,
    retryable: false,
    meaning: "There is no room left for this; delete something first.",
  },
  unsupported_media_type: { status: 415, retryable: false, meaning: "The request's content type is not taken here." },
  misdirected_request: {
    status: 421,
    retryable: false,
    meaning: "This server does not answer to that host name; see the settings PUBLIC_URL and ALLOWED_HOSTS.",
  },
  idempotency_key_reused: {
    status: 422,
    retryable: false,
    meaning: "This Idempotency-Key was used with another body before.",
  },
  weak_password: {
    status: 422,
    retryable: false,
    meaning:
      "This password is easy to guess: it is made of common words, a row of keys, few digits, or your name or address.",
  },
  model_not_found: { status: 422, retryable: false, meaning: "This provider or model is not configured." },
  rate_limited: { status: 429, retryable: true, meaning: "Too many requests; wait a little." },
  too_many_connections: { status: 429, retryable: true, meaning: "Too many streams are open." },
  too_many_requests: { status: 429, retryable: true, meaning: "Too many of your requests are under way at once." },
  too_many_answers: {
    status: 429,
    retryable: true,
    meaning: "As many of your answers are being written and wait as may; wait until one has ended.",
  },
  internal_error: { status: 500, retryable: true, meaning: "Something went wrong here." },
  storage_full: {
    status: 507,
    retryable: true,
    meaning: "This system has no room left for more; tell whoever runs it, or delete something.",
  },
  database_unavailable: { status: 503, retryable: true, meaning: "The database cannot be reached just now." },
  broker_unavailable: { status: 503, retryable: true, meaning: "New messages cannot be taken just now." },
  no_pod_available: {
    status: 503,
    retryable: true,
    meaning: "No server can take this just now; try again in a moment.",
  },
  overloaded: { status: 503, retryable: true, meaning: "This server has too much to do just now; wait a little." },
  draining: { status: 503, retryable: true, meaning: "This server is going away; connect again." },
  provider_unauthorized: { status: 502, retryable: false, meaning: "The provider refused the configured key." },
  provider_rate_limited: { status: 502, retryable: true, meaning: "The provider's rate limit is reached." },
  provider_overloaded: { status: 502, retryable: true, meaning: "The provider is overloaded." },
  provider_unavailable: { status: 502, retryable: true, meaning: "The provider cannot be reached." },
  provider_timeout: { status: 504, retryable: true, meaning: "The provider stayed silent for too long." },
  provider_bad_response: { status: 502, retryable: true, meaning: "The provider's answer broke off or made no sense." },
  provider_rejected: { status: 502, retryable: false, meaning: "The provider refused this request." },
  content_filtered: { status: 502, retryable: false, meaning: "The provider's content filter ended the answer." },
  answer_too_long: { status: 502, retryable: false, meaning: "The answer reached the largest length kept here." },
  attempts_exhausted: { status: 502, retryable: true, meaning: "The answer was cut off too often and was given up." },
  answer_unstorable: { status: 500, retryable: false, meaning: "The answer could not be stored as it was." },
  job_unqueueable: { status: 500, retryable: false, meaning: "The request could not be passed on to be answered." },
  chunk_missing: { status: 502, retryable: true, meaning: "A piece of the answer never arrived." },
} as const satisfies Record<string, { status: number; retryable: boolean; meaning: string }>;

export type ErrorCode = keyof typeof errorRegistry;

export const errorCodes = Object.keys(errorRegistry) as ErrorCode[];

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorRegistry, text);
}

/** An error with its place in the registry; `message` may be shown to the caller and holds no secret. */
export class RegisteredError extends Error {
  readonly code: ErrorCode;
  /** How long the caller should wait before it tries again, where that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message?: string, retryAfterMs?: number) {
    super(message ?? errorRegistry[code].meaning);
    this.name = "RegisteredError";
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  get status(): number {
    return errorRegistry[this.code].status;
  }

  get retryable(): boolean {
    return errorRegistry[this.code].retryable;
  }
}
