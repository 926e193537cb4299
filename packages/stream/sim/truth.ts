import { type Chunk, type JournaledChunk, type ReadReply, type StopReply, subjects } from "@uci/protocol";
import type { AnswerState, FinalAnswer, JournalEntry, JournalRecord, OwnerRecord } from "../src/ports.ts";
import { AnswerTruth } from "./answer-truth.ts";
import type { MortalProcess } from "./mortal-process.ts";
import type { Story } from "./story.ts";

type JournalTruth = { lastNumber: number; sealedAtMs: number | null; isWiped: boolean };
type OpenedRecord = Extract<JournalRecord, { kind: "opened" }>;

/** A call to the provider under way, and the attempt it is made for. */
export type ProviderCall = { readonly messageId: string; readonly by: MortalProcess; readonly workerId: string | null };

/** A worker that can know that it is fenced has this long to stop paying for tokens. */
const fencedMs = 9_000;

/** An owner that has been there for this long is known to every pod that shows the answer. */
const ownedMs = 16_000;

/**
 * What is committed, kept beside the journals by a code of its own, and the invariants of the protocol checked at every
 * step: I2, I3, I7, I8 at each entry; I12 at each claim; I6, I9 at each message; I4 at each row; I10 at each call.
 */
export class Truth {
  readonly #story: Story;
  readonly #elapsedMs: () => number;
  readonly #answers = new Map<string, AnswerTruth>();
  readonly #journals = new Map<string, JournalTruth>();
  readonly #parts = new Map<string, string[]>();
  readonly #fenced = new Set<string>();
  /** Whether journals have been lost, so that answers have to begin again. */
  isWiped = false;
  /** Orders what happens within one millisecond. */
  #order = 0;

  constructor(story: Story, elapsedMs: () => number) {
    this.#story = story;
    this.#elapsedMs = elapsedMs;
  }

