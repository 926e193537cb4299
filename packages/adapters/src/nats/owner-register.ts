import { identifierSchema, jetStreamNames, subjects } from "@uci/protocol";
import type { AppendOutcome, OwnerRecord, OwnerRegister, StoredOwner } from "@uci/stream";
import { z } from "zod";
import { appendOutcome } from "./append.ts";
import type { JetStream } from "./jetstream.ts";
import { natsLimits as limits } from "./limits.ts";

const natural = z.number().int().nonnegative();
const ownerRecordSchema = z.object({
  generation: natural,
  attempt: natural,
  worker_id: identifierSchema,
  nonce: z.string(),
  base: identifierSchema.nullable(),
  opened_after: natural.optional(),
});

/** The owner register in JetStream: a subject a message, of which the last entry counts and is kept. */
export class NatsOwnerRegister implements OwnerRegister {
  readonly #jetStream: JetStream;
  readonly #report: (error: unknown) => void;

  constructor(jetStream: JetStream, report: (error: unknown) => void) {
    this.#jetStream = jetStream;
    this.#report = report;
  }

  async claim(messageId: string, record: OwnerRecord, afterSequence: number): Promise<AppendOutcome> {
    const reply = await this.#jetStream.store(subjects.owner(messageId), JSON.stringify(record), {
      stream: jetStreamNames.owners,
      identity: `${messageId}:${record.generation}.${record.attempt}`,
      timeoutMs: limits.appendTimeoutMs,
      afterSequence,
    });
    return appendOutcome(reply, this.#report);
  }

  async find(messageId: string): Promise<StoredOwner | null> {
    const query = { last_by_subj: subjects.owner(messageId) };
    const message = await this.#jetStream.message(jetStreamNames.owners, query);
    if (message === null) return null;
    const record = ownerRecordSchema.parse(JSON.parse(message.data.toString("utf8")));
    return { sequence: message.sequence, record };
  }

  async forget(messageId: string): Promise<void> {
    await this.#jetStream.purge(jetStreamNames.owners, subjects.owner(messageId));
  }
}
