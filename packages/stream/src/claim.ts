import { streamLimits } from "./limits.ts";
import type { Clock, OwnerRecord, OwnerRegister } from "./ports.ts";
import { Backoff, sleep } from "./waiting.ts";

/**
 * Claims an answer by compare-and-set. Won only when the register's own leader shows this claim's nonce, whatever the
 * append was told. Goes on until the register answers or `wanted` says to give up, which counts as lost.
 */
export async function claimAnswer(
  owners: OwnerRegister,
  clock: Clock,
  messageId: string,
  record: OwnerRecord,
  afterSequence: number,
  wanted: () => boolean,
): Promise<"won" | "lost"> {
  const backoff = new Backoff(streamLimits.appendRetryFirstMs, streamLimits.appendRetryLastMs);
  while (wanted()) {
    const outcome = await owners.claim(messageId, record, afterSequence);
    if (outcome.kind === "committed") return "won";
    if (outcome.kind === "duplicate" || outcome.kind === "moved") {
      try {
        const stored = await owners.find(messageId);
        if (stored !== null && stored.record.nonce === record.nonce) return "won";
        if ((stored?.sequence ?? 0) !== afterSequence) return "lost";
      } catch {
        // Nothing answered; the same claim again tells.
      }
    }
    await sleep(clock, backoff.nextMs());
  }
  return "lost";
}
