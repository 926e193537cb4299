import type { Chunk, JournaledChunk } from "@uci/protocol";
import type { AnswerState, FinalAnswer, OwnerRecord } from "../src/ports.ts";
import type { Story } from "./story.ts";

/** All that is committed of one generation of an answer. */
type GenerationTruth = {
  readonly chunks: JournaledChunk[];
  text: string;
  bytes: number;
  close: JournaledChunk | null;
  /** The attempt whose `opened` is committed last, and the journal it stands in. */
  attempt: number;
  openedIn: string | null;
  openedAtMs: number;
  /** Owners by attempt. */
  readonly owners: Map<number, OwnerRecord>;
};

const encoder = new TextEncoder();

/** What is committed of one answer, and what may not happen to it. */
export class AnswerTruth {
  readonly messageId: string;
  readonly #story: Story;
  readonly #generations = new Map<number, GenerationTruth>();
  #latest = 0;
  /** The row, once it is final. */
  row: FinalAnswer | null = null;
  rowAtMs = Number.POSITIVE_INFINITY;

  /** When a process last began to serve `stop`, by its name. */
  readonly stopServedAt = new Map<string, number>();
  /** When a stop was first wished for, and a look at the row last failed; null: never. */
  wishedAt: number | null = null;
  loadFailedAt: number | null = null;
  /** Claims for which the provider has been called. */
  readonly #called = new Set<OwnerRecord>();
  readonly #elapsedMs: () => number;
  readonly #committedAtMs = new Map<Chunk, number>();

  constructor(messageId: string, story: Story, elapsedMs: () => number) {
    this.messageId = messageId;
    this.#story = story;
    this.#elapsedMs = elapsedMs;
  }

  /** Whether a close of it is known. */
  get isClosed(): boolean {
    return this.latest.close !== null;
  }

