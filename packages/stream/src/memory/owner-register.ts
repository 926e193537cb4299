import type { AppendOutcome, Clock, OwnerRecord, OwnerRegister, StoredOwner } from "../ports.ts";
import { SequencedLog } from "./sequenced-log.ts";

/** The owner register of one process. */
export class MemoryOwnerRegister implements OwnerRegister {
  readonly #log: SequencedLog<OwnerRecord>;

  constructor(clock: Clock) {
    this.#log = new SequencedLog(clock);
  }

  async claim(messageId: string, record: OwnerRecord, afterSequence: number): Promise<AppendOutcome> {
    const identity = `${messageId}:${record.generation}.${record.attempt}`;
    return this.#log.append(messageId, identity, record, afterSequence);
  }

  async find(messageId: string): Promise<StoredOwner | null> {
    const item = this.#log.last(messageId);
    return item === null ? null : { sequence: item.sequence, record: item.value };
  }

  async forget(messageId: string): Promise<void> {
    this.#log.remove(messageId);
  }
}
