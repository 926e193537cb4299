import {
  APICallError,
  InvalidResponseDataError,
  JSONParseError,
  type LanguageModelV4StreamPart,
  TypeValidationError,
} from "@ai-sdk/provider";
import { ModelError, type ModelPart, type ModelRequest } from "@uci/stream";
import { parsedOrText } from "./bounded-body.ts";
import { badResponse, cancelled, failureError, readErrorBody, timedOut } from "./errors.ts";
import type { Endpoint, PreparedCall, WireKind } from "./kinds/wire-kind.ts";
import type { ProviderModel } from "./provider-model.ts";
import { pause, retryDelayMs } from "./retry.ts";
import { SilenceWatch } from "./silence-watch.ts";
import { PartTranslator, translateFinish } from "./stream-parts.ts";
import type { Surroundings } from "./surroundings.ts";
import { ReplayMismatch } from "./text-join.ts";
import { Wire } from "./wire.ts";

/** Everything about one answer that stays the same over its tries. */
export type Generation = {
  readonly kind: WireKind;
  readonly endpoint: Endpoint;
  readonly model: ProviderModel;
  readonly request: ModelRequest;
  readonly surroundings: Surroundings;
};

/**
 * Streams one answer. A request that fails before it brought anything is tried again, a bounded number of times; after
 * the first part nothing is, because the provider would begin anew. A `response` part may come once for each try.
 */
export async function* generateWithRetries(generation: Generation, signal: AbortSignal): AsyncGenerator<ModelPart> {
  const { surroundings } = generation;
  for (let tries = 1; ; tries++) {
    let begun = false;
    try {
      for await (const part of new Exchange(generation, signal).parts()) {
        begun ||= part.type !== "response";
        yield part;
      }
      return;
    } catch (error) {
      if (!(error instanceof ModelError) || begun || signal.aborted) throw error;
      const delayMs = retryDelayMs(error, tries, surroundings);
      if (delayMs === null) throw error;
      await pause(surroundings.clock, delayMs, signal);
    }
  }
}

/** One try: one HTTP request and what is read of its answer. */
class Exchange {
  readonly #generation: Generation;
  readonly #signal: AbortSignal;
  readonly #wire: Wire;
  readonly #abort = new AbortController();
  readonly #watch: SilenceWatch;
  /** Why this try was broken off from this side. */
  #broken: ModelError | null = null;
  #reader: ReadableStreamDefaultReader<LanguageModelV4StreamPart> | null = null;
  #rejectOpening: (error: ModelError) => void = () => undefined;
  #responseId: string | null = null;

  constructor(generation: Generation, signal: AbortSignal) {
    const { endpoint, model, kind, surroundings, request } = generation;
    this.#generation = generation;
    this.#signal = signal;
    const secrets = endpoint.apiKey === undefined ? [] : [endpoint.apiKey];
    const identity = { provider: endpoint.name, model: model.id, secrets, correlationId: request.correlationId };
    this.#wire = new Wire(identity, kind.endMarkers, surroundings);
    this.#watch = new SilenceWatch(surroundings.clock, (limitMs) => this.#breakOff(timedOut(endpoint.name, limitMs)));
  }

