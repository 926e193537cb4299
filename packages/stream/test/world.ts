import { type AnswerStatus, isFinalStatus, type StreamEvent, type WorkflowRequest } from "@uci/protocol";
import {
  AnswerFold,
  type AnswerLedger,
  type AnswerPolicy,
  type AnswerRow,
  type Clock,
  type Continuation,
  type FinalAnswer,
  type FinalizeOutcome,
  type LanguageModel,
  type LiveChannel,
  type ModelPart,
  type ModelRequest,
  type Outbox,
  type PendingJob,
  PodReader,
  PodRouter,
  parseCursor,
  ReaderConnection,
  type ReaderSink,
  type VouchedPlain,
  Worker,
  type WorkerEvent,
  type WorkerPorts,
} from "../src/index.ts";
import {
  MemoryJournal,
  MemoryLiveChannel,
  MemoryOwnerRegister,
  MemorySessionRegistry,
  MemoryWorkQueue,
} from "../src/memory/index.ts";
import { VirtualClock } from "./virtual-clock.ts";

type Row = AnswerRow & {
  request: WorkflowRequest;
  queuedAtMs: number | null;
  createdAtMs: number;
  final: FinalAnswer | null;
  vouched: VouchedPlain | null;
  heardAtMs: number | null;
  requeues: number;
};

/** The database of the tests: rows in a map, and a switch that makes it unreachable. */
export class TestDatabase implements AnswerLedger, Outbox {
  readonly rows = new Map<string, Row>();
  away = false;
  finalUpdates = 0;

  readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  add(request: WorkflowRequest): void {
    const { message_id, session_id, user_id, generation } = request;
    const createdAtMs = this.clock.nowMs();
    this.rows.set(message_id, {
      ...{ message_id, session_id, user_id, generation, request, createdAtMs },
      ...{ status: "queued" as AnswerStatus, stop_requested: false, text: "", reasoning: "" },
      ...{ last_chunk_id: -1, finish_reason: null, token_count: 0, queuedAtMs: null, final: null, plain: false },
      ...{ vouched: null, heardAtMs: null, requeues: 0 },
    });
  }

  async load(messageId: string): Promise<AnswerRow | null> {
    this.#reach();
    return this.rows.get(messageId) ?? null;
  }

  async finalize(answer: FinalAnswer): Promise<FinalizeOutcome> {
    this.#reach();
    const row = this.rows.get(answer.message_id);
    if (row === undefined) return "gone";
    if (isFinalStatus(row.status)) return "already_final";
    if (row.generation !== answer.generation) return "superseded";
    const { status, text, reasoning, last_chunk_id, finish_reason, token_count } = answer;
    this.rows.set(answer.message_id, {
      ...row,
      ...{ status, text, reasoning, last_chunk_id, finish_reason, token_count, final: answer },
    });
    this.finalUpdates++;
    return "stored";
  }

  async unfinished(sessionIds: readonly string[]): Promise<readonly AnswerRow[]> {
    this.#reach();
    return [...this.rows.values()].filter((row) => sessionIds.includes(row.session_id) && !isFinalStatus(row.status));
  }

  async requestStop(messageId: string): Promise<boolean> {
    this.#reach();
    const row = this.rows.get(messageId);
    if (row === undefined || isFinalStatus(row.status)) return false;
    this.rows.set(messageId, { ...row, stop_requested: true });
    return true;
  }

  async markPlain(messageId: string, generation: number): Promise<boolean> {
    this.#reach();
    const row = this.rows.get(messageId);
    if (row === undefined || isFinalStatus(row.status) || row.generation !== generation) return false;
    this.rows.set(messageId, { ...row, plain: true, heardAtMs: this.clock.nowMs() });
    return true;
  }

  async vouchPlain(vouched: VouchedPlain): Promise<void> {
    this.#reach();
    const row = this.rows.get(vouched.message_id);
    if (row?.plain !== true || isFinalStatus(row.status) || row.generation !== vouched.generation) return;
    const heardAtMs = Math.max(row.heardAtMs ?? 0, this.clock.nowMs() - vouched.heard_ago_ms);
    const isMore = vouched.last_chunk_id > (row.vouched?.last_chunk_id ?? -1);
    this.rows.set(vouched.message_id, { ...row, heardAtMs, vouched: isMore ? vouched : row.vouched });
  }

