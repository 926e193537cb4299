import { type StreamEvent, subjects, type WorkflowRequest } from "@uci/protocol";
import type { Cursor } from "../src/cursor.ts";
import type { PlainTimes } from "../src/limits.ts";
import { type PodEvent, PodReader, ReaderConnection, type ReaderSink, type StopOutcome } from "../src/pod-reader.ts";
import type { LiveChannel, Outbox, WorkQueue } from "../src/ports.ts";
import type { SimulatedDatabase } from "./database.ts";
import type { SimulatedChannel } from "./live-channel.ts";
import type { MortalProcess } from "./mortal-process.ts";
import type { SimulatedRegistry } from "./session-registry.ts";
import type { Surroundings } from "./surroundings.ts";
import type { SimulatedQueue } from "./work-queue.ts";

export type PodServices = {
  readonly database: SimulatedDatabase;
  readonly channel: SimulatedChannel;
  readonly registry: SimulatedRegistry;
  readonly queue: SimulatedQueue;
  readonly plainTimes?: PlainTimes | undefined;
};

/** What a client sees of one connection. */
export type Wire = {
  /** An event is on its way; called in order. */
  sent(event: StreamEvent, cursor: string | null): void;
  unsentBytes(): number;
  /** The pod ended it. */
  closed(): void;
};

/** A pod as a process: the reader, and the routes that take and stop answers. */
export class PodProcess {
  readonly process: MortalProcess;
  readonly #surroundings: Surroundings;
  readonly #services: PodServices;
  readonly #reader: PodReader;
  readonly #live: LiveChannel;
  readonly #queue: WorkQueue;
  readonly #outbox: Outbox;
  /** Wires of open connections; they break when the process dies. */
  readonly #wires = new Map<string, Wire>();
  isReady = false;

  constructor(process: MortalProcess, surroundings: Surroundings, services: PodServices) {
    this.process = process;
    this.#surroundings = surroundings;
    this.#services = services;
    this.#live = services.channel.portFor(process);
    this.#queue = services.queue.portFor(process);
    this.#outbox = services.database.outboxFor(process);
    const ports = {
      live: this.#live,
      ledger: services.database.ledgerFor(process),
      registry: services.registry.portFor(process),
      clock: process.clock,
      plainTimes: services.plainTimes,
    };
    this.#reader = new PodReader(process.name, ports, (event) => this.#observe(event));
    process.atDeath(() => this.#breakWires());
  }

  async start(): Promise<void> {
    await this.#reader.start();
    this.isReady = true;
  }

  /** A connection arrives. */
  open(id: string, userId: string, sessionIds: readonly string[], cursor: Cursor, wire: Wire): void {
    // Taken in by the machine before the process looks at it: it breaks with the process all the same.
    this.#wires.set(id, wire);
    this.process.receive(() => {
      const sink: ReaderSink = {
        send: (event, eventCursor) => wire.sent(event, eventCursor),
        get unsentBytes() {
          return wire.unsentBytes();
        },
        close: () => {
          this.detach(id);
          wire.closed();
        },
      };
      if (!this.#wires.has(id)) return;
      void this.#reader.attach(new ReaderConnection(id, userId, sessionIds, sink, cursor));
    });
  }

  /** The other side of a connection is gone. */
  detach(id: string): void {
    this.#wires.delete(id);
    this.process.receive(() => this.#reader.detach(id));
  }

  drained(id: string): void {
    this.process.receive(() => this.#reader.drained(id));
  }

  /** Goes away in order: says so to every connection, then stops. */
  async drain(): Promise<void> {
    this.isReady = false;
    this.#reader.closeConnections("draining");
    await this.#reader.stop();
    this.process.kill();
  }

  /** A message is posted: stored with its job, then published; what fails after the commit the sweeper makes good. */
  async post(key: string, request: WorkflowRequest): Promise<WorkflowRequest> {
    const accepted = await this.#services.database.acceptFrom(this.process, key, request);
    if (!accepted.isNew) return accepted.request;
    const { message_id, session_id, user_id, generation, timestamp } = accepted.request;
    const answer = {
      ...{ message_id, parent_message_id: null, role: "assistant" as const, content: "", status: "queued" as const },
      ...{ model: null, token_count: 0, metadata: {}, created_at: timestamp },
    };
    this.#live.publish(subjects.userEvent(user_id), { event: "message_created", data: { session_id, answer } });
    try {
      await this.#queue.enqueue(`${message_id}:${generation}`, accepted.request);
      await this.#outbox.markQueued(message_id, generation);
    } catch {
      this.#surroundings.story.tell(this.process.name, () => `could not publish ${message_id}`);
    }
    return accepted.request;
  }

  stop(messageId: string): Promise<StopOutcome> {
    return this.#reader.stopAnswer(messageId);
  }

  #observe(event: PodEvent): void {
    if (event.kind === "contradiction" || event.kind === "hash_mismatch" || event.kind === "malformed") {
      const about = "message_id" in event ? event.message_id : "";
      this.#surroundings.story.broken("I1", `${this.process.name} met a ${event.kind} ${about}`);
    }
  }

  #breakWires(): void {
    this.isReady = false;
    const wires = [...this.#wires.values()];
    this.#wires.clear();
    this.#surroundings.time.after(this.#surroundings.random.between(0, 20), () => {
      for (const wire of wires) wire.closed();
    });
  }
}
