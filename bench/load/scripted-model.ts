import type { LanguageModel, ModelPart, ModelRequest } from "@uci/stream";
import { stampedToken } from "./stamp.ts";

const tickMs = 5;

/** Wakes many waiters with one timer: a timer for each token would be most of what is measured. */
class Wheel {
  readonly #due = new Map<number, (() => void)[]>();
  #timer: NodeJS.Timeout | null = null;
  #tick = Math.floor(performance.now() / tickMs);

  until(atMs: number): Promise<void> {
    return new Promise((resolve) => {
      const tick = Math.max(Math.ceil(atMs / tickMs), this.#tick + 1);
      const waiting = this.#due.get(tick);
      if (waiting === undefined) this.#due.set(tick, [resolve]);
      else waiting.push(resolve);
      this.#timer ??= setInterval(() => this.#turn(), tickMs);
    });
  }

  #turn(): void {
    const now = Math.floor(performance.now() / tickMs);
    while (this.#tick < now) {
      const waiting = this.#due.get(++this.#tick);
      if (waiting === undefined) continue;
      this.#due.delete(this.#tick);
      for (const wake of waiting) wake();
    }
    if (this.#due.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}

const wheel = new Wheel();

/** "400 tokens at 20 a second": so many, at that pace; 0 a second: as fast as they are taken. */
export function paceOf(prompt: string): { tokens: number; perSecond: number } {
  const [, tokens = "0", perSecond = "0"] = /(\d+) tokens at (\d+) a second/.exec(prompt) ?? [];
  return { tokens: Number(tokens), perSecond: Number(perSecond) };
}

/** The tokens a prompt asks for, each when it is due. */
export async function* scriptedTokens(prompt: string): AsyncGenerator<string> {
  const { tokens, perSecond } = paceOf(prompt);
  const startedMs = performance.now();
  for (let index = 0; index < tokens; index++) {
    const dueMs = perSecond > 0 ? startedMs + (index * 1_000) / perSecond : 0;
    // What is due already waits for no tick: else no answer would be faster than one token a tick.
    if (dueMs > performance.now()) await wheel.until(dueMs);
    yield stampedToken();
  }
}

/** A model inside the worker's own process, so that what is measured is not the way to a provider. */
export const scriptedModel: LanguageModel = {
  abilities: () => ({ resume: false, continuePrefix: false }),
  resolve: () => ({ provider: "scripted", model: "scripted" }),
  async *generate({ messages }: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart> {
    const prompt = messages.at(-1)?.content ?? "";
    let tokens = 0;
    for await (const text of scriptedTokens(typeof prompt === "string" ? prompt : "")) {
      signal.throwIfAborted();
      tokens++;
      yield { type: "text", text };
    }
    yield { type: "finish", finishReason: "stop", usage: { inputTokens: 1, outputTokens: tokens } };
  },
};