  async vouchedPlain(messageId: string): Promise<VouchedPlain | null> {
    this.#reach();
    return this.rows.get(messageId)?.vouched ?? null;
  }

  async pending(after: string | null, most: number): Promise<readonly PendingJob[]> {
    this.#reach();
    const open = [...this.rows.values()].filter((row) => !isFinalStatus(row.status));
    const start = after === null ? 0 : open.findIndex((row) => row.message_id === after) + 1;
    return open.slice(start, start + most).map(pendingJob);
  }

  async find(messageId: string): Promise<PendingJob | null> {
    this.#reach();
    const row = this.rows.get(messageId);
    return row === undefined || isFinalStatus(row.status) ? null : pendingJob(row);
  }

  async markQueued(messageId: string, _generation?: number, again = false): Promise<void> {
    this.#reach();
    const row = this.rows.get(messageId);
    if (row === undefined) return;
    row.queuedAtMs = this.clock.nowMs();
    if (again) row.requeues++;
  }

  async raiseGeneration(messageId: string, generation: number): Promise<WorkflowRequest | null> {
    this.#reach();
    const row = this.rows.get(messageId);
    if (row === undefined || isFinalStatus(row.status) || row.generation !== generation) return null;
    const request = { ...row.request, generation: generation + 1 };
    this.rows.set(messageId, { ...row, generation: generation + 1, request, plain: false, ...anew });
    return request;
  }

  async exclusively(task: () => Promise<void>): Promise<boolean> {
    this.#reach();
    await task();
    return true;
  }

  async removeExpired(): Promise<void> {
    this.#reach();
  }

  #reach(): void {
    if (this.away) throw new Error("the database is away");
  }
}

const anew = { vouched: null, heardAtMs: null, requeues: 0 };

function pendingJob(row: Row): PendingJob {
  const { request, queuedAtMs, createdAtMs, stop_requested, plain, heardAtMs, requeues } = row;
  const times = { queued_at_ms: queuedAtMs, created_at_ms: createdAtMs, plain_heard_at_ms: heardAtMs };
  return { request, ...times, stop_requested, plain, requeues };
}

/** A provider whose text is given: word by word, one every `wordIntervalMs`, continuing where a prefix ends. */
export class TestModel implements LanguageModel {
  text: string;
  wordIntervalMs = 20;
  calls = 0;
  aborted = 0;
  continues = true;
  failAfterWords: number | null = null;
  /** Prefixes the provider was asked to go on from. */
  readonly continuedFrom: string[] = [];

  readonly clock: Clock;

  constructor(clock: Clock, text: string) {
    this.clock = clock;
    this.text = text;
  }

  abilities() {
    return { resume: false, continuePrefix: this.continues };
  }

  resolve() {
    return { provider: "test", model: "test-model" };
  }

  async *generate(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart> {
    this.calls++;
    if (request.continueFrom !== undefined) this.continuedFrom.push(request.continueFrom.text);
    const rest = this.text.slice(request.continueFrom?.text.length ?? 0);
    let words = 0;
    for (const word of rest.match(/\S+\s*|\s+/g) ?? []) {
      await new Promise<void>((resolve) => this.clock.after(this.wordIntervalMs, resolve));
      if (signal.aborted) {
        this.aborted++;
        throw new Error("aborted");
      }
      if (this.failAfterWords !== null && words++ >= this.failAfterWords) throw new Error("cut off");
      yield { type: "text", text: word };
    }
    yield { type: "finish", finishReason: "stop", usage: { outputTokens: 7 } };
  }
}

const policy: AnswerPolicy = {
  messages: (job, unfinished) => [{ role: "user", content: job.message + (unfinished ?? "") }],
  continuation: (state, abilities): Continuation => {
    if (state.text === "") return { kind: "begin" };
    return abilities.continuePrefix ? { kind: "continue" } : { kind: "reset" };
  },
};

/** A reader that keeps everything it was sent and folds it as a client does. */
export class TestReader implements ReaderSink {
  readonly events: StreamEvent[] = [];
  readonly folds = new Map<string, AnswerFold>();
  readonly closed: string[] = [];
  cursor: string | null = null;
  unsentBytes = 0;
  violations: string[] = [];

