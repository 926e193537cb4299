import type { WireName } from "./wires.ts";

/** `open`: being answered · `complete`: answered to its end · `faulted`: ended as the script wanted · `aborted`: the caller closed the connection. */
export type RequestState = "open" | "complete" | "faulted" | "aborted";

export type SeenRequest = {
  /** 1, 2, 3 … in order of arrival. */
  readonly number: number;
  readonly method: string;
  readonly path: string;
  /** Null: not a request for an answer. */
  readonly wire: WireName | null;
  readonly model: string;
  /** Text of the last user message. */
  readonly prompt: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
  readonly receivedAtMs: number;
  state: RequestState;
  tokensSent: number;
  endedAtMs: number | null;
};

/** What the server has seen, and a way to wait for it. */
export class SeenRequests {
  readonly all: SeenRequest[] = [];
  readonly #waiting = new Set<() => void>();

  add(request: SeenRequest): void {
    this.all.push(request);
    this.changed();
  }

  end(request: SeenRequest, state: RequestState): void {
    if (request.state !== "open") return;
    request.state = state;
    request.endedAtMs = Date.now();
    this.changed();
  }

  changed(): void {
    for (const check of [...this.#waiting]) check();
  }

  /** Resolves as soon as the condition holds; rejects after `timeoutMs` with what was seen instead. */
  until(holds: (requests: readonly SeenRequest[]) => boolean, timeoutMs = 10_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!holds(this.all)) return;
        stop();
        resolve();
      };
      const timer = setTimeout(() => {
        stop();
        const seen = this.all.map(({ number, path, state, tokensSent }) => `${number} ${path} ${state} ${tokensSent}`);
        reject(new Error(`The scripted server waited in vain; it saw: ${seen.join(" · ") || "nothing"}`));
      }, timeoutMs);
      const stop = () => {
        clearTimeout(timer);
        this.#waiting.delete(check);
      };
      this.#waiting.add(check);
      check();
    });
  }
}
