import { jetStreamNames } from "@uci/protocol";
import { natsLimits as limits } from "./limits.ts";

/** What one thing asked of a leader came to. `nothing`: no answer, or a refusal that another try should have mended. */
export type LeaderOutcome = "done" | "nothing" | "disconnected";

/** The consumer of the work queue, beside the streams. */
export const consumerPlace = "the consumer";

type Stall = { readonly sinceMs: number; readonly patienceMs: number; lastMs: number; tries: number };

const { workflowRequests, workflowConsumer } = jetStreamNames;

/**
 * Notices a leader under which nothing gets done although it is connected and leads, and asks it to step down. Servers
 * of 2.9 whose nodes were frozen for some seconds can stay like that for as long as nobody does anything.
 */
export class LeaderWatch {
  readonly #stepDown: (verb: string) => Promise<unknown>;
  readonly #report: (error: Error) => void;
  readonly #nowMs: () => number;
  readonly #random: () => number;
  readonly #stalls = new Map<string, Stall>();

  /** `stepDown`: asks JetStream by this verb, and throws when it refuses. */
  constructor(
    stepDown: (verb: string) => Promise<unknown>,
    report: (error: Error) => void,
    nowMs: () => number = Date.now,
    random: () => number = Math.random,
  ) {
    this.#stepDown = stepDown;
    this.#report = report;
    this.#nowMs = nowMs;
    this.#random = random;
  }

  /** `place`: a stream, or `consumerPlace`. */
  note(place: string, outcome: LeaderOutcome): void {
    if (outcome !== "nothing") {
      this.#stalls.delete(place);
      return;
    }
    const nowMs = this.#nowMs();
    const stall = this.#stalls.get(place);
    if (stall === undefined || nowMs - stall.lastMs > limits.leaderPatienceMs) {
      // Not all workers at once: the first that asks may have mended it for all.
      const patienceMs = limits.leaderPatienceMs * (1 + this.#random() / 2);
      this.#stalls.set(place, { sinceMs: nowMs, patienceMs, lastMs: nowMs, tries: 1 });
      return;
    }
    stall.lastMs = nowMs;
    stall.tries++;
    if (nowMs - stall.sinceMs < stall.patienceMs || stall.tries < limits.leaderTries) return;
    this.#stalls.delete(place);
    const seconds = Math.round((nowMs - stall.sinceMs) / 1_000);
    void this.#ask(place, `${place} has got nothing done for ${seconds} s (${stall.tries} tries)`);
  }

  async #ask(place: string, what: string): Promise<void> {
    const verb =
      place === consumerPlace
        ? `CONSUMER.LEADER.STEPDOWN.${workflowRequests}.${workflowConsumer}`
        : `STREAM.LEADER.STEPDOWN.${place}`;
    try {
      await this.#stepDown(verb);
      this.#report(new Error(`${what}; its leader was asked to step down`));
    } catch (error) {
      this.#report(new Error(`${what}; its leader did not step down`, { cause: error }));
    }
  }
}