  send(event: StreamEvent, cursor: string | null): void {
    this.events.push(event);
    if (cursor !== null) this.cursor = cursor;
    if (event.event === "snapshot") this.fold(event.data.message_id).replace(event.data);
    if (event.event === "chunk") {
      const outcome = this.fold(event.data.message_id).apply(event.data);
      if (outcome !== "applied") this.violations.push(`${event.data.message_id} ${event.data.chunk_id}: ${outcome}`);
    }
  }

  close(reason: string): void {
    this.closed.push(reason);
  }

  fold(messageId: string): AnswerFold {
    const fold = this.folds.get(messageId) ?? new AnswerFold();
    this.folds.set(messageId, fold);
    return fold;
  }

  names(): string[] {
    return this.events.map((event) => event.event);
  }
}

/** Pods and workers of one process over in-memory adapters and virtual time. */
export class World {
  readonly clock = new VirtualClock();
  readonly database = new TestDatabase(this.clock);
  readonly live: LiveChannel = new MemoryLiveChannel(this.clock);
  readonly queue = new MemoryWorkQueue(this.clock);
  readonly journal = new MemoryJournal(this.clock);
  readonly owners = new MemoryOwnerRegister(this.clock);
  readonly registry = new MemorySessionRegistry(this.clock);
  readonly model: TestModel;
  readonly events: WorkerEvent[] = [];
  #nonces = 0;
  #connections = 0;

  constructor(text = "one two three four five six seven eight nine ten") {
    this.model = new TestModel(this.clock, text);
  }

  ports(): WorkerPorts {
    const { journal, owners, queue, live, model, clock } = this;
    const router = new PodRouter((ids) => this.registry.find(ids), null, clock);
    const nonce = () => `nonce${String(this.#nonces++).padStart(8, "0")}`;
    const { database } = this;
    return { journal, owners, queue, live, model, policy, router, clock, nonce, ledger: database, outbox: database };
  }

  async worker(name: string, changed: Partial<WorkerPorts> = {}): Promise<Worker> {
    const settings = { name, slots: 100, trimDelayMs: 60_000 };
    const worker = new Worker({ ...this.ports(), ...changed }, settings, (event) => this.events.push(event));
    await worker.start();
    return worker;
  }

  async pod(name: string): Promise<PodReader> {
    const { live, registry, clock, database } = this;
    const pod = new PodReader(name, { live, registry, clock, ledger: database });
    await pod.start();
    return pod;
  }

  async ask(messageId: string, sessionId = "sess_1", answerBegins?: string): Promise<void> {
    const request: WorkflowRequest = {
      ...{ message_id: messageId, session_id: sessionId, user_id: "user_1", message: "tell me" },
      context: { conversation_history: [], ...(answerBegins === undefined ? {} : { answer_begins: answerBegins }) },
      ...{ generation: 0, correlation_id: "corr_1" },
      timestamp: new Date(this.clock.nowMs()).toISOString(),
    };
    this.database.add(request);
    await this.queue.enqueue(`${messageId}:0`, request);
    await this.database.markQueued(messageId);
  }

  /** Opens a connection and brings it up to date; resolves with what it receives. */
  async read(pod: PodReader, sessionIds = ["sess_1"], cursor = "1~"): Promise<{ reader: TestReader; id: string }> {
    const reader = new TestReader();
    const id = `conn_${this.#connections++}`;
    const connection = new ReaderConnection(id, "user_1", sessionIds, reader, parseCursor(cursor)!);
    const attached = pod.attach(connection);
    await this.clock.run(0);
    void attached;
    return { reader, id };
  }
}
