import { isFinalStatus, type StopReply, subjects } from "@uci/protocol";
import { streamLimits } from "./limits.ts";
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
export async function stopAnswer(live: LiveChannel, ledger: AnswerLedger, messageId: string): Promise<StopOutcome> {
  const outcome = await live.request(subjects.messageStop(messageId), {}, streamLimits.stopTimeoutMs);
  if (outcome.kind === "reply") {
    const reply = outcome.message as StopReply;
    if (reply.closed) return { kind: "closed", finishReason: reply.finish_reason };
  }
  if (await ledger.requestStop(messageId)) return { kind: "stopping" };
  const row = await ledger.load(messageId);
  if (row === null) return { kind: "gone" };
  if (isFinalStatus(row.status)) return { kind: "final", finishReason: row.finish_reason };
  // It was stored between the two looks, and the wish has found no row to stand in.
  await ledger.requestStop(messageId);
  return { kind: "stopping" };
}
