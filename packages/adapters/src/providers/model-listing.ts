import { z } from "zod";
import { parsedOrText, readBoundedText } from "./bounded-body.ts";
import type { Endpoint } from "./kinds/wire-kind.ts";
import type { ModelSetting } from "./settings.ts";
import type { Surroundings } from "./surroundings.ts";

/** OpenAI's list; llama.cpp and vLLM add the size of the context window, each under its own name. */
const listSchema = z.object({
  data: z.array(
    z.looseObject({
      id: z.string().min(1).max(200),
      name: z.string().min(1).max(200).optional().catch(undefined),
      context_length: z.number().int().positive().optional().catch(undefined),
      max_model_len: z.number().int().positive().optional().catch(undefined),
    }),
  ),
});

/** Not for conversation, though the list does not say so. */
const otherPurpose = /embed|rerank|whisper|tts|dall-e|moderation|stable-diffusion/i;

/** The models of a provider for which none were named: asked for at `GET {base}/models`, kept, asked again on failure. */
export class ModelListing {
  readonly #endpoint: Endpoint;
  readonly #surroundings: Surroundings;
  #models: readonly ModelSetting[] = [];
  #asking: Promise<void> | null = null;
  #failedAtMs: number | null = null;

  constructor(endpoint: Endpoint, surroundings: Surroundings) {
    this.#endpoint = endpoint;
    this.#surroundings = surroundings;
  }

  /** What is known now. After a failure, looking at it asks again behind the scenes, though not too often. */
  models(): readonly ModelSetting[] {
    const { clock, limits } = this.#surroundings;
    const failedAtMs = this.#failedAtMs;
    if (failedAtMs !== null && clock.nowMs() - failedAtMs >= limits.modelListRetryMs) void this.ask();
    return this.#models;
  }

  /** Asks, once at a time. Never throws: a provider that does not answer is warned of and has no models for now. */
  ask(): Promise<void> {
    this.#asking ??= this.#fetchList().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #fetchList(): Promise<void> {
    const { clock, limits, warn } = this.#surroundings;
    const abort = new AbortController();
    const stop = clock.after(limits.modelListTimeoutMs, () => abort.abort());
    const outcome = await this.#request(abort.signal);
    stop();
    if (typeof outcome === "string") {
      this.#failedAtMs = clock.nowMs();
      const why = abort.signal.aborted ? `no answer within ${limits.modelListTimeoutMs} ms` : outcome;
      warn(
        `${this.#endpoint.name} has no models yet: its list could not be had (${why}). Name models in the settings to do without it.`,
      );
      return;
    }
    this.#failedAtMs = null;
    this.#models = outcome;
  }

  /** The models, or why there are none. */
  async #request(signal: AbortSignal): Promise<readonly ModelSetting[] | string> {
    const { fetch: fetchFunction, limits } = this.#surroundings;
    const { baseUrl, apiKey } = this.#endpoint;
    const headers: Record<string, string> = apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` };
    try {
      const response = await fetchFunction(`${baseUrl}/models`, { headers, signal, redirect: "manual" });
      const { text, whole } = await readBoundedText(response, limits.modelListBytes);
      if (!response.ok) return `HTTP ${response.status}`;
      if (!whole) return "its answer is too long or broke off";
      const parsed = listSchema.safeParse(parsedOrText(text));
      if (!parsed.success) return "its answer is no list of models";
      return parsed.data.data
        .filter(({ id }) => !otherPurpose.test(id))
        .slice(0, limits.listedModels)
        .map(({ id, name, context_length, max_model_len }) => {
          const context_window_tokens = context_length ?? max_model_len;
          return {
            id,
            ...(name === undefined ? {} : { name }),
            ...(context_window_tokens === undefined ? {} : { context_window_tokens }),
          };
        });
    } catch {
      return "it cannot be reached";
    }
  }
}
