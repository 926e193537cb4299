import { perform, type Script, type Step } from "./performance.ts";

/**
 * A response made in the background, as OpenAI's Responses API makes them: it goes on without its connection, and its
 * events can be read again from any position, by several readers.
 */
export class BackgroundResponse {
  readonly id: string;
  readonly #steps: Step[] = [];
  readonly #abort = new AbortController();
  readonly #readers = new Set<() => void>();
  #ended = false;
  cancelled = false;

  constructor(id: string, script: Script) {
    this.id = id;
    void this.#run(script);
  }

  /** Tokens of text produced so far, whether anybody read them or not. */
  get tokens(): number {
    return this.#steps.reduce((sum, step) => sum + (step.do === "send" ? step.tokens : 0), 0);
  }

  cancel(): void {
    this.cancelled = true;
    this.#abort.abort();
    this.#end();
  }

  /** Steps from a position on, those to come included. Ends when the response does or the signal is aborted. */
  async *read(from: number, signal: AbortSignal): AsyncGenerator<Step> {
    for (let position = from; ; position++) {
      while (position >= this.#steps.length) {
        if (this.#ended || signal.aborted) return;
        await new Promise<void>((resolve) => {
          const wake = () => {
            this.#readers.delete(wake);
            signal.removeEventListener("abort", wake);
            resolve();
          };
          this.#readers.add(wake);
          signal.addEventListener("abort", wake);
        });
      }
      yield this.#steps[position]!;
    }
  }

  async #run(script: Script): Promise<void> {
    try {
      for await (const step of perform(script, this.#abort.signal)) {
        if (this.#abort.signal.aborted) return;
        this.#steps.push(step);
        this.#wake();
      }
    } catch {
      // Only its own abort can end it early.
    } finally {
      this.#end();
    }
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#readers]) wake();
  }
}
