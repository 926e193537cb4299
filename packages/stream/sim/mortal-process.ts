import type { Clock } from "../src/ports.ts";
import type { Random } from "./random.ts";
import type { Story } from "./story.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** What happens to a process at its next so-manieth step: before what it asks leaves, or when it has been done but not heard of. */
export type Trap = {
  remaining: number;
  readonly moment: "before" | "after";
  readonly spring: () => void;
};

/**
 * A process that can be killed, frozen and thawed. Dead: nothing leaves it and nothing reaches it, ever. Frozen: the
 * same until it thaws; then what came meanwhile is taken in, its timers first, and what it had begun goes on.
 */
export class MortalProcess {
  readonly name: string;
  readonly clock: Clock;
  /** The way to the broker is cut: the live channel, journals, register and queue are out of reach. */
  isCut = false;
  /** What others send over the live channel does not come in, and what it sends does not go out; the logs are in reach. */
  isDeaf = false;
  trap: Trap | null = null;
  readonly #time: VirtualTime;
  readonly #story: Story;
  readonly #random: Random;
  #state: "alive" | "frozen" | "dead" = "alive";
  #inbox: (() => void)[] = [];
  #dueTimers: (() => void)[] = [];
  readonly #atDeath: (() => void)[] = [];
  /** Since when it has been alive, thawed and connected. */
  soundSinceMs: number;

  constructor(name: string, time: VirtualTime, story: Story, random: Random) {
    this.name = name;
    this.#time = time;
    this.#story = story;
    this.#random = random;
    this.soundSinceMs = time.elapsedMs;
    this.clock = {
      nowMs: () => time.nowMs(),
      after: (delayMs, task) => this.#timer(delayMs, task),
    };
  }

  get isAlive(): boolean {
    return this.#state === "alive";
  }

  get isDead(): boolean {
    return this.#state === "dead";
  }

  get isFrozen(): boolean {
    return this.#state === "frozen";
  }

  /** Runs `task` when the process dies. */
  atDeath(task: () => void): void {
    this.#atDeath.push(task);
  }

  kill(): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    this.#inbox = [];
    this.#dueTimers = [];
    this.#story.tell(this.name, () => "is killed");
    for (const task of this.#atDeath) task();
  }

  freeze(): void {
    if (this.#state !== "alive") return;
    this.#state = "frozen";
    this.#story.tell(this.name, () => "freezes");
  }

  thaw(): void {
    if (this.#state !== "frozen") return;
    this.#state = "alive";
    this.soundSinceMs = this.#time.elapsedMs;
    this.#story.tell(this.name, () => "thaws");
    const timersFirst = this.#random.chance(0.7);
    const tasks = timersFirst ? [...this.#dueTimers, ...this.#inbox] : [...this.#inbox, ...this.#dueTimers];
    this.#dueTimers = [];
    this.#inbox = [];
    // Each alone, so that promises settle between them.
    for (const task of tasks) this.#time.after(0, () => this.receive(task));
  }

  cut(): void {
    this.isCut = true;
    this.#story.tell(this.name, () => "is cut off from the broker");
  }

  deafen(): void {
    this.isDeaf = true;
    this.#story.tell(this.name, () => "is cut off from the live channel");
  }

  heal(): void {
    if (!this.isCut && !this.isDeaf) return;
    this.isCut = false;
    this.isDeaf = false;
    this.soundSinceMs = this.#time.elapsedMs;
    this.#story.tell(this.name, () => "reaches the broker again");
  }

  /** Something arrives: it is taken in now, after the thaw, or never. */
  receive(task: () => void): void {
    if (this.#state === "alive") task();
    else if (this.#state === "frozen") this.#inbox.push(task);
  }

  /** One step to the outside. Returns whether what is asked leaves at once; otherwise with the thaw, or never. */
  leave(send: () => void): void {
    this.#step("before");
    if (this.#state === "alive") send();
    else if (this.#state === "frozen") this.#inbox.push(send);
  }

  /** What was asked has been done, but its answer is not here yet. */
  done(): void {
    this.#step("after");
  }

  #step(moment: Trap["moment"]): void {
    const { trap } = this;
    if (trap === null || trap.moment !== moment || this.#state !== "alive" || --trap.remaining > 0) return;
    this.trap = null;
    trap.spring();
  }

  #timer(delayMs: number, task: () => void): () => void {
    let cancelled = false;
    const due = () => {
      if (!cancelled) task();
    };
    const cancel = this.#time.after(delayMs, () => {
      if (this.#state === "alive") due();
      else if (this.#state === "frozen") this.#dueTimers.push(due);
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }
}
