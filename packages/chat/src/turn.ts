import type { AnswerStatus, FinishReason } from "@uci/protocol";
import { statusOfFinish } from "@uci/stream";

/**
 * What can happen to an answer. `restarted`: its journals are gone and it begins again under the next generation.
 * Stopping is not a state: a stop is a wish until the close that carries it out is committed.
 */
export type TurnEvent =
  | { readonly kind: "first_chunk" }
  | { readonly kind: "closed"; readonly finish_reason: FinishReason }
  | { readonly kind: "restarted" };

type Transition = (event: TurnEvent) => AnswerStatus;
type TransitionTable = {
  readonly [Status in AnswerStatus]: { readonly [Kind in TurnEvent["kind"]]: Transition };
};

const close: Transition = (event) => (event.kind === "closed" ? statusOfFinish(event.finish_reason) : "failed");
/** A final status stays: late and repeated events change nothing. */
const final = (status: AnswerStatus) =>
  ({ first_chunk: () => status, closed: () => status, restarted: () => status }) as const;

/** Total: the compiler refuses a status or an event without an entry. */
export const turnTransitions: TransitionTable = {
  queued: { first_chunk: () => "streaming", closed: close, restarted: () => "queued" },
  streaming: { first_chunk: () => "streaming", closed: close, restarted: () => "queued" },
  complete: final("complete"),
  stopped: final("stopped"),
  interrupted: final("interrupted"),
  failed: final("failed"),
};

/** The status after an event. */
export function nextTurnStatus(status: AnswerStatus, event: TurnEvent): AnswerStatus {
  return turnTransitions[status][event.kind](event);
}
