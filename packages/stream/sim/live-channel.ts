import { subjectMatches } from "@uci/protocol";
import type { LiveChannel, LiveHandler, RequestOutcome, Subscription } from "../src/ports.ts";
import type { MortalProcess } from "./mortal-process.ts";
import { askBroker, count, type Surroundings } from "./surroundings.ts";

type Listener = { readonly by: MortalProcess; readonly handler: LiveHandler; isOpen: boolean };

const hopMs = 1;
const nobody: readonly Listener[] = [];

/** The live channel: in order and at once in fair weather, lossy, late and repeating in foul. */
export class SimulatedChannel {
  readonly #surroundings: Surroundings;
  readonly #exact = new Map<string, Set<Listener>>();
  readonly #wildcards = new Map<string, Set<Listener>>();
  readonly #filtersOf = new Map<string, readonly string[]>();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  portFor(from: MortalProcess): LiveChannel {
    return {
      publish: (subject, message) => this.#publish(from, subject, message),
      subscribe: (filter, handler) => this.#subscribe(from, filter, handler),
      request: (subject, message, timeoutMs) => this.#request(from, subject, message, timeoutMs),
    };
  }

  /** Nobody hears this process any more, and it hears nobody: its connection is known to be gone. */
  forget(gone: MortalProcess): void {
    for (const sets of [this.#exact, this.#wildcards]) {
      for (const listeners of sets.values()) {
        for (const listener of listeners) if (listener.by === gone) listeners.delete(listener);
      }
    }
  }

  #publish(from: MortalProcess, subject: string, message: unknown): void {
    this.#surroundings.truth.published(from.name, subject, message);
    from.leave(() => {
      if (isOut(from)) return;
      for (const listener of this.#listeners(subject)) {
        this.#carry(listener.by, () => {
          if (listener.isOpen) listener.handler(message, subject, null);
        });
      }
    });
  }

  async #subscribe(from: MortalProcess, filter: string, handler: LiveHandler): Promise<Subscription> {
    const sets = filter.includes("*") ? this.#wildcards : this.#exact;
    const listener: Listener = { by: from, handler, isOpen: true };
    const subscription = {
      close: () => {
        listener.isOpen = false;
        sets.get(filter)?.delete(listener);
      },
    };
    const enter = () => {
      if (!listener.isOpen || from.isDead) return;
      const set = sets.get(filter) ?? new Set();
      if (!sets.has(filter)) {
        sets.set(filter, set);
        if (sets === this.#wildcards) this.#filtersOf.clear();
      }
      set.add(listener);
      this.#surroundings.truth.listening(filter, from.name);
    };
    const inForce = async () => {
      // A client without a connection subscribes as soon as it has one again.
      for (;;) {
        try {
          return await askBroker({ ...this.#surroundings, weather: unstalled }, from, enter);
        } catch {
          await new Promise<void>((resolve) => from.clock.after(50, resolve));
        }
      }
    };
    await inForce();
    return subscription;
  }

  #request(from: MortalProcess, subject: string, message: unknown, timeoutMs: number): Promise<RequestOutcome> {
    const { time, truth } = this.#surroundings;
    return new Promise((resolve) => {
      const cancel = from.clock.after(timeoutMs, () => resolve({ kind: "timeout" }));
      const answered = (outcome: RequestOutcome) => {
        if (isOut(from)) return;
        from.receive(() => {
          cancel();
          resolve(outcome);
        });
      };
      from.leave(() => {
        if (isOut(from)) return;
        const listeners = this.#listeners(subject);
        if (listeners.length === 0) {
          time.after(hopMs * 2, () => answered({ kind: "no_responders" }));
          return;
        }
        for (const { by, handler } of listeners) {
          const reply = (answer: unknown) => {
            truth.replied(by.name, subject, answer);
            by.leave(() => {
              if (!isOut(by)) this.#carry(from, () => answered({ kind: "reply", message: answer }));
            });
          };
          this.#carry(by, () => handler(message, subject, reply));
        }
      });
    });
  }

  /** One message on its way to a process. */
  #carry(to: MortalProcess, arrive: () => void): void {
    const { time, random, weather } = this.#surroundings;
    if (random.chance(weather.liveLost)) {
      count(this.#surroundings, "message lost");
      return;
    }
    let copies = 1;
    if (random.chance(weather.liveTwice)) {
      count(this.#surroundings, "message repeated");
      copies = 2;
    }
    for (let copy = 0; copy < copies; copy++) {
      let delayMs = hopMs;
      if (random.chance(weather.liveLate)) {
        count(this.#surroundings, "message late");
        delayMs += random.between(1, weather.liveLateMs);
      }
      time.after(delayMs, () => {
        if (!isOut(to)) to.receive(arrive);
      });
    }
  }

  #listeners(subject: string): Listener[] {
    const found: Listener[] = [];
    const add = (listeners: Iterable<Listener> | undefined) => {
      for (const listener of listeners ?? nobody) if (!isOut(listener.by)) found.push(listener);
    };
    add(this.#exact.get(subject));
    for (const filter of this.#filters(subject)) add(this.#wildcards.get(filter));
    return found;
  }

  #filters(subject: string): readonly string[] {
    const known = this.#filtersOf.get(subject);
    if (known !== undefined) return known;
    const filters = [...this.#wildcards.keys()].filter((filter) => subjectMatches(filter, subject));
    this.#filtersOf.set(subject, filters);
    return filters;
  }
}

function isOut(process: MortalProcess): boolean {
  return process.isCut || process.isDeaf;
}

/** The live channel works while logs elect their leaders. */
const unstalled = { brokerStalled: false } as Surroundings["weather"];
