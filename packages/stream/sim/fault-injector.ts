import type { WorkflowRequest } from "@uci/protocol";
import type { BrokerLogs } from "./broker-logs.ts";
import type { Client } from "./client.ts";
import type { MortalProcess } from "./mortal-process.ts";
import type { FaultKind, Plan, PlannedFault } from "./plan.ts";
import type { PodProcess } from "./pod-process.ts";
import type { SimulatedRegistry } from "./session-registry.ts";
import { count, type Surroundings } from "./surroundings.ts";
import { fairWeather, type Weather } from "./weather.ts";
import type { SimulatedQueue } from "./work-queue.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** The world that faults happen to. */
export type FaultyWorld = {
  readonly surroundings: Surroundings;
  readonly plan: Plan;
  readonly logs: BrokerLogs;
  readonly registry: SimulatedRegistry;
  readonly queue: SimulatedQueue;
  readonly posts: ReadonlyMap<string, { readonly request: WorkflowRequest }>;
  readonly clients: readonly Client[];
  readonly workers: readonly WorkerProcess[];
  readonly pods: readonly PodProcess[];
  addWorker(): unknown;
  addPod(): unknown;
  post(request: WorkflowRequest): void;
  stop(messageId: string): void;
};

/** Makes planned faults happen, and ends those that last. */
export class FaultInjector {
  readonly #schedule: FaultyWorld;
  #isOver = false;

  constructor(schedule: FaultyWorld) {
    this.#schedule = schedule;
  }

  /** From now on nothing goes wrong any more. */
  end(): void {
    this.#isOver = true;
  }

  inject({ kind, forMs }: PlannedFault): void {
    const { story } = this.#schedule.surroundings;
    count(this.#schedule.surroundings, kind);
    story.tell("FAULT", () => `${kind} (${forMs} ms)`);
    this.#acts[kind](forMs);
  }

  readonly #acts: Record<FaultKind, (forMs: number) => void> = {
    "kill worker": () => this.#worker((process) => this.#kill(process, "worker")),
    "freeze worker": (forMs) => this.#worker((process) => this.#freeze(process, forMs)),
    "cut worker": (forMs) => this.#worker((process) => this.#cut(process, forMs)),
    "deafen worker": (forMs) => this.#worker((process) => this.#deafen(process, forMs)),
    "drain worker": (forMs) => this.#drainWorker(forMs),
    "kill pod": () => this.#pod((process) => this.#kill(process, "pod")),
    "freeze pod": (forMs) => this.#pod((process) => this.#freeze(process, forMs)),
    "cut pod": (forMs) => this.#pod((process) => this.#cut(process, forMs)),
    "drain pod": () => this.#drainPod(),
    "cut reader": (forMs) => this.#cutReader(forMs),
    "slow reader": (forMs) => this.#slowReader(forMs),
    "messages lost": (forMs) => {
      const liveLateMs = this.#schedule.surroundings.random.between(20, 1_500);
      this.#storm({ liveLost: 0.25, liveTwice: 0.15, liveLate: 0.3, liveLateMs }, forMs);
    },
    "appends lost": (forMs) => this.#storm({ appendLost: 0.25, appendLate: 0.1, appendBusy: 0.15 }, forMs),
    "journals full": (forMs) => this.#storm({ journalFull: true }, forMs),
    "broker stalls": (forMs) => this.#storm({ brokerStalled: true }, forMs),
    "database away": (forMs) => this.#storm({ databaseAway: true }, forMs),
    "database slow": (forMs) => this.#storm({ databaseSlow: 0.4, databaseLost: 0.5 }, forMs),
    "registry away": (forMs) => this.#storm({ registryAway: true }, forMs),
    "registry lies": (forMs) => this.#storm({ registryLies: 0.4 }, forMs),
    "registry wiped": () => this.#schedule.registry.wipe(),
    redelivery: () => this.#schedule.queue.redeliver(),
    stop: () => {
      const { surroundings, plan } = this.#schedule;
      this.#schedule.stop(`msg_${surroundings.random.between(0, plan.answers.length - 1)}`);
    },
    "send again": () => this.#sendAgain(),
    "journals wiped": () => this.#wipeJournals(),
  };

