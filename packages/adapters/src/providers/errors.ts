import { type ErrorCode, errorRegistry } from "@uci/protocol";
import { ModelError } from "@uci/stream";
import { withoutSecrets } from "./redact.ts";

/** What is known of a failure, from an HTTP response or from an event in mid-stream. */
export type ProviderFailure = {
  /** Shown name of the provider. */
  readonly provider: string;
  readonly model: string;
  readonly status?: number | undefined;
  /** The provider's own words for the kind of failure: `type` and `code` of its error. */
  readonly kinds: readonly string[];
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
  readonly secrets: readonly string[];
  readonly messageCharacters: number;
};

const codesByStatus: Readonly<Record<number, ErrorCode>> = {
  401: "provider_unauthorized",
  403: "provider_unauthorized",
  404: "model_not_found",
  408: "provider_unavailable",
  409: "provider_unavailable",
  429: "provider_rate_limited",
  503: "provider_overloaded",
  529: "provider_overloaded",
};

/** The kinds of all three wires; the first pattern found in any of a failure's kinds decides. */
const codesByKind: readonly (readonly [RegExp, ErrorCode])[] = [
  [/overload|slow_down|engine_overloaded/, "provider_overloaded"],
  [/rate_limit|too_many_requests|resource_exhausted|insufficient_quota/, "provider_rate_limited"],
  [/authentication|invalid_api_key|permission|unauthorized|forbidden/, "provider_unauthorized"],
  [/content_filter|content_policy|moderation|safety|cyber_policy|bio_policy/, "content_filtered"],
  [/model_not_found|not_found_error|deployment_not_found/, "model_not_found"],
  [
    /context_length|invalid_request|invalid_prompt|bad_request|billing|request_too_large|unsupported/,
    "provider_rejected",
  ],
  [/timeout/, "provider_unavailable"],
  [/api_error|server_error|internal|unavailable/, "provider_unavailable"],
];

/** Out of credit looks like a rate limit on the wire, but waiting does not help. */
const outOfCredit = /insufficient_quota|billing|credit balance|exceeded your current quota/i;

/** Google's OpenAI-compatible wire answers a wrong key with 400. */
const wrongKey = /api[ _-]?key (?:is )?(?:not valid|invalid|not found|missing)|invalid api[ _-]?key/i;

function codeOf(failure: ProviderFailure): ErrorCode {
  const { status } = failure;
  // A status says what happened to this request; kinds only refine what 400, 404 and 5xx leave open.
  if (status === 401 || status === 403 || status === 429 || status === 529) return codesByStatus[status]!;
  if (status === 400 && wrongKey.test(failure.message)) return "provider_unauthorized";
  const words = failure.kinds.join(" ").toLowerCase();
  for (const [pattern, code] of codesByKind) {
    if (!pattern.test(words)) continue;
    const contradicts = status !== undefined && status < 500 !== !errorRegistry[code].retryable;
    if (!contradicts) return code;
  }
  if (status === undefined) return "provider_bad_response";
  return codesByStatus[status] ?? (status >= 500 ? "provider_unavailable" : "provider_rejected");
}

/** The error of the port for a failure told by the provider. Its message is safe to show. */
export function failureError(failure: ProviderFailure): ModelError {
  const code = codeOf(failure);
  const exhausted =
    code === "provider_rate_limited" && outOfCredit.test(`${failure.kinds.join(" ")} ${failure.message}`);
  const retryable = errorRegistry[code].retryable && !exhausted;
  return new ModelError(code, sentence(code, failure, exhausted), retryable, failure.retryAfterMs);
}

/** Only where the provider's own words help, and cannot hold what the operator must keep to himself, are they passed on. */
function sentence(code: ErrorCode, failure: ProviderFailure, exhausted: boolean): string {
  const { provider, model, status } = failure;
  switch (code) {
    case "provider_unauthorized":
      return `${provider} refused the configured key.`;
    case "provider_rate_limited":
      return exhausted ? `The account at ${provider} has no credit left.` : `${provider}'s rate limit is reached.`;
    case "provider_overloaded":
      return `${provider} is overloaded just now.`;
    case "model_not_found":
      return `${provider} does not know the model ${model}, or its configured address is wrong.`;
    case "provider_unavailable":
      return `${provider} failed to answer${status === undefined ? "" : ` (HTTP ${status})`}.`;
    case "content_filtered":
      return `${provider}'s content filter refused this request.`;
    default: {
      const words = withoutSecrets(failure.message, failure.secrets, failure.messageCharacters);
      const what = code === "provider_rejected" ? "refused this request" : "reported an error";
      return words === "" ? `${provider} ${what}.` : `${provider} ${what}: ${words}`;
    }
  }
}

/** `type`, `code` and message of an error as any of the three wires, or a gateway before them, writes it. */
export function readErrorBody(body: unknown): { kinds: string[]; message: string } {
  const outer = asRecord(Array.isArray(body) ? body[0] : body);
  if (outer === null) return { kinds: [], message: typeof body === "string" ? body : "" };
  const nested = asRecord(outer.error) ?? asRecord(asRecord(outer.response)?.error);
  const inner = nested ?? outer;
  const kinds = [inner.type, inner.code, inner.status]
    .filter((kind) => typeof kind === "string")
    .filter((kind) => kind !== "error");
  const message = [inner.message, outer.error, outer.detail].find((text) => typeof text === "string");
  return { kinds, message: message ?? "" };
}

export function asRecord(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

/** The connection could not be made, or was closed before an answer came. */
export function unreachable(provider: string, cause: unknown): ModelError {
  const code = networkCode(cause);
  return new ModelError(
    "provider_unavailable",
    `${provider} cannot be reached${code === "" ? "" : ` (${code})`}.`,
    true,
  );
}

/** What came ended before the provider's own end marker, or made no sense. */
export function badResponse(sentence: string): ModelError {
  return new ModelError("provider_bad_response", sentence, true);
}

export function timedOut(provider: string, silentMs: number): ModelError {
  const seconds = Math.max(1, Math.round(silentMs / 1000));
  return new ModelError("provider_timeout", `${provider} stayed silent for ${seconds} s.`, true);
}

/** The caller aborted; nobody but the caller sees this. */
export function cancelled(): ModelError {
  return new ModelError("internal_error", "The request was cancelled.", false);
}

/** `ECONNREFUSED` and its like, from however deep: fetch wraps the socket's error. */
function networkCode(error: unknown): string {
  for (let depth = 0, current = error; depth < 5 && current instanceof Error; depth++, current = current.cause) {
    const { code } = current as { code?: unknown };
    if (typeof code === "string" && /^[A-Z][A-Z0-9_]{2,40}$/.test(code)) return code;
  }
  return "";
}
