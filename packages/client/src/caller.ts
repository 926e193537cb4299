import { backoffMs } from "./backoff.ts";
import type { Environment } from "./environment.ts";
import { ApiError, abortedError, errorOfResponse, networkError, timeoutError } from "./errors.ts";
import { clientLimits } from "./limits.ts";

/** Whether cookies go along, as `fetch` has it. */
export type Credentials = "omit" | "same-origin" | "include";

/** Where the server is and who is asking. */
export type ConnectionOptions = {
  /** Origin, with a path prefix if there is one: "https://chat.example.org"; "" for the page's own origin. */
  readonly baseUrl: string;
  /** Trusted mode only: the caller, already authenticated by somebody else. */
  readonly userId?: string | undefined;
  /** Sent with every request; asked anew for each, so that a token may be refreshed. */
  readonly headers?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>) | undefined;
  /** Passed on to `fetch`; "include" for a server on another origin that signs people in with cookies. */
  readonly credentials?: Credentials | undefined;
};

export type Call = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** A file in place of a JSON body. */
  readonly file?: { readonly data: Blob; readonly name: string; readonly mediaType: string };
  readonly idempotencyKey?: string;
  /** Whether doing it twice is the same as doing it once. */
  readonly repeatable?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Longer than usual, for what takes long to send. */
  readonly timeoutMs?: number;
};

/** Address of a route under the base URL. */
export function addressOf(options: ConnectionOptions, path: string, query: URLSearchParams): string {
  const search = query.toString();
  return `${options.baseUrl.replace(/\/+$/, "")}${path}${search === "" ? "" : `?${search}`}`;
}

/** The headers every request carries. */
export function headersOf(options: ConnectionOptions): Record<string, string> {
  const own = typeof options.headers === "function" ? options.headers() : options.headers;
  return { ...own, ...(options.userId === undefined ? {} : { "x-user-id": options.userId }) };
}

/** Makes calls and repeats those that may be repeated, a bounded number of times. */
export class Caller {
  readonly #options: ConnectionOptions;
  readonly #environment: Environment;

  constructor(options: ConnectionOptions, environment: Environment) {
    this.#options = options;
    this.#environment = environment;
  }

  /** The answer's JSON body. Throws an ApiError, and nothing else. */
  async call<Answer>(call: Call): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.#once(call)) as Answer;
      } catch (problem) {
        const error = problem instanceof ApiError ? problem : networkError(problem);
        if (call.repeatable !== true || attempt >= clientLimits.callAttempts || !mayRepeat(error)) throw error;
        const waitMs = error.retryAfterMs ?? backoffMs(attempt, this.#environment.random);
        if (waitMs > clientLimits.retryAfterCeilingMs) throw error;
        await this.#wait(waitMs, call.signal);
      }
    }
  }

  async #once(call: Call): Promise<unknown> {
    const controller = new AbortController();
    const abort = () => controller.abort();
    if (isAborted(call.signal)) throw abortedError();
    call.signal?.addEventListener("abort", abort, { once: true });
    let timedOut = false;
    const cancelTimeout = this.#environment.after(call.timeoutMs ?? clientLimits.callTimeoutMs, () => {
      timedOut = true;
      controller.abort();
    });
    try {
      const response = await this.#environment.fetch(this.#address(call), this.#request(call, controller.signal));
      if (!response.ok) throw await errorOfResponse(response, this.#environment.nowMs());
      return await bodyOf(response);
    } catch (problem) {
      if (problem instanceof ApiError) throw problem;
      if (isAborted(call.signal)) throw abortedError();
      throw timedOut ? timeoutError() : networkError(problem);
    } finally {
      cancelTimeout();
      call.signal?.removeEventListener("abort", abort);
    }
  }

  #address(call: Call): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) query.set(name, String(value));
    }
    return addressOf(this.#options, call.path, query);
  }

  #request(call: Call, signal: AbortSignal): RequestInit {
    const headers: Record<string, string> = { accept: "application/json", ...headersOf(this.#options) };
    if (call.body !== undefined) headers["content-type"] = "application/json";
    if (call.file !== undefined) {
      headers["content-type"] = call.file.mediaType;
      headers["x-file-name"] = encodeURIComponent(call.file.name.toWellFormed());
    }
    if (call.idempotencyKey !== undefined) headers["idempotency-key"] = call.idempotencyKey;
    return {
      method: call.method,
      headers,
      signal,
      cache: "no-store",
      // A page that is being left deletes what waited to be deleted; without this the browser may drop the request.
      keepalive: call.method === "DELETE",
      credentials: this.#options.credentials ?? "same-origin",
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      ...(call.file === undefined ? {} : { body: call.file.data }),
    };
  }

  #wait(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        cancel();
        reject(abortedError());
      };
      const cancel = this.#environment.after(delayMs, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** Only what says nothing about the request itself: no answer, or a server or proxy in trouble. */
function mayRepeat(error: ApiError): boolean {
  return error.retryable && (error.status === 0 || error.status >= 500);
}

async function bodyOf(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  const text = await response.text();
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    // A captive portal or a proxy answers 200 with a page of its own.
    throw new ApiError("bad_response", "The answer did not come from the chat server.", {
      status: response.status,
      retryable: true,
      cause,
    });
  }
}