  answer(messageId: string): AnswerTruth {
    const known = this.#answers.get(messageId);
    if (known !== undefined) return known;
    const answer = this.makeAnswer(messageId, this.#story, this.#elapsedMs);
    this.#answers.set(messageId, answer);
    return answer;
  }

  protected makeAnswer(messageId: string, story: Story, elapsedMs: () => number): AnswerTruth {
    return new AnswerTruth(messageId, story, elapsedMs);
  }

  entryStored(workerId: string, entry: JournalEntry): void {
    const journal = this.#journals.get(workerId) ?? { lastNumber: -1, sealedAtMs: null, isWiped: false };
    this.#journals.set(workerId, journal);
    this.#story.tell("journal", () => `${workerId} ${entry.number}: ${entry.records.map(describe).join(", ")}`);
    if (journal.sealedAtMs !== null)
      this.#story.broken("I8", `${workerId} committed entry ${entry.number} behind a seal`);
    if (entry.number !== journal.lastNumber + 1 && !journal.isWiped) {
      this.#story.broken("I8", `entry ${entry.number} of ${workerId} follows ${journal.lastNumber}`);
    }
    journal.lastNumber = entry.number;
    for (const record of entry.records) {
      if (record.kind === "seal") journal.sealedAtMs = this.#elapsedMs();
      else if (record.kind === "opened") this.#opened(workerId, record);
      else if (record.kind === "chunk") this.answer(record.chunk.message_id).committed(record.chunk, workerId);
    }
  }

  isSealed(workerId: string): boolean {
    return this.#journals.get(workerId)?.sealedAtMs != null;
  }

  /** Since when everything works, and whether a worker's process still does; told by the schedule. */
  healedAtMs = Number.POSITIVE_INFINITY;
  lives: (workerId: string) => boolean = () => false;

  /** A reader is told that an answer is being recovered: not while its owner has long been there. */
  recoveringTold(messageId: string, reader: string): void {
    const { openedIn, openedAtMs, close } = this.answer(messageId).latest;
    const sinceMs = this.#elapsedMs() - ownedMs;
    if (openedIn === null || close !== null || openedAtMs > sinceMs || this.healedAtMs > sinceMs) return;
    if (!this.isSealed(openedIn) && this.lives(openedIn)) {
      this.#story.broken("P3", `${reader} is told that ${messageId} is being recovered although ${openedIn} writes it`);
    }
  }

  /** A worker has found out that it is fenced, which must be true; from now on it pays for nothing. */
  fenced(workerId: string): void {
    this.#fenced.add(workerId);
    if ((this.#journals.get(workerId)?.sealedAtMs ?? null) === null && !this.isWiped) {
      this.#story.broken("JW7", `${workerId} believes itself fenced and is not`);
    }
  }

  /** Somebody listens there from now on. */
  listening(subject: string, processName: string): void {
    const [, kind, messageId, verb] = subject.split(".");
    if (kind !== "message" || verb !== "stop" || messageId === undefined) return;
    this.answer(messageId).stopServedAt.set(processName, this.#order++);
  }

  stopWished(messageId: string): void {
    this.answer(messageId).wishedAt ??= this.#order++;
  }

  /** When an append was last accepted that should have lost its race. */
  racedAtMs = -1;
  /** When the database last did not answer somebody. */
  databaseFailedAtMs = -1;

  databaseFailed(): void {
    this.databaseFailedAtMs = this.#elapsedMs();
  }

  loadFailed(messageId: string): void {
    this.answer(messageId).loadFailedAt = this.#order++;
  }

  journalWiped(workerId: string): void {
    this.isWiped = true;
    const journal = this.#journals.get(workerId);
    if (journal === undefined) return;
    journal.isWiped = true;
    journal.sealedAtMs ??= this.#elapsedMs();
  }

  ownerStored(messageId: string, record: OwnerRecord): void {
    this.#story.tell("register", () => {
      const { generation, attempt, worker_id, base } = record;
      return `${messageId} ${generation}.${attempt} is ${worker_id}'s, base ${base}`;
    });
    this.answer(messageId).claimed(record, this.racedAtMs === this.#elapsedMs());
  }

  /** A message leaves a process: everything in it must be committed. */
  published(by: string, subject: string, message: unknown): void {
    const chunks = Array.isArray(message) ? (message as readonly Chunk[]) : [];
    for (const chunk of chunks) {
      if (!this.answer(chunk.message_id).isCommitted(chunk)) {
        this.#story.broken("I6", `${by} sent chunk ${chunk.chunk_id} of ${chunk.message_id} to ${subject} uncommitted`);
      }
    }
  }

  /** A reply leaves a process. */
  replied(by: string, subject: string, message: unknown): void {
    const [, kind, messageId, verb] = subject.split(".");
    if (kind !== "message" || messageId === undefined) return;
    if (verb === "stop") this.stopped(messageId, message as StopReply, by);
    else if (subject === subjects.messageRead(messageId)) this.#read(messageId, message as ReadReply, by);
  }

  /** "Stopped" has been said: the close must be committed. */
  stopped(messageId: string, reply: StopReply, by: string): void {
    if (!reply.closed) return;
    this.#story.tell(by, () => `says that ${messageId} is closed with ${reply.chunk_id}: ${reply.finish_reason}`);
    if (!this.answer(messageId).isClosedWith(reply.chunk_id)) {
      this.#story.broken("I9", `${by} said that ${messageId} is stopped, which is not committed`);
    }
  }

  rowFinal(answer: FinalAnswer): void {
    this.answer(answer.message_id).stored(answer);
  }

  /** A job leaves the queue, and no other of the same answer is in it. */
  lastJobAcknowledged(job: { readonly message_id: string; readonly generation: number }): void {
    this.answer(job.message_id).acknowledged(job.generation);
  }

  generationRaised(messageId: string, generation: number): void {
    this.#story.tell("database", () => `${messageId} begins again as generation ${generation}`);
    if (!this.isWiped) this.#story.broken("T3", `${messageId} begins again although no journal is gone`);
    this.answer(messageId).generation(generation);
  }

  providerCalled(messageId: string, by: MortalProcess): ProviderCall {
    this.#story.tell(by.name, () => `calls the provider for ${messageId}`);
    const workerId = this.answer(messageId).providerCalled(by.name);
    return { messageId, by, workerId };
  }

  prefixDiffers(messageId: string, prefix: string): void {
    this.#story.broken("I1", `the provider is asked to go on with ${messageId} from what it never said: ${prefix}`);
  }

  /** The provider says another word, for which somebody pays. */
  providerSpeaks({ messageId, by, workerId }: ProviderCall, isAborted: boolean): void {
    if (isAborted) return;
    if (workerId !== null && this.#fenced.has(workerId)) {
      this.#story.broken("W10", `${by.name} knows that ${workerId} is fenced and lets the provider go on`);
    }
    const sealedAtMs = workerId === null ? null : (this.#journals.get(workerId)?.sealedAtMs ?? null);
    // Who is cut off cannot know.
    if (sealedAtMs === null || by.isCut) return;
    if (this.#elapsedMs() - Math.max(sealedAtMs, by.soundSinceMs, this.brokerSoundSinceMs) > fencedMs) {
      this.#story.broken("W10", `${by.name} lets the provider go on with ${messageId} long after its seal`);
    }
  }

  /** Since when the broker answers everybody. */
  brokerSoundSinceMs = 0;

  #opened(workerId: string, record: OpenedRecord): void {
    const key = `${workerId}/${record.message_id}:${record.generation}.${record.attempt}`;
    const parts = record.part === 0 ? [] : (this.#parts.get(key) ?? []);
    parts.push(record.state);
    this.#parts.set(key, parts);
    if (parts.length < record.parts) return;
    this.answer(record.message_id).opened(JSON.parse(parts.join("")) as AnswerState, workerId);
  }

  #read(messageId: string, reply: ReadReply, by: string): void {
    const answer = this.answer(messageId);
    for (const chunk of reply.chunks) {
      if (!answer.isCommitted(chunk)) {
        this.#story.broken("I6", `${by} served chunk ${chunk.chunk_id} of ${messageId} uncommitted`);
      }
    }
    const { snapshot, generation } = reply;
    if (snapshot !== undefined && answer.textUpto(generation, snapshot.upto) !== snapshot.text) {
      this.#story.broken("I6", `${by} served a text of ${messageId} up to ${snapshot.upto} that is not committed`);
    }
  }
}

function describe(record: JournalRecord): string {
  switch (record.kind) {
    case "born":
      return "born";
    case "seal":
      return `sealed by ${record.by} (${record.reason})`;
    case "opened":
      return `opened ${record.message_id} ${record.generation}.${record.attempt}`;
    case "chunk":
      return chunkText(record.chunk);
  }
}

function chunkText(chunk: JournaledChunk): string {
  const { message_id, generation, attempt, chunk_id, chunk_type, is_final, metadata } = chunk;
  const end = is_final ? ` CLOSE ${String(metadata?.finish_reason)}` : "";
  return `${message_id} ${generation}.${attempt}#${chunk_id} ${chunk_type} ${JSON.stringify(chunk.chunk)}${end}`;
}
