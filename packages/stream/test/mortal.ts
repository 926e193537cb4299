import type { Journal, LiveChannel, LiveHandler, WorkerPorts, WorkQueue } from "../src/index.ts";
import type { World } from "./world.ts";

const never = new Promise<never>(() => undefined);

/**
 * Ports of a worker that can be killed, frozen and thawed. Dead: nothing it sends leaves, nothing reaches it. Frozen:
 * the same, and what it had begun goes on when it thaws, as a stopped process would.
 */
export class Mortal {
  readonly ports: Partial<WorkerPorts>;
  #state: "alive" | "dead" | "frozen" = "alive";
  #thawed: (() => void)[] = [];

  constructor(world: World) {
    const gate = async <Result>(task: () => Promise<Result>): Promise<Result> => {
      await this.#alive();
      const result = await task();
      await this.#alive();
      return result;
    };
    this.ports = {
      journal: this.#journal(world.journal, gate),
      live: this.#live(world.live),
      queue: this.#queue(world.queue, gate),
      ledger: {
        load: (id) => gate(() => world.database.load(id)),
        finalize: (answer) => gate(() => world.database.finalize(answer)),
        unfinished: (ids) => gate(() => world.database.unfinished(ids)),
        requestStop: (id) => gate(() => world.database.requestStop(id)),
        markPlain: (id, generation) => gate(() => world.database.markPlain(id, generation)),
        vouchPlain: (vouched) => gate(() => world.database.vouchPlain(vouched)),
        vouchedPlain: (id) => gate(() => world.database.vouchedPlain(id)),
      },
    };
  }

  kill(): void {
    this.#state = "dead";
  }

  freeze(): void {
    if (this.#state === "alive") this.#state = "frozen";
  }

  thaw(): void {
    // Who is dead stays so.
    if (this.#state !== "frozen") return;
    this.#state = "alive";
    const waiting = this.#thawed;
    this.#thawed = [];
    for (const go of waiting) go();
  }

  #alive(): Promise<void> {
    if (this.#state === "alive") return Promise.resolve();
    if (this.#state === "dead") return never;
    return new Promise((resolve) => this.#thawed.push(resolve));
  }

  #journal(journal: Journal, gate: <R>(task: () => Promise<R>) => Promise<R>): Journal {
    return {
      append: (...args) => gate(() => journal.append(...args)),
      read: (...args) => gate(() => journal.read(...args)),
      at: (...args) => gate(() => journal.at(...args)),
      tail: (...args) => gate(() => journal.tail(...args)),
      trim: (...args) => gate(() => journal.trim(...args)),
    };
  }

  #queue(queue: WorkQueue, gate: <R>(task: () => Promise<R>) => Promise<R>): WorkQueue {
    return {
      enqueue: (...args) => gate(() => queue.enqueue(...args)),
      holds: (...args) => gate(() => queue.holds(...args)),
      // A dead taker must not swallow jobs: it is not there to take them.
      take: async (most, waitMs) => {
        await this.#alive();
        return queue.take(most, waitMs);
      },
      extend: (...args) => gate(() => queue.extend(...args)),
      ack: (...args) => gate(() => queue.ack(...args)),
      release: (...args) => gate(() => queue.release(...args)),
    };
  }

  #live(live: LiveChannel): LiveChannel {
    return {
      publish: (subject, message) => {
        if (this.#state === "alive") live.publish(subject, message);
        else void this.#alive().then(() => live.publish(subject, message));
      },
      subscribe: (filter, handler) => {
        const heard: LiveHandler = (message, subject, reply) => {
          if (this.#state === "alive") handler(message, subject, reply);
          else void this.#alive().then(() => handler(message, subject, reply));
        };
        return live.subscribe(filter, heard);
      },
      request: async (subject, message, timeoutMs) => {
        await this.#alive();
        return live.request(subject, message, timeoutMs);
      },
    };
  }
}
