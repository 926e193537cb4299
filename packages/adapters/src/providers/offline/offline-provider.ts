import { type Clock, ModelError, type ModelPart, type ModelRequest } from "@uci/stream";
import { cancelled } from "../errors.ts";
import type { ModelProvider, ProviderModel } from "../provider-model.ts";
import { pause } from "../retry.ts";
import { ProviderSettingsError } from "../settings.ts";
import { offlineAnswer } from "./answer.ts";

/** About as fast as a model writes, and slow enough to see it arrive. */
export const usualWordsPerSecond = 30;

/** Without a pace, so many words go out before other work gets its turn. */
const wordsBetweenTurns = 64;

/** The longest conversation that is answered, in UTF-16 units; a job carries at most 512 KiB. */
const mostCharacters = 2 * 1024 * 1024;

const eliza: ProviderModel = {
  id: "eliza",
  name: "ELIZA (built in)",
  continuation: "assistant",
  images: false,
  abilities: { resume: false, continuePrefix: true },
};

/** The built-in program as a provider: always there, needs nothing, costs nothing. */
export class OfflineProvider implements ModelProvider {
  readonly id = "offline";
  readonly name = "Offline";
  readonly configuredBy = "built in";
  readonly #clock: Clock;
  readonly #wordDelayMs: number;

  /** @param wordsPerSecond 0: as fast as possible. */
  constructor(clock: Clock, wordsPerSecond: number = usualWordsPerSecond) {
    if (!(wordsPerSecond >= 0 && wordsPerSecond <= 100_000)) {
      throw new ProviderSettingsError("offline.wordsPerSecond must be a number from 0 to 100000.");
    }
    this.#clock = clock;
    this.#wordDelayMs = wordsPerSecond === 0 ? 0 : 1000 / wordsPerSecond;
  }

  models(): readonly ProviderModel[] {
    return [eliza];
  }

  find(modelId: string): ProviderModel | null {
    return modelId === eliza.id ? eliza : null;
  }

  async ready(): Promise<void> {
    // Nothing has to be asked for.
  }

  async *generate(_model: ProviderModel, request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart> {
    if (signal.aborted) throw cancelled();
    const inputCharacters = request.messages.reduce((sum, { content }) => sum + content.length, 0);
    if (inputCharacters > mostCharacters) {
      throw new ModelError("provider_rejected", "The conversation is too long for the built-in program.", false);
    }
    const allowed = firstWords(offlineAnswer(request.messages), request.maxTokens);
    const there = request.continueFrom?.text ?? "";
    // After an update the program may answer otherwise than it began; what is there stays, and the new answer follows.
    const rest = allowed.text.startsWith(there) ? allowed.text.slice(there.length) : `\n\n${allowed.text}`;
    yield* this.#paced(rest, signal);
    const usage = { inputTokens: countWords(request.messages), outputTokens: allowed.words };
    yield { type: "finish", finishReason: allowed.cut ? "length" : "stop", usage };
  }

  /** Word by word. Times are reckoned from the start, so that timers that fire late do not add up. */
  async *#paced(text: string, signal: AbortSignal): AsyncGenerator<ModelPart> {
    const startedMs = this.#clock.nowMs();
    let sent = 0;
    for (const [word] of text.matchAll(/\s*\S+|\s+$/g)) {
      if (signal.aborted) throw cancelled();
      yield { type: "text", text: word };
      sent++;
      const delayMs = startedMs + sent * this.#wordDelayMs - this.#clock.nowMs();
      if (this.#wordDelayMs > 0 ? delayMs > 0 : sent % wordsBetweenTurns === 0) {
        await pause(this.#clock, Math.max(0, delayMs), signal);
      }
    }
    if (signal.aborted) throw cancelled();
  }
}

function firstWords(text: string, most: number | undefined): { text: string; words: number; cut: boolean } {
  const words = text.match(/\s*\S+/g) ?? [];
  if (most === undefined || words.length <= most) return { text, words: words.length, cut: false };
  return { text: words.slice(0, most).join(""), words: most, cut: true };
}

function countWords(messages: ModelRequest["messages"]): number {
  return messages.reduce((sum, { content }) => sum + (content.match(/\S+/g)?.length ?? 0), 0);
}
