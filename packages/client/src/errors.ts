import type { ErrorBody, ErrorCode } from "@uci/protocol";

/**
 * Codes of failures that no server told: `network` (no answer at all), `timeout` (none in time), `bad_response`
 * (an answer that is not ours, such as a proxy's page), `aborted` (the caller's own signal).
 */
export type ClientErrorCode = "network" | "timeout" | "bad_response" | "aborted";

type ApiErrorDetails = {
  readonly status: number;
  readonly retryable: boolean;
  readonly correlationId?: string | null;
  readonly retryAfterMs?: number | null;
  readonly cause?: unknown;
};

/** A call that did not succeed. `message` is the server's sentence and may be shown. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** A code of the error registry, or one of the client's own. A newer server may send codes unknown here. */
  readonly code: ErrorCode | ClientErrorCode | (string & {});
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean;
  /** Names the request in the server's log; null when no server of ours answered. */
  readonly correlationId: string | null;
  /** How long the server asks to wait; null when it does not say. */
  readonly retryAfterMs: number | null;

  constructor(code: string, message: string, details: ApiErrorDetails) {
    super(message, { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.retryable = details.retryable;
    this.correlationId = details.correlationId ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

/** What a request without any answer failed with. */
export function networkError(cause: unknown): ApiError {
  return new ApiError("network", "The server cannot be reached.", { status: 0, retryable: true, cause });
}

export function timeoutError(): ApiError {
  return new ApiError("timeout", "The server did not answer in time.", { status: 0, retryable: true });
}

export function abortedError(): ApiError {
  return new ApiError("aborted", "The request was given up.", { status: 0, retryable: false });
}

/** Reads the error of a response that is not a success. Never throws. */
export async function errorOfResponse(response: Response, nowMs: number): Promise<ApiError> {
  const retryAfterMs = retryAfter(response.headers.get("retry-after"), nowMs);
  const { status } = response;
  let body: unknown = null;
  try {
    body = await response.json();
  } catch {
    body = null;
  }
  if (isErrorBody(body)) {
    const { code, message, retryable, correlation_id } = body.error;
    return new ApiError(code, message, { status, retryable, correlationId: correlation_id, retryAfterMs });
  }
  const retryable = status >= 500 || status === 429 || status === 408;
  const message = retryable ? "The server cannot answer just now." : "The server refused the request.";
  return new ApiError("bad_response", message, { status, retryable, retryAfterMs });
}

function isErrorBody(body: unknown): body is ErrorBody {
  if (typeof body !== "object" || body === null || !("error" in body)) return false;
  const { error } = body;
  if (typeof error !== "object" || error === null) return false;
  const { code, message, retryable } = error as Record<string, unknown>;
  return typeof code === "string" && typeof message === "string" && typeof retryable === "boolean";
}

/** Milliseconds a `Retry-After` header asks for, in either of its forms; null when it says nothing. */
function retryAfter(header: string | null, nowMs: number): number | null {
  if (header === null || header.trim() === "") return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - nowMs);
}