  #sendAgain(): void {
    const posts = [...this.#schedule.posts.values()];
    if (posts.length > 0) this.#schedule.post(this.#schedule.surroundings.random.pick(posts).request);
  }

  #wipeJournals(): void {
    const { journals } = this.#schedule.logs;
    for (const workerId of journals.keys()) {
      this.#schedule.surroundings.truth.journalWiped(workerId);
      journals.remove(workerId);
    }
  }

  #cutReader(forMs: number): void {
    const { random } = this.#schedule.surroundings;
    random.pick(this.#schedule.clients).reconnectAfter(random.chance(0.5) ? random.between(0, 300) : forMs);
  }

  /** Some weather for a while. Two storms of one kind end with the first. */
  #storm(change: Partial<Weather>, forMs: number): void {
    const { weather, time, truth } = this.#schedule.surroundings;
    Object.assign(weather, change);
    truth.brokerSoundSinceMs = Number.POSITIVE_INFINITY;
    time.after(forMs, () => {
      for (const key of Object.keys(change) as (keyof Weather)[]) Object.assign(weather, { [key]: fairWeather[key] });
      truth.brokerSoundSinceMs = time.elapsedMs;
    });
  }

  #kill(process: MortalProcess, kind: "worker" | "pod"): void {
    const { time, random } = this.#schedule.surroundings;
    this.#atSomeStep(process, () => {
      process.kill();
      time.after(random.between(200, 2_500), () => {
        if (kind === "worker") this.#schedule.addWorker();
        else this.#schedule.addPod();
      });
    });
  }

  #freeze(process: MortalProcess, forMs: number): void {
    this.#atSomeStep(process, () => {
      process.freeze();
      this.#schedule.surroundings.time.after(forMs, () => process.thaw());
    });
  }

  #cut(process: MortalProcess, forMs: number): void {
    this.#atSomeStep(process, () => {
      process.cut();
      this.#schedule.surroundings.time.after(forMs, () => process.heal());
    });
  }

  #deafen(process: MortalProcess, forMs: number): void {
    process.deafen();
    this.#schedule.surroundings.time.after(forMs, () => process.heal());
  }

  /** Now, or at one of its next steps: before what it asks leaves, or when it is done but not heard of. */
  #atSomeStep(process: MortalProcess, act: () => void): void {
    const { random } = this.#schedule.surroundings;
    if (random.chance(0.4)) {
      act();
      return;
    }
    const spring = () => {
      if (!this.#isOver) act();
    };
    process.trap = { remaining: random.between(1, 12), moment: random.chance(0.5) ? "before" : "after", spring };
  }

  #worker(act: (process: MortalProcess) => void): void {
    const alive = this.#schedule.workers.map(({ process }) => process).filter(({ isAlive }) => isAlive);
    if (alive.length > 0) act(this.#schedule.surroundings.random.pick(alive));
  }

  #pod(act: (process: MortalProcess) => void): void {
    const alive = this.#schedule.pods.map(({ process }) => process).filter(({ isAlive }) => isAlive);
    if (alive.length > 0) act(this.#schedule.surroundings.random.pick(alive));
  }

  #drainWorker(graceMs: number): void {
    const alive = this.#schedule.workers.filter(({ process }) => process.isAlive);
    if (alive.length === 0) return;
    const { random } = this.#schedule.surroundings;
    void random.pick(alive).drain(random.chance(0.5) ? 0 : graceMs);
    this.#schedule.addWorker();
  }

  #drainPod(): void {
    const ready = this.#schedule.pods.filter(({ process, isReady }) => process.isAlive && isReady);
    if (ready.length === 0) return;
    void this.#schedule.surroundings.random.pick(ready).drain();
    this.#schedule.addPod();
  }

  #slowReader(forMs: number): void {
    const { random, time } = this.#schedule.surroundings;
    const client = random.pick(this.#schedule.clients);
    client.slow(true);
    time.after(forMs, () => client.slow(false));
  }
}
