import type { MortalProcess } from "./mortal-process.ts";
import type { PlannedFault } from "./plan.ts";
import type { Schedule } from "./schedule.ts";
import { count } from "./surroundings.ts";
import { fairWeather, type Weather } from "./weather.ts";

/** Makes planned faults happen, and ends those that last. */
export class FaultInjector {
  readonly #schedule: Schedule;
  #isOver = false;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  /** From now on nothing goes wrong any more. */
  end(): void {
    this.#isOver = true;
  }

  inject({ kind, forMs }: PlannedFault): void {
    const { story, random } = this.#schedule.surroundings;
    count(this.#schedule.surroundings, kind);
    story.tell("FAULT", () => `${kind} (${forMs} ms)`);
    switch (kind) {
      case "kill worker":
        return this.#worker((process) => this.#kill(process, "worker"));
      case "freeze worker":
        return this.#worker((process) => this.#freeze(process, forMs));
      case "cut worker":
        return this.#worker((process) => this.#cut(process, forMs));
      case "deafen worker":
        return this.#worker((process) => this.#deafen(process, forMs));
      case "drain worker":
        return this.#drainWorker(forMs);
      case "kill pod":
        return this.#pod((process) => this.#kill(process, "pod"));
      case "freeze pod":
        return this.#pod((process) => this.#freeze(process, forMs));
      case "cut pod":
        return this.#pod((process) => this.#cut(process, forMs));
      case "drain pod":
        return this.#drainPod();
      case "cut reader":
        return random.pick(this.#schedule.clients).reconnectAfter(random.chance(0.5) ? random.between(0, 300) : forMs);
      case "slow reader":
        return this.#slowReader(forMs);
      case "stop":
        return this.#schedule.stop(`msg_${random.between(0, this.#schedule.plan.answers.length - 1)}`);
      default:
        return this.#injectService(kind, forMs);
    }
  }

  #injectService(kind: PlannedFault["kind"], forMs: number): void {
    const { random, truth } = this.#schedule.surroundings;
    switch (kind) {
      case "messages lost": {
        const liveLateMs = random.between(20, 1_500);
        return this.#storm({ liveLost: 0.25, liveTwice: 0.15, liveLate: 0.3, liveLateMs }, forMs);
      }
      case "appends lost":
        return this.#storm({ appendLost: 0.25, appendLate: 0.1, appendBusy: 0.15 }, forMs);
      case "journals full":
        return this.#storm({ journalFull: true }, forMs);
      case "broker stalls":
        return this.#storm({ brokerStalled: true }, forMs);
      case "database away":
        return this.#storm({ databaseAway: true }, forMs);
      case "database slow":
        return this.#storm({ databaseSlow: 0.4, databaseLost: 0.5 }, forMs);
      case "registry away":
        return this.#storm({ registryAway: true }, forMs);
      case "registry lies":
        return this.#storm({ registryLies: 0.4 }, forMs);
      case "registry wiped":
        return this.#schedule.registry.wipe();
      case "redelivery":
        return this.#schedule.queue.redeliver();
      case "send again": {
        const posts = [...this.#schedule.posts.values()];
        if (posts.length > 0) this.#schedule.post(random.pick(posts).request);
        return;
      }
      case "journals wiped":
        for (const workerId of this.#schedule.logs.journals.keys()) {
          truth.journalWiped(workerId);
          this.#schedule.logs.journals.remove(workerId);
        }
    }
  }

  /** Some weather for a while. Two storms of one kind end with the first. */
  #storm(change: Partial<Weather>, forMs: number): void {
    const { weather, time, truth } = this.#schedule.surroundings;
    Object.assign(weather, change);
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
    if (random.chance(0.4)) return act();
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
