import type { WorkflowRequest } from "@uci/protocol";
import type { Journal, JournalEntry, OwnerRecord } from "@uci/stream";
import { expect, vi } from "vitest";

export function entry(number: number, text = `entry ${number}`): JournalEntry {
  return { number, records: [{ kind: "seal", by: "somebody", reason: text }] };
}

export function owner(nonce: string): OwnerRecord {
  return { generation: 0, attempt: 1, worker_id: "worker-1", nonce, base: null };
}

export function job(messageId: string): WorkflowRequest {
  return {
    message_id: messageId,
    session_id: "sess_1",
    user_id: "user_1",
    message: "hello",
    context: { conversation_history: [] },
    generation: 0,
    timestamp: "2026-01-01T00:00:00.000Z",
    correlation_id: "corr_1",
  };
}

/**
 * Appends the identical entry until it stands there. Of one that was stored without our knowing, nats-server 2.9 and
 * 2.10 say `duplicate`; 2.15 looks at the sequence first and says that the chain moved, and the last entry is ours.
 */
export async function untilCommitted(journal: Journal, workerId: string, given: JournalEntry, after: number) {
  await vi.waitFor(
    async () => {
      const outcome = await journal.append(workerId, given, after, "control");
      if (outcome.kind === "moved") expect((await journal.tail(workerId))?.entry).toEqual(given);
      else expect(["committed", "duplicate"]).toContain(outcome.kind);
    },
    { timeout: 40_000, interval: 50 },
  );
}
