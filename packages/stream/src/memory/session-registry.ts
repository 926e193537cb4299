import { keyTimes } from "@uci/protocol";
import type { Clock, RegisteredConnection, SessionRegistry } from "../ports.ts";

/** The session registry of one process. */
export class MemorySessionRegistry implements SessionRegistry {
  readonly #clock: Clock;
  readonly #pods = new Map<string, { heartbeatAtMs: number; sessions: Map<string, Set<string>> }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async register(podId: string, connections: readonly RegisteredConnection[]): Promise<void> {
    const pod = this.#pods.get(podId) ?? { heartbeatAtMs: this.#clock.nowMs(), sessions: new Map() };
    this.#pods.set(podId, pod);
    for (const { connection_id, session_id } of connections) {
      const held = pod.sessions.get(session_id) ?? new Set();
      held.add(connection_id);
      pod.sessions.set(session_id, held);
    }
  }

  async renew(podId: string, connections: readonly RegisteredConnection[] | null): Promise<boolean> {
    const known = this.#pods.has(podId);
    await this.register(podId, connections ?? []);
    this.#pods.get(podId)!.heartbeatAtMs = this.#clock.nowMs();
    return known;
  }

  async find(sessionIds: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const found = new Map<string, Set<string>>(sessionIds.map((sessionId) => [sessionId, new Set()]));
    for (const [podId, pod] of this.#pods) {
      if (!this.#lives(pod)) continue;
      for (const sessionId of sessionIds) if (pod.sessions.has(sessionId)) found.get(sessionId)!.add(podId);
    }
    return found;
  }

  async deregister(podId: string, connections: readonly RegisteredConnection[]): Promise<void> {
    const sessions = this.#pods.get(podId)?.sessions;
    for (const { connection_id, session_id } of connections) {
      const held = sessions?.get(session_id);
      held?.delete(connection_id);
      if (held?.size === 0) sessions?.delete(session_id);
    }
  }

  async sweep(): Promise<readonly string[]> {
    const dead = [...this.#pods].filter(([, pod]) => !this.#lives(pod)).map(([podId]) => podId);
    for (const podId of dead) this.#pods.delete(podId);
    return dead;
  }

  #lives(pod: { heartbeatAtMs: number }): boolean {
    return this.#clock.nowMs() - pod.heartbeatAtMs < keyTimes.heartbeatTtlSeconds * 1000;
  }
}
