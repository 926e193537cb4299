import { streamLimits } from "./limits.ts";
import type { Clock, Journal, JournalEntry } from "./ports.ts";
import { Backoff, sleep } from "./waiting.ts";

export function isSeal(entry: JournalEntry): boolean {
  return entry.records.some((record) => record.kind === "seal");
}

/**
 * Ends a journal: appends a seal as its next entry until a seal, its own or another's, is last. From then on nothing
 * of its owner is committed any more. `gone`: the journal is empty, which fences as well but holds nothing.
 * Goes on until the journal answers or `wanted` says to give up, which throws. `ownFloor`: where reading may begin, as
 * the owner itself knows it.
 */
export async function sealJournal(
  journal: Journal,
  clock: Clock,
  workerId: string,
  by: string,
  reason: string,
  wanted: () => boolean = () => true,
  ownFloor = 0,
): Promise<"sealed" | "gone"> {
  const backoff = new Backoff(streamLimits.appendRetryFirstMs, streamLimits.appendRetryLastMs);
  while (wanted()) {
    try {
      const tail = await journal.tail(workerId);
      if (tail === null) return "gone";
      if (isSeal(tail.entry)) return "sealed";
      const { number } = tail.entry;
      const floor = Math.max(tail.entry.floor ?? 0, ownFloor);
      const seal: JournalEntry = {
        number: number + 1,
        // Whoever goes on from here need not read what was over before.
        floor,
        records: [{ kind: "seal", by, reason }],
      };
      const outcome = await journal.append(workerId, seal, tail.sequence, "control");
      if (outcome.kind === "committed") return "sealed";
    } catch {
      // Nothing answered; the journal may be electing a leader.
    }
    await sleep(clock, backoff.nextMs());
  }
  throw new Error(`sealing ${workerId} was given up`);
}
