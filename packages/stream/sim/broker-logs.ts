import type { AppendOutcome, Journal, JournalEntry, OwnerRecord, OwnerRegister, StoredEntry } from "../src/ports.ts";
import type { MortalProcess } from "./mortal-process.ts";
import { type LogItem, SequencedLog } from "./sequenced-log.ts";
import { askBroker, count, type Fate, type Surroundings } from "./surroundings.ts";

const pageEntries = 16;

/** The identity of an entry, the same whoever writes it. */
function entryIdentity(workerId: string, entry: JournalEntry): string {
  return `${workerId}:${entry.number}`;
}

/** The journals and the owner register, as they stand at the broker; a process reaches them over its own ports. */
export class BrokerLogs {
  readonly journals: SequencedLog<JournalEntry>;
  readonly owners: SequencedLog<OwnerRecord>;
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    const { time, random, truth, races } = surroundings;
    const world = {
      nowMs: () => time.elapsedMs,
      racesThrough: () => {
        if (!races || !random.chance(0.7)) return false;
        count(surroundings, "race accepted");
        truth.racedAtMs = time.elapsedMs;
        return true;
      },
      lagMs: () => (random.chance(0.5) ? 0 : random.between(5, 800)),
    };
    this.journals = new SequencedLog(world, (workerId, { value }) => truth.entryStored(workerId, value));
    this.owners = new SequencedLog(world, (messageId, { value }) => truth.ownerStored(messageId, value));
  }

  /** The journal as a process reaches it. */
  journalFor(from: MortalProcess): Journal {
    const surroundings = this.#surroundings;
    const { journals } = this;
    const ask = <Result>(operate: () => Result) => askBroker(surroundings, from, operate);
    return {
      append: (workerId, entry, afterSequence, priority) =>
        this.#append(from, () => {
          const { weather, random } = surroundings;
          if (weather.journalFull && priority === "chunks") {
            count(surroundings, "journal full");
            return { kind: "full" };
          }
          if (random.chance(weather.appendBusy)) {
            count(surroundings, "append busy");
            return { kind: "moved" };
          }
          return journals.append(workerId, entryIdentity(workerId, entry), entry, afterSequence);
        }),
      read: (workerId, fromSequence) =>
        ask(() => journals.read(workerId, fromSequence, pageEntries).map((item) => storedEntry(item))),
      at: (workerId, sequence) => ask(() => nullOr(journals.at(workerId, sequence), storedEntry)),
      tail: (workerId) => ask(() => nullOr(journals.last(workerId), storedEntry)),
      trim: (workerId, beforeSequence) =>
        ask(() => {
          count(surroundings, "journal trimmed");
          journals.trim(workerId, beforeSequence);
        }),
    };
  }

  ownersFor(from: MortalProcess): OwnerRegister {
    const { owners } = this;
    const ask = <Result>(operate: () => Result) => askBroker(this.#surroundings, from, operate);
    return {
      claim: (messageId, record, afterSequence) =>
        this.#append(from, () => {
          const identity = `${messageId}:${record.generation}.${record.attempt}`;
          return owners.append(messageId, identity, record, afterSequence);
        }),
      find: (messageId) =>
        ask(() => nullOr(owners.last(messageId), (item) => ({ sequence: item.sequence, record: item.value }))),
      forget: (messageId) => ask(() => owners.remove(messageId)),
    };
  }

  async #append(from: MortalProcess, operate: () => AppendOutcome): Promise<AppendOutcome> {
    const { weather, random } = this.#surroundings;
    let fate: Fate = "fair";
    if (random.chance(weather.appendLost)) fate = random.chance(0.5) ? "lost" : "unheard";
    else if (random.chance(weather.appendLate)) fate = "late";
    try {
      return await askBroker(this.#surroundings, from, operate, fate);
    } catch {
      return { kind: "unknown" };
    }
  }
}

function storedEntry({ sequence, value }: LogItem<JournalEntry>): StoredEntry {
  return { sequence, entry: value };
}

function nullOr<Given, Result>(given: Given | null, make: (given: Given) => Result): Result | null {
  return given === null ? null : make(given);
}
