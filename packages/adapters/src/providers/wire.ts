import { traceparentOf } from "@uci/protocol";
import type { ModelError } from "@uci/stream";
import { parsedOrText, readBoundedText } from "./bounded-body.ts";
import { badResponse, failureError, readErrorBody, unreachable } from "./errors.ts";
import { EventScanner } from "./event-scanner.ts";
import { readRetryAfterMs } from "./retry.ts";
import type { Surroundings } from "./surroundings.ts";

/** Who is called and what must not be told of it. */
export type WireIdentity = {
  readonly provider: string;
  readonly model: string;
  readonly secrets: readonly string[];
  /** Told to the provider, so that its side of a request can be found again. */
  readonly correlationId: string;
};

type FetchFunction = typeof fetch;

/**
 * One HTTP exchange with a provider, below the AI SDK: the SDK is given `fetch` and sees only successful responses whose
 * body ends at the provider's end marker. What goes wrong is kept in `failure`, as the port's own error, because the SDK
 * wraps errors together with request bodies and headers, which must not travel.
 */
export class Wire {
  readonly #identity: WireIdentity;
  readonly #surroundings: Surroundings;
  readonly #scanner: EventScanner;
  #failure: ModelError | null = null;

  constructor(identity: WireIdentity, endMarkers: readonly string[], surroundings: Surroundings) {
    this.#identity = identity;
    this.#surroundings = surroundings;
    this.#scanner = new EventScanner(endMarkers);
  }

  get failure(): ModelError | null {
    return this.#failure;
  }

  /** The provider itself has said that the answer is over. */
  get endMarkerSeen(): boolean {
    return this.#scanner.ended;
  }

  readonly fetch: FetchFunction = async (input, init) => {
    let response: Response;
    try {
      // Not followed: fetch would send `x-api-key` on to wherever the redirect points.
      const headers = tracedHeaders(init?.headers, this.#identity.correlationId);
      response = await this.#surroundings.fetch(input, { ...init, headers, redirect: "manual" });
    } catch (error) {
      if (init?.signal?.aborted === true) throw error;
      throw this.#fail(unreachable(this.#identity.provider, error));
    }
    if (!response.ok) throw this.#fail(await this.#refusal(response));
    if (response.body === null) throw this.#fail(badResponse(`${this.#identity.provider} sent an empty answer.`));
    const body = this.#watched(response.body.getReader(), init?.signal ?? null);
    return new Response(body, { status: response.status, headers: response.headers });
  };

  #fail(error: ModelError): ModelError {
    this.#failure ??= error;
    return this.#failure;
  }

  async #refusal(response: Response): Promise<ModelError> {
    const { provider, model, secrets } = this.#identity;
    const { limits, clock } = this.#surroundings;
    const { text } = await readBoundedText(response, limits.errorBodyBytes);
    const { kinds, message } = readErrorBody(parsedOrText(text));
    return failureError({
      provider,
      model,
      secrets,
      kinds,
      message: response.status < 400 ? "its configured address redirects elsewhere." : readable(message),
      status: response.status,
      retryAfterMs: readRetryAfterMs(response.headers, clock.nowMs()),
      messageCharacters: limits.errorMessageCharacters,
    });
  }

  #watched(reader: ReadableStreamDefaultReader<Uint8Array>, signal: AbortSignal | null): ReadableStream<Uint8Array> {
    const { provider } = this.#identity;
    const scanner = this.#scanner;
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
      try {
        const { done, value } = await reader.read();
        if (done) {
          scanner.end();
          controller.close();
          return;
        }
        scanner.push(value);
        if (scanner.largestEventBytes > this.#surroundings.limits.eventBytes) {
          controller.error(this.#fail(badResponse(`${provider} sent an event larger than is taken here.`)));
          void reader.cancel().catch(() => undefined);
          return;
        }
        controller.enqueue(value);
        if (!scanner.ended) return;
        controller.close();
        this.#drain(reader);
      } catch (error) {
        controller.error(signal?.aborted ? error : this.#fail(badResponse(`The connection to ${provider} broke off.`)));
      }
    };
    return new ReadableStream<Uint8Array>({ pull, cancel: (reason) => reader.cancel(reason) }, { highWaterMark: 0 });
  }

  /** Reads what little follows the end marker, so that the connection can be used again; closes one that stays open. */
  #drain(reader: ReadableStreamDefaultReader<Uint8Array>): void {
    const close = () => void reader.cancel().catch(() => undefined);
    const stop = this.#surroundings.clock.after(this.#surroundings.limits.connectionDrainMs, close);
    const readOn = async () => {
      try {
        while (!(await reader.read()).done);
      } catch {
        // The answer is complete; how its connection ended changes nothing.
      }
      stop();
    };
    void readOn();
  }
}

function tracedHeaders(given: ConstructorParameters<typeof Headers>[0], correlationId: string): Headers {
  const headers = new Headers(given);
  headers.set("X-Client-Request-Id", correlationId);
  const traceparent = traceparentOf(correlationId, correlationId);
  if (traceparent !== null) headers.set("traceparent", traceparent);
  return headers;
}

/** An HTML page of some gateway says nothing to anybody. */
function readable(message: string): string {
  return /^\s*</.test(message) ? "" : message;
}
