import type { RegisteredConnection, SessionRegistry } from "../src/ports.ts";
import type { MortalProcess } from "./mortal-process.ts";
import { count, type Surroundings } from "./surroundings.ts";

type Pod = { readonly sessions: Map<string, Set<string>>; heartbeatAtMs: number };

const unreachable = new Error("the registry is away");
const heartbeatTtlMs = 30_000;

/** The session registry: may be away, may have forgotten pods, may name dead ones. */
export class SimulatedRegistry {
  readonly #surroundings: Surroundings;
  readonly #pods = new Map<string, Pod>();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  portFor(from: MortalProcess): SessionRegistry {
    return {
      register: (podId, connections) => this.#ask(from, () => this.#register(podId, connections)),
      renew: (podId, connections) =>
        this.#ask(from, () => {
          const known = this.#pods.has(podId);
          this.#register(podId, connections ?? []);
          this.#pods.get(podId)!.heartbeatAtMs = this.#nowMs;
          return known;
        }),
      find: (sessionIds) => this.#ask(from, () => this.#find(sessionIds)),
      deregister: (podId, connections) => this.#ask(from, () => this.#deregister(podId, connections)),
      sweep: () => this.#ask(from, () => this.#sweep()),
    };
  }

  /** Everything is forgotten, as after a restart. */
  wipe(): void {
    this.#pods.clear();
  }

  get #nowMs(): number {
    return this.#surroundings.time.elapsedMs;
  }

  #register(podId: string, connections: readonly RegisteredConnection[]): void {
    const pod = this.#pods.get(podId) ?? { sessions: new Map(), heartbeatAtMs: this.#nowMs };
    this.#pods.set(podId, pod);
    for (const { connection_id, session_id } of connections) {
      const held = pod.sessions.get(session_id) ?? new Set();
      held.add(connection_id);
      pod.sessions.set(session_id, held);
    }
  }

  #deregister(podId: string, connections: readonly RegisteredConnection[]): void {
    const sessions = this.#pods.get(podId)?.sessions;
    for (const { connection_id, session_id } of connections) {
      const held = sessions?.get(session_id);
      held?.delete(connection_id);
      if (held?.size === 0) sessions?.delete(session_id);
    }
  }

  #find(sessionIds: readonly string[]): Map<string, Set<string>> {
    const { random, weather } = this.#surroundings;
    const found = new Map<string, Set<string>>(sessionIds.map((sessionId) => [sessionId, new Set()]));
    for (const [podId, pod] of this.#pods) {
      const lives = this.#nowMs - pod.heartbeatAtMs < heartbeatTtlMs;
      for (const sessionId of sessionIds) {
        const lies = random.chance(weather.registryLies);
        if (lies) count(this.#surroundings, "registry lies");
        if ((lives && pod.sessions.has(sessionId)) !== lies) found.get(sessionId)!.add(podId);
      }
    }
    return found;
  }

  #sweep(): readonly string[] {
    const dead = [...this.#pods].filter(([, pod]) => this.#nowMs - pod.heartbeatAtMs >= heartbeatTtlMs);
    for (const [podId] of dead) this.#pods.delete(podId);
    return dead.map(([podId]) => podId);
  }

  #ask<Result>(from: MortalProcess, operate: () => Result): Promise<Result> {
    const { time, random, weather } = this.#surroundings;
    return new Promise((resolve, reject) => {
      from.leave(() => {
        const away = weather.registryAway;
        time.after(away ? random.between(0, 500) : random.between(0, 2), () => {
          if (away || weather.registryAway) {
            count(this.#surroundings, "registry away");
            from.receive(() => reject(unreachable));
            return;
          }
          const result = operate();
          from.done();
          time.after(random.between(0, 1), () => from.receive(() => resolve(result)));
        });
      });
    });
  }
}