  async *parts(): AsyncGenerator<ModelPart> {
    if (this.#signal.aborted) throw cancelled();
    const onAbort = () => this.#breakOff(cancelled());
    this.#signal.addEventListener("abort", onAbort, { once: true });
    let complete = false;
    try {
      for await (const part of this.#read()) {
        if (part.type === "finish") complete = true;
        yield part;
      }
    } finally {
      this.#signal.removeEventListener("abort", onAbort);
      this.#watch.stop();
      // Also when the caller leaves the loop: the provider must not go on writing for nobody. After the end there is
      // nothing left to read, save from a server that keeps its stream open.
      if (!complete) this.#breakOff(cancelled());
      else void this.#reader?.cancel().catch(() => undefined);
    }
  }

  async *#read(): AsyncGenerator<ModelPart> {
    const { kind, endpoint, model, request, surroundings } = this.#generation;
    const { limits, clock } = surroundings;
    const startedMs = clock.nowMs();
    const call = kind.prepare(endpoint, model, request, this.#wire.fetch);
    const translator = new PartTranslator(kind, call.join);
    this.#watch.wait(startedMs, limits.firstTokenTimeoutMs);
    let begun = false;
    try {
      const reader = await this.#open(call);
      for (;;) {
        if (begun) this.#watch.wait(clock.nowMs(), limits.idleTimeoutMs);
        const { done, value } = await reader.read();
        if (this.#broken !== null) throw this.#broken;
        if (done) throw this.#brokeOff();
        if (value.type === "finish") {
          this.#watch.stop();
          yield this.#finish(value);
          return;
        }
        if (value.type === "error" && kind.mayIgnore?.(value.error) !== true) throw this.#told(value.error);
        const part = translator.translate(value);
        if (part === null) continue;
        if (part.type === "response") this.#responseId = part.responseId;
        else begun = true;
        if (begun) this.#watch.rest();
        yield part;
      }
    } catch (error) {
      throw this.#asModelError(error);
    }
  }

  /** The SDK's stream. Ends at once when this try is broken off, whatever the SDK is doing then. */
  async #open(call: PreparedCall): Promise<ReadableStreamDefaultReader<LanguageModelV4StreamPart>> {
    const opening = (async () => {
      const { stream } = await call.model.doStream({ ...call.options, abortSignal: this.#abort.signal });
      this.#reader = stream.getReader();
      if (this.#broken !== null) void this.#reader.cancel().catch(() => undefined);
      return this.#reader;
    })();
    opening.catch(() => undefined);
    const brokenOff = new Promise<never>((_resolve, reject) => {
      this.#rejectOpening = reject;
    });
    if (this.#broken !== null) throw this.#broken;
    return Promise.race([opening, brokenOff]);
  }

  #finish(part: Extract<LanguageModelV4StreamPart, { type: "finish" }>): ModelPart {
    const finish = translateFinish(part.finishReason, part.usage);
    if (finish === null) throw this.#brokeOff();
    if (this.#generation.kind.finishNeedsEndMarker && !this.#wire.endMarkerSeen) throw this.#brokeOff();
    return finish;
  }

  #brokeOff(): ModelError {
    return this.#wire.failure ?? badResponse(`${this.#generation.endpoint.name}'s answer broke off before its end.`);
  }

  /** An error that came as an event in the stream. */
  #told(error: unknown): ModelError {
    const { endpoint, model, surroundings } = this.#generation;
    if (JSONParseError.isInstance(error) || TypeValidationError.isInstance(error)) {
      return badResponse(`${endpoint.name} sent something that makes no sense.`);
    }
    if (InvalidResponseDataError.isInstance(error)) return this.#brokeOff();
    return failureError({
      provider: endpoint.name,
      model: model.id,
      ...readErrorBody(error),
      secrets: endpoint.apiKey === undefined ? [] : [endpoint.apiKey],
      messageCharacters: surroundings.limits.errorMessageCharacters,
    });
  }

  /** Of everything that may be thrown here, only the port's own errors are fit to be handed on. */
  #asModelError(error: unknown): ModelError {
    const known = this.#broken ?? this.#wire.failure;
    if (known !== null) return known;
    if (error instanceof ModelError) return error;
    const { endpoint } = this.#generation;
    if (error instanceof ReplayMismatch) {
      return new ModelError("provider_bad_response", `${endpoint.name} does not have this answer any more.`, false);
    }
    // Both OpenAI's and Anthropic's adapter throw an error event that comes before any text, wrapped.
    if (APICallError.isInstance(error)) return this.#told(error.data ?? parsedOrText(error.responseBody ?? ""));
    return badResponse(`${endpoint.name}'s answer could not be read.`);
  }

  #breakOff(why: ModelError): void {
    if (this.#broken !== null) return;
    this.#broken = why;
    this.#watch.stop();
    // Without a reason: given one, the SDK no longer takes it for an abort and wraps it.
    this.#abort.abort();
    void this.#reader?.cancel().catch(() => undefined);
    this.#rejectOpening(why);
    this.#cancelAtProvider();
  }

  /** A background response goes on without its connection; it is stopped unless another worker is to pick it up. */
  #cancelAtProvider(): void {
    const { kind, endpoint, model, surroundings } = this.#generation;
    if (this.#responseId === null || kind.cancel === undefined || !model.abilities.resume) return;
    if (!this.#signal.aborted || isHandOver(this.#signal.reason)) return;
    const { clock, limits, warn } = surroundings;
    const limit = new AbortController();
    const stop = clock.after(limits.cancelTimeoutMs, () => limit.abort());
    kind
      .cancel(endpoint, this.#responseId, surroundings.fetch, limit.signal)
      .catch(() => warn(`${endpoint.name} could not be told to stop a response; it runs on there.`))
      .finally(stop);
  }
}

/** Name of the error to abort with when another worker goes on with the answer: a response that can be resumed is left running. */
export const handOverReason = "HandOver";

function isHandOver(reason: unknown): boolean {
  return reason instanceof Error && reason.name === handOverReason;
}
