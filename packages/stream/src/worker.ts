import { Incarnation } from "./incarnation.ts";
import { streamLimits } from "./limits.ts";
import { Backoff, sleep } from "./waiting.ts";
import type { WorkerObserver, WorkerPorts, WorkerSettings } from "./worker-context.ts";
import { processJob } from "./worker-loop.ts";

/** A workflow worker: one incarnation after another, until it is told to stop. */
export class Worker {
  readonly #ports: WorkerPorts;
  readonly #settings: WorkerSettings;
  readonly #observe: WorkerObserver;
  #current: Incarnation;
  #stopped = false;

  constructor(ports: WorkerPorts, settings: WorkerSettings, observe: WorkerObserver = () => undefined) {
    this.#ports = ports;
    this.#settings = settings;
    this.#observe = observe;
    this.#current = this.#next();
  }

  /** The id of the incarnation now. */
  get workerId(): string {
    return this.#current.workerId;
  }

  /** Answers being worked on. */
  get activeAnswers(): number {
    return this.#current.busy.size;
  }

  /** Bytes waiting to be written to the journal. */
  get uncommittedBytes(): number {
    return this.#current.writer.uncommittedBytes;
  }

  /** Answers that are over and whose rows are not written yet, and how long ago the oldest of them was over. */
  get unstored(): { readonly count: number; readonly oldestMs: number } {
    const closes = [...this.#current.unstored]
      .map(({ progress }) => progress.fold.close)
      .filter((close) => close !== null);
    const nowMs = this.#ports.clock.nowMs();
    const ages = closes.map(({ timestamp }) => nowMs - Date.parse(timestamp));
    return { count: closes.length, oldestMs: Math.max(0, ...ages) };
  }

  /** Resolves when the first incarnation takes jobs; goes on under a new id whenever it is fenced. */
  async start(): Promise<void> {
    await this.#current.start();
    void this.#succeed();
  }

  /** Takes no more jobs, lets running answers finish for `graceMs`, hands the rest over and seals its journal. */
  async drain(graceMs: number): Promise<void> {
    this.#stopped = true;
    await this.#current.drain(graceMs);
  }

  async #succeed(): Promise<void> {
    const backoff = new Backoff(streamLimits.askRetryFirstMs, streamLimits.askRetryLastMs);
    for (;;) {
      const startedAtMs = this.#ports.clock.nowMs();
      await this.#current.over;
      if (this.#stopped) return;
      // An incarnation that fails at once must not become a busy loop; one that lived long starts afresh.
      if (this.#ports.clock.nowMs() - startedAtMs > streamLimits.keptAnswerMs) backoff.reset();
      else await sleep(this.#ports.clock, backoff.nextMs());
      if (this.#stopped) return;
      this.#current = this.#next();
      await this.#current.start();
    }
  }

  #next(): Incarnation {
    return new Incarnation(this.#ports, this.#settings, { process: processJob }, this.#observe);
  }
}