  get latest(): GenerationTruth {
    return this.generation(this.#latest);
  }

  generation(generation: number): GenerationTruth {
    const known = this.#generations.get(generation);
    if (known !== undefined) return known;
    const truth: GenerationTruth = {
      ...{ chunks: [], text: "", bytes: 0, close: null, attempt: 0, openedIn: null, openedAtMs: 0, owners: new Map() },
    };
    this.#generations.set(generation, truth);
    this.#latest = Math.max(this.#latest, generation);
    return truth;
  }

  claimed(record: OwnerRecord, hasRaced: boolean): void {
    const truth = this.generation(record.generation);
    if (truth.owners.has(record.attempt)) {
      this.#broken("I12", `attempt ${record.generation}.${record.attempt} has a second owner, ${record.worker_id}`);
    }
    // Claims of two generations have no identity in common, so an old server may let the lower one through as well; what
    // comes of it is ignored by everybody.
    if (record.generation < this.#latest && !hasRaced) {
      this.#broken("I12", `generation ${record.generation} is claimed too late`);
    }
    const expected = Math.max(0, ...truth.owners.keys()) + 1;
    if (record.attempt !== expected) this.#broken("I12", `attempt ${record.attempt} is claimed instead of ${expected}`);
    truth.owners.set(record.attempt, record);
  }

  opened(state: AnswerState, workerId: string): void {
    const { generation, attempt } = state;
    const truth = this.generation(generation);
    const name = `${generation}.${attempt}`;
    if (truth.owners.get(attempt)?.worker_id !== workerId) this.#broken("I12", `${workerId} opened ${name} unclaimed`);
    const isAgain = attempt === truth.attempt && truth.openedIn === workerId;
    if (attempt <= truth.attempt && !isAgain) this.#broken("I8", `${name} was opened behind attempt ${truth.attempt}`);
    if (generation < this.#latest) this.#broken("I8", `${name} was opened behind generation ${this.#latest}`);
    if (truth.close !== null) this.#broken("I7", `${name} was opened behind the close`);
    if (state.text !== truth.text || state.next_chunk_id !== truth.chunks.length) {
      this.#broken("I1", `${name} was opened with ${state.next_chunk_id} chunks of ${truth.chunks.length}`);
    }
    truth.attempt = attempt;
    truth.openedIn = workerId;
    truth.openedAtMs = this.#elapsedMs();
  }

  committed(chunk: JournaledChunk, workerId: string): void {
    const { generation, attempt, chunk_id, chunk_type } = chunk;
    const truth = this.generation(generation);
    const name = `chunk ${generation}.${attempt}#${chunk_id}`;
    if (truth.close !== null) this.#broken(chunk.is_final ? "I3" : "I7", `${name} was committed behind the close`);
    if (attempt < truth.attempt) this.#broken("I8", `${name} was committed behind attempt ${truth.attempt}`);
    else if (attempt > truth.attempt || truth.openedIn !== workerId)
      this.#broken("I12", `${name} is of nobody's attempt`);
    if (generation < this.#latest) this.#broken("I8", `${name} was committed behind generation ${this.#latest}`);
    if (chunk_id !== truth.chunks.length) this.#broken("I2", `${name} was committed as number ${truth.chunks.length}`);
    if (chunk_type !== "reset" && chunk.offset !== truth.bytes) this.#broken("I1", `${name} stands at ${chunk.offset}`);
    truth.chunks.push(chunk);
    this.#committedAtMs.set(chunk, this.#elapsedMs());
    if (chunk_type === "content") {
      truth.text += chunk.chunk;
      truth.bytes += encoder.encode(chunk.chunk).length;
    } else if (chunk_type === "reset") {
      truth.text = "";
      truth.bytes = 0;
    }
    if (chunk.is_final) truth.close = chunk;
  }

  /** Whether a generation of it is closed by that chunk. */
  isClosedWith(chunkId: number): boolean {
    return [...this.#generations.values()].some(({ close }) => close?.chunk_id === chunkId);
  }

  /** When a chunk was committed. */
  committedAtMs(chunk: Chunk): number {
    return this.#committedAtMs.get(chunk) ?? Number.POSITIVE_INFINITY;
  }

  isCommitted(chunk: Chunk): boolean {
    return this.#generations.get(chunk.generation)?.chunks[chunk.chunk_id] === chunk;
  }

  /** The text up to a chunk of a generation; null when that chunk is not committed. */
  textUpto(generation: number, upto: number): string | null {
    const truth = this.#generations.get(generation);
    if (upto < 0) return "";
    if (truth === undefined || upto >= truth.chunks.length) return null;
    let text = "";
    for (const chunk of truth.chunks.slice(0, upto + 1)) {
      if (chunk.chunk_type === "content") text += chunk.chunk;
      else if (chunk.chunk_type === "reset") text = "";
    }
    return text;
  }

  /** Whether a text shown up to a chunk is what is committed by then. */
  isTextUpto(generation: number, upto: number, text: string): boolean {
    return this.textUpto(generation, upto) === text;
  }

  stored(answer: FinalAnswer): void {
    const truth = this.generation(answer.generation);
    if (this.row !== null) this.#broken("I4", "its row was written a second time");
    // One that was stopped before anybody opened it has no journal: the sweeper writes its empty row.
    const isUnbegun = answer.status === "stopped" && answer.last_chunk_id === -1 && this.wishedAt !== null;
    if (isUnbegun && truth.text === "") this.#story.tell("row", () => `${this.messageId} was never begun`);
    else if (truth.close === null) this.#broken("I4", "its row was written before its close was committed");
    else if (answer.text !== truth.text || answer.last_chunk_id !== truth.close.chunk_id) {
      this.#broken("I4", `its row holds ${answer.text}, its journals ${truth.text}`);
    }
    this.row = answer;
    this.rowAtMs = this.#elapsedMs();
  }

  acknowledged(generation: number): void {
    // A job of a generation that is past may go; what is not stored must stay in the queue.
    if (this.row === null && generation >= this.#latest) this.#broken("W8", "its job was acknowledged before its row");
  }

  /** Returns the worker whose attempt the call is made for: the last that this process has claimed. */
  providerCalled(processName: string): string | null {
    let owner: OwnerRecord | null = null;
    for (const { owners } of this.#generations.values()) {
      for (const record of owners.values()) if (record.worker_id.startsWith(`${processName}-`)) owner = record;
    }
    if (owner === null) this.#broken("I10", `${processName} calls the provider without an attempt`);
    else if (this.#called.has(owner)) {
      this.#broken("I10", `the provider is called twice for attempt ${owner.generation}.${owner.attempt}`);
    } else this.#called.add(owner);
    const own = owner === null ? null : this.generation(owner.generation);
    if (own !== null && own.close !== null && own.openedIn === owner?.worker_id) {
      this.#broken("W6", "the provider is called for what its own worker has closed");
    }
    const { wishedAt, loadFailedAt } = this;
    const servedAt = this.stopServedAt.get(processName) ?? -1;
    const wasReadable = loadFailedAt === null || loadFailedAt < servedAt;
    if (wishedAt !== null && wishedAt < servedAt && wasReadable) {
      this.#broken("W6", "the provider was called although a stop was wished for before");
    }
    return owner?.worker_id ?? null;
  }

  #broken(rule: string, what: string): void {
    this.#story.broken(rule, `${this.messageId}: ${what}`);
  }
}
