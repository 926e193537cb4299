import { isFinalStatus, stopReplyOf, subjects } from "@uci/protocol";
import { streamLimits } from "./limits.ts";
import { endUnheard, stoppedEnding } from "./plain-ending.ts";
import type { AnswerLedger, LiveChannel } from "./ports.ts";

/** `closed`: the close is committed, with the reason that won. `stopping`: the wish is written and will be carried out. `final`: it had ended. `gone`: there is no such answer. */
export type StopOutcome =
  | { readonly kind: "closed"; readonly finishReason: string }
  | { readonly kind: "stopping" }
  | { readonly kind: "final"; readonly finishReason: string | null }
  | { readonly kind: "gone" };

/**
 * Stops an answer. Only the owner can say that it is stopped, once its close is committed; where no owner answers in
 * time the wish is written down, and whoever works on the answer next, or the sweeper, carries it out.
 */
export async function stopAnswer(
  live: LiveChannel,
  ledger: AnswerLedger,
  messageId: string,
  podId: string,
): Promise<StopOutcome> {
  const outcome = await live.request(subjects.messageStop(messageId), {}, streamLimits.stopTimeoutMs);
  if (outcome.kind === "reply") {
    const reply = stopReplyOf(outcome.message);
    if (reply?.closed === true) return { kind: "closed", finishReason: reply.finish_reason };
  }
  if (await ledger.requestStop(messageId)) {
    return stopUnheard(live, ledger, messageId, podId);
  }
  const row = await ledger.load(messageId);
  if (row === null) return { kind: "gone" };
  if (isFinalStatus(row.status)) return { kind: "final", finishReason: row.finish_reason };
  // It was stored between the two looks, and the wish has found no row to stand in.
  await ledger.requestStop(messageId);
  return { kind: "stopping" };
}

/** Whether a pod has something of a plain answer, and so is about to carry out a stop. `askerId` may be anybody's. */
export async function isHeldPlain(live: LiveChannel, messageId: string, askerId: string): Promise<boolean> {
  const question = { from: Number.MAX_SAFE_INTEGER, isHeld: true, pod_id: askerId };
  const outcome = await live.request(subjects.messageRead(messageId), question, streamLimits.heldTimeoutMs);
  return outcome.kind === "reply" && (outcome.message as { attempt?: unknown } | null)?.attempt === 0;
}

/** Ends a plain answer that no pod has: one that has it would have done so by now. What is not plain is its worker's, or the sweeper's, to end. */
async function stopUnheard(
  live: LiveChannel,
  ledger: AnswerLedger,
  messageId: string,
  podId: string,
): Promise<StopOutcome> {
  const row = await ledger.load(messageId);
  if (row?.plain !== true || isFinalStatus(row.status)) return { kind: "stopping" };
  if (await isHeldPlain(live, messageId, podId)) return { kind: "stopping" };
  const ended = await endUnheard({ live, ledger }, row, stoppedEnding);
  return ended === null ? { kind: "stopping" } : { kind: "closed", finishReason: ended.finish_reason ?? "stopped" };
}
