import type { PlainTimes } from "../src/limits.ts";
import { PodRouter } from "../src/router.ts";
import { Sweeper } from "../src/sweeper.ts";
import { Worker } from "../src/worker.ts";
import type { WorkerEvent, WorkerPorts } from "../src/worker-context.ts";
import type { BrokerLogs } from "./broker-logs.ts";
import type { SimulatedDatabase } from "./database.ts";
import type { SimulatedModel } from "./language-model.ts";
import type { SimulatedChannel } from "./live-channel.ts";
import type { MortalProcess } from "./mortal-process.ts";
import type { SimulatedRegistry } from "./session-registry.ts";
import { count, type Surroundings } from "./surroundings.ts";
import type { SimulatedQueue } from "./work-queue.ts";

export type WorkerServices = {
  readonly logs: BrokerLogs;
  readonly database: SimulatedDatabase;
  readonly channel: SimulatedChannel;
  readonly registry: SimulatedRegistry;
  readonly queue: SimulatedQueue;
  readonly model: SimulatedModel;
  readonly slots: number;
  readonly trimDelayMs: number;
  readonly renewalEntries: number;
  readonly nonce: () => string;
  readonly plainTimes?: PlainTimes | undefined;
};

/** A worker as a process, with the sweeper that runs beside it. */
export class WorkerProcess {
  readonly process: MortalProcess;
  readonly #worker: Worker;
  readonly #sweeper: Sweeper;
  readonly #surroundings: Surroundings;

  constructor(process: MortalProcess, surroundings: Surroundings, services: WorkerServices) {
    this.process = process;
    this.#surroundings = surroundings;
    const { logs, database, channel, queue, model, slots, trimDelayMs, renewalEntries, nonce } = services;
    const registry = services.registry.portFor(process);
    const { clock } = process;
    const ports: WorkerPorts = {
      journal: logs.journalFor(process),
      owners: logs.ownersFor(process),
      queue: queue.portFor(process),
      live: channel.portFor(process),
      ledger: database.ledgerFor(process),
      outbox: database.outboxFor(process),
      model: model.portFor(process),
      policy: model.policy,
      router: new PodRouter((sessionIds) => registry.find(sessionIds), null, clock),
      clock,
      nonce,
    };
    const settings = { name: process.name, slots, trimDelayMs, renewalEntries };
    this.#worker = new Worker(ports, settings, (event) => this.#observe(event));
    const { plainTimes } = services;
    this.#sweeper = new Sweeper({ ...ports, plainTimes, sweepConnections: () => registry.sweep() });
  }

  async start(): Promise<void> {
    this.#sweeper.start();
    await this.#worker.start();
  }

  /** Ends in order: finishes what it can, hands the rest over, and is gone. */
  async drain(graceMs: number): Promise<void> {
    this.#surroundings.story.tell(this.process.name, () => "is told to stop");
    await this.#worker.drain(graceMs);
    await this.#sweeper.stop();
    this.process.kill();
  }

  #observe(event: WorkerEvent): void {
    const { story } = this.#surroundings;
    if (event.kind === "failed") {
      const { error } = event;
      story.broken("W", `${event.worker_id} met ${error instanceof Error ? (error.stack ?? error.message) : error}`);
    } else if (event.kind === "sealed" || event.kind === "fenced") {
      count(this.#surroundings, event.kind === "sealed" ? "take-over" : "fenced");
      if (event.kind === "fenced") this.#surroundings.truth.fenced(event.worker_id);
    }
    if (event.kind !== "appended" && event.kind !== "committed") {
      story.tell(this.process.name, () => JSON.stringify(event));
    }
  }
}
