import { type ErrorCode, errorRegistry } from "@uci/protocol";

type GatewayAnswer = {
  /** The last part of its internal path. */
  readonly name: string;
  readonly code: ErrorCode;
  /** Instead of the registry's sentence. */
  readonly message?: string;
  readonly retryAfterSeconds?: number;
};

/** What nginx answers by itself, in the shape of the pods' errors. */
const answers = {
  invalid_request: { name: "invalid-request", code: "invalid_request" },
  not_found: { name: "not-found", code: "not_found" },
  method_not_allowed: { name: "method-not-allowed", code: "method_not_allowed" },
  too_large: { name: "too-large", code: "payload_too_large" },
  rate_limited: { name: "rate-limited", code: "rate_limited", retryAfterSeconds: 1 },
  too_many_streams: { name: "too-many-streams", code: "too_many_connections", retryAfterSeconds: 5 },
  failed: { name: "failed", code: "internal_error", retryAfterSeconds: 1 },
  no_pod: {
    name: "no-pod",
    code: "no_pod_available",
    retryAfterSeconds: 1,
  },
} as const satisfies Record<string, GatewayAnswer>;

type AnswerName = keyof typeof answers | "page";
type ErrorPages = Readonly<Record<number, AnswerName>>;

/** Path prefix of internal places; from outside it is not found. */
const prefix = "/@gateway";

/** Which answer stands for which status of nginx; 494 is its own for headers that are too large. */
const everywhere: ErrorPages = {
  400: "invalid_request",
  404: "not_found",
  405: "method_not_allowed",
  413: "too_large",
  414: "too_large",
  429: "rate_limited",
  494: "too_large",
  500: "failed",
  501: "invalid_request",
  502: "no_pod",
  503: "no_pod",
  504: "no_pod",
  505: "invalid_request",
};

/** The `error_page` lines of each kind of location: one that has lines of its own inherits none. */
export const errorPageLines = {
  server: lines(everywhere),
  page: lines({ ...everywhere, 502: "page", 503: "page", 504: "page" }),
  turn: `${lines(everywhere)}\nerror_page 418 = @repeatable_turn;`,
  stream: lines({ ...everywhere, 429: "too_many_streams" }),
} as const;

function lines(pages: ErrorPages): string {
  const statuses = new Map<AnswerName, string[]>();
  for (const [status, name] of Object.entries(pages)) statuses.set(name, [...(statuses.get(name) ?? []), status]);
  return [...statuses].map(([name, list]) => `error_page ${list.join(" ")} = ${pathOf(name)};`).join("\n");
}

function pathOf(name: AnswerName): string {
  return `${prefix}/${name === "page" ? "page" : answers[name].name}`;
}

/** The locations that give these answers. */
export function errorLocations(): string {
  return [...Object.values(answers).map(jsonLocation), pageLocation()].join("\n");
}

function jsonLocation(answer: GatewayAnswer): string {
  const { status, retryable, meaning } = errorRegistry[answer.code];
  const body = {
    error: { code: answer.code, message: answer.message ?? meaning, retryable, correlation_id: "CORRELATION" },
  };
  const text = quoted(JSON.stringify(body)).replace("CORRELATION", "$correlation_id");
  return location(answer.name, "application/json", answer.retryAfterSeconds, [], `return ${status} ${text};`);
}

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="3">
<title>One moment</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;margin:20vh auto;max-width:30rem;padding:0 1rem;color-scheme:light dark}</style>
<h1>One moment</h1>
<p>The chat cannot be reached just now. This page tries again by itself.</p>
</html>
`;

function pageLocation(): string {
  const policy = `add_header Content-Security-Policy "default-src 'none'; style-src 'unsafe-inline'" always;`;
  return location("page", "text/html", 3, [policy], `charset utf-8;\n  return 503 ${quoted(page)};`);
}

function location(
  name: string,
  type: string,
  retryAfterSeconds: number | undefined,
  headers: readonly string[],
  last: string,
): string {
  return [
    `location = ${prefix}/${name} {`,
    "  internal;",
    `  default_type ${type};`,
    ...(retryAfterSeconds === undefined ? [] : [`  add_header Retry-After ${retryAfterSeconds} always;`]),
    "  add_header X-Correlation-Id $correlation_id always;",
    "  add_header X-Content-Type-Options nosniff always;",
    "  add_header Cache-Control no-store always;",
    ...headers.map((header) => `  ${header}`),
    `  ${last}`,
    "}",
  ].join("\n");
}

/** A text of nginx's language; a dollar would begin a variable there, and cannot be written otherwise. */
function quoted(text: string): string {
  if (text.includes("$")) throw new RangeError("nginx cannot write a dollar sign");
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
