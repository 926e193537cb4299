import type { AnswerPolicy, AnswerState, Continuation, LanguageModel, ModelPart, ModelRequest } from "../src/ports.ts";
import { ModelError } from "../src/ports.ts";
import type { MortalProcess } from "./mortal-process.ts";
import { count, type Surroundings } from "./surroundings.ts";

/** How the provider of a schedule goes on after a take-over. */
export type TakeoverWay = "continue" | "reset" | "interrupt";

export type ModelPlan = {
  readonly way: TakeoverWay;
  readonly firstWordMs: number;
  readonly wordIntervalMs: number;
  /** Words of the answer to each message. */
  readonly words: ReadonlyMap<string, number>;
  /** Characters that every word is made longer by. */
  readonly paddingCharacters: number;
  /** Calls that break off after some words. */
  readonly failing: number;
};

/** Words whose bytes and cuts are awkward: two, three and four bytes, a pair cut in half. */
const awkward = ["über ", "naïve ", "漢字 ", "🦜 ", "\u0000 ", "e\u0301 "];

/** The provider: its text is a function of the message, and of the call where it cannot go on from a prefix. */
export class SimulatedModel {
  readonly #surroundings: Surroundings;
  readonly #plan: ModelPlan;
  #calls = 0;

  constructor(surroundings: Surroundings, plan: ModelPlan) {
    this.#surroundings = surroundings;
    this.#plan = plan;
  }

  /** All of an answer, as the provider would say it. */
  textOf(messageId: string, call: number): string {
    const variant = this.#plan.way === "continue" ? "" : `${call}.`;
    const count = this.#plan.words.get(messageId) ?? 5;
    let text = "";
    for (let index = 0; index < count; index++) {
      text +=
        index % 4 === 3
          ? awkward[(index + count) % awkward.length]!
          : `${variant}${messageId.slice(-1)}${index}${"x".repeat(this.#plan.paddingCharacters)} `;
    }
    return text;
  }

  portFor(from: MortalProcess): LanguageModel {
    return {
      abilities: () => ({ resume: false, continuePrefix: this.#plan.way === "continue" }),
      resolve: () => ({ provider: "simulated", model: "words" }),
      generate: (request, signal) => this.#generate(from, request, signal),
    };
  }

  get policy(): AnswerPolicy {
    return {
      // The correlation id names the message, which is all that this provider needs to know.
      messages: (job) => [{ role: "user", content: job.message_id }],
      continuation: (state, abilities) => continuationOf(state, abilities.continuePrefix, this.#plan.way),
    };
  }

  async *#generate(from: MortalProcess, request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart> {
    const { random, truth } = this.#surroundings;
    const messageId = request.messages[0]!.content;
    const call = truth.providerCalled(messageId, from);
    const { firstWordMs, wordIntervalMs } = this.#plan;
    const text = this.textOf(messageId, this.#calls++).replaceAll("\u0000", "\uFFFD");
    const prefix = request.continueFrom?.text ?? "";
    if (!text.startsWith(prefix)) truth.prefixDiffers(messageId, prefix);
    const failsAfter = random.chance(this.#plan.failing) ? random.between(0, 4) : Number.POSITIVE_INFINITY;
    const parts = partsOf(text.slice(prefix.length));
    for (const [index, part] of parts.entries()) {
      await pause(from, index === 0 ? firstWordMs : wordIntervalMs);
      truth.providerSpeaks(call, signal.aborted);
      if (signal.aborted) throw new Error("aborted");
      if (index >= failsAfter) {
        count(this.#surroundings, "provider breaks off");
        throw new ModelError("provider_unavailable", "It broke off.", true);
      }
      yield { type: "text", text: part };
    }
    yield { type: "finish", finishReason: "stop", usage: { outputTokens: parts.length } };
  }
}

function continuationOf(state: AnswerState, continuesPrefix: boolean, way: TakeoverWay): Continuation {
  if (state.text === "") return { kind: "begin" };
  if (way === "interrupt") return { kind: "interrupt" };
  return continuesPrefix ? { kind: "continue" } : { kind: "reset" };
}

/** Cut after spaces, and in the middle of what takes two units. */
function partsOf(text: string): string[] {
  return text.split(/(?<= )|(?<=[\uD800-\uDBFF])/);
}

function pause(from: MortalProcess, delayMs: number): Promise<void> {
  return new Promise((resolve) => from.clock.after(delayMs, resolve));
}
