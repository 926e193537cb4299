import { Worker } from "node:worker_threads";
import type { SnippetPart } from "@uci/protocol";
import { textLimits } from "./limits.ts";
import type { TextQuestion, TextReply } from "./questions.ts";

/** A text took longer to be looked through than it may. */
export class TextTimeoutError extends Error {
  override readonly name = "TextTimeoutError";
}

type Task = {
  readonly limitMs: number;
  readonly question: TextQuestion;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Looks through long texts away from the event loop, one at a time, in one thread of the process. Whoever has many asks
 * for one after another, so that people take turns. The thread is started when it is needed first.
 */
export class TextThread {
  readonly #limits: { readonly wordsMs: number; readonly snippetMs: number };
  readonly #tasks: Task[] = [];
  #thread: Worker | null = null;
  #current: { readonly task: Task; readonly timer: NodeJS.Timeout } | null = null;
  #closed = false;

  constructor(limits: Partial<Record<"wordsMs" | "snippetMs", number>> = {}) {
    this.#limits = { ...textLimits, ...limits };
  }

  /** The words under which a text is found. Throws `TextTimeoutError`. */
  words(text: string): Promise<string[]> {
    return this.#ask({ kind: "words", text }, this.#limits.wordsMs);
  }

  /** The place of a text where a query matches. Throws `TextTimeoutError`. */
  snippet(text: string, query: string): Promise<SnippetPart[]> {
    return this.#ask({ kind: "snippet", text, query }, this.#limits.snippetMs);
  }

  /** Gives up what is not done. */
  async close(): Promise<void> {
    this.#closed = true;
    const error = new Error("the texts are not looked through any more");
    for (const { reject } of this.#tasks.splice(0)) reject(error);
    this.#end(error);
    await this.#thread?.terminate();
  }

  #ask<Answer>(question: TextQuestion, limitMs: number): Promise<Answer> {
    if (this.#closed) return Promise.reject(new Error("the texts are not looked through any more"));
    return new Promise<Answer>((resolve, reject) => {
      this.#tasks.push({ limitMs, question, resolve: resolve as (answer: unknown) => void, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#current !== null || this.#closed) return;
    const task = this.#tasks.shift();
    if (task === undefined) return;
    const thread = this.#started();
    const timer = setTimeout(() => this.#replace(thread, new TextTimeoutError("a text took too long")), task.limitMs);
    this.#current = { task, timer };
    thread.postMessage(task.question);
  }

  #started(): Worker {
    if (this.#thread !== null) return this.#thread;
    const { heapMebibytes: maxOldGenerationSizeMb } = textLimits;
    const thread = new Worker(new URL("./thread.ts", import.meta.url), { resourceLimits: { maxOldGenerationSizeMb } });
    thread.unref();
    thread.on("message", (reply: TextReply) => {
      if (this.#thread === thread) this.#end(null, reply.answer);
    });
    thread.on("error", (error) => this.#replace(thread, error));
    thread.on("exit", () => this.#replace(thread, new Error("the thread that looks through texts has ended")));
    this.#thread = thread;
    return thread;
  }

  /** A thread that failed or is stuck has done its last; the next text gets a new one. */
  #replace(thread: Worker, error: unknown): void {
    if (this.#thread !== thread) return;
    this.#thread = null;
    void thread.terminate();
    this.#end(error);
  }

  #end(error: unknown, answer?: unknown): void {
    const current = this.#current;
    if (current === null) return;
    this.#current = null;
    clearTimeout(current.timer);
    if (error === null) current.task.resolve(answer);
    else current.task.reject(error);
    this.#next();
  }
}
