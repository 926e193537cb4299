import { subjectMatches } from "@uci/protocol";
import type { Clock, LiveChannel, LiveHandler, RequestOutcome, Subscription } from "../ports.ts";

/** A live channel of one process. Messages arrive after the sender has gone on, as they would over a network. */
export class MemoryLiveChannel implements LiveChannel {
  readonly #clock: Clock;
  readonly #exact = new Map<string, Set<LiveHandler>>();
  readonly #wildcards = new Map<string, Set<LiveHandler>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  publish(subject: string, message: unknown): void {
    for (const handler of this.#handlers(subject)) queueMicrotask(() => handler(message, subject, null));
  }

  async subscribe(filter: string, handler: LiveHandler): Promise<Subscription> {
    const handlers = filter.includes("*") ? this.#wildcards : this.#exact;
    const set = handlers.get(filter) ?? new Set();
    set.add(handler);
    handlers.set(filter, set);
    return {
      close: () => {
        set.delete(handler);
        if (set.size === 0 && handlers.get(filter) === set) handlers.delete(filter);
      },
    };
  }

  request(subject: string, message: unknown, timeoutMs: number): Promise<RequestOutcome> {
    const handlers = this.#handlers(subject);
    if (handlers.length === 0) return Promise.resolve({ kind: "no_responders" });
    return new Promise((resolve) => {
      const cancel = this.#clock.after(timeoutMs, () => resolve({ kind: "timeout" }));
      const reply = (answer: unknown) => {
        cancel();
        queueMicrotask(() => resolve({ kind: "reply", message: answer }));
      };
      for (const handler of handlers) queueMicrotask(() => handler(message, subject, reply));
    });
  }

  #handlers(subject: string): LiveHandler[] {
    const found = [...(this.#exact.get(subject) ?? [])];
    for (const [filter, handlers] of this.#wildcards) if (subjectMatches(filter, subject)) found.push(...handlers);
    return found;
  }
}
