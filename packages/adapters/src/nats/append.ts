import type { AppendOutcome } from "@uci/stream";
import { isFull } from "./errors.ts";
import type { StoreReply } from "./jetstream.ts";

/** Wrong last sequence, its variant without a number, and an identity that is being stored just now. */
const movedCodes = new Set([10071, 10164, 10158]);

/**
 * What an append came to, by the server's word about it. Whatever does not say that the entry is stored, or that it
 * never will be, is `unknown`; what nobody expects is reported, too.
 */
export function appendOutcome(reply: StoreReply, report: (error: unknown) => void): AppendOutcome {
  switch (reply.kind) {
    case "stored":
      return { kind: reply.isDuplicate ? "duplicate" : "committed", sequence: reply.sequence };
    case "none":
      return { kind: "unknown" };
    case "impossible":
      report(reply.error);
      return { kind: "unknown" };
    case "refused":
      if (movedCodes.has(reply.error.code)) return { kind: "moved" };
      if (isFull(reply.error)) return { kind: "full" };
      // While a cluster elects its leaders it says so with this status.
      if (reply.error.status !== 503) report(reply.error);
      return { kind: "unknown" };
  }
}
