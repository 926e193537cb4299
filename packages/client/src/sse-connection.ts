import { createParser } from "eventsource-parser";
import type { Credentials } from "./caller.ts";
import type { Environment } from "./environment.ts";
import { ApiError, errorOfResponse, networkError, timeoutError } from "./errors.ts";
import { clientLimits } from "./limits.ts";

export type SseRequest = {
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly credentials: Credentials;
  /** No byte for this long ends the connection. */
  readonly silenceMs: number;
};

export interface SseHandlers {
  /** The server accepted; events follow. */
  onOpen(): void;
  /** One event; throwing ends the connection with what was thrown. */
  onEvent(name: string, data: string): void;
  /** It is over, once, and not after `close`. Null: the server ended it in an orderly way. */
  onEnd(error: ApiError | null): void;
}

/** One HTTP response of server-sent events: bytes in, events out, silence noticed. Knows nothing of reconnecting. */
export class SseConnection {
  readonly #controller = new AbortController();
  readonly #environment: Environment;
  readonly #handlers: SseHandlers;
  #over = false;
  #cancelWatch: () => void = () => {};
  #lastByteMs: number;

  constructor(request: SseRequest, environment: Environment, handlers: SseHandlers) {
    this.#environment = environment;
    this.#handlers = handlers;
    this.#lastByteMs = environment.nowMs();
    this.#watch(Math.min(clientLimits.connectTimeoutMs, request.silenceMs));
    this.#run(request).then(
      () => this.#end(null),
      (problem) => this.#end(problem instanceof ApiError ? problem : networkError(problem)),
    );
  }

  /** Milliseconds since the last byte, or since the start. */
  get silentMs(): number {
    return this.#environment.nowMs() - this.#lastByteMs;
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelWatch();
    this.#controller.abort();
  }

  async #run(request: SseRequest): Promise<void> {
    const response = await this.#environment.fetch(request.address, {
      headers: { accept: "text/event-stream", ...request.headers },
      signal: this.#controller.signal,
      cache: "no-store",
      credentials: request.credentials,
    });
    if (!response.ok) throw await errorOfResponse(response, this.#environment.nowMs());
    const type = response.headers.get("content-type") ?? "";
    if (response.body === null || !type.startsWith("text/event-stream")) {
      const details = { status: response.status, retryable: true };
      throw new ApiError("bad_response", "The answer did not come from the chat server.", details);
    }
    if (this.#over) return;
    this.#lastByteMs = this.#environment.nowMs();
    this.#watch(request.silenceMs);
    this.#handlers.onOpen();
    await this.#read(response.body);
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    const parser = createParser({
      maxBufferSize: clientLimits.eventCharacters,
      onEvent: ({ event, data }) => {
        if (!this.#over) this.#handlers.onEvent(event ?? "message", data);
      },
    });
    const reader = body.getReader();
    while (!this.#over) {
      const { done, value } = await reader.read();
      if (done || this.#over) return;
      this.#lastByteMs = this.#environment.nowMs();
      parser.feed(decoder.decode(value, { stream: true }));
    }
  }

  /** One timer for many bytes: a new one for each piece of an answer would cost more than reading it. */
  #watch(waitMs: number, limitMs = waitMs): void {
    this.#cancelWatch();
    this.#cancelWatch = this.#environment.after(waitMs, () => {
      // A clock that was set back would hide the silence until it has caught up.
      if (this.silentMs < 0) this.#lastByteMs = this.#environment.nowMs();
      const leftMs = limitMs - this.silentMs;
      if (leftMs > 0) this.#watch(leftMs, limitMs);
      else this.#end(timeoutError());
    });
  }

  #end(error: ApiError | null): void {
    if (this.#over) return;
    this.close();
    this.#handlers.onEnd(error);
  }
}
