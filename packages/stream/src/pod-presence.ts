import { keyTimes } from "@uci/protocol";
import type { Clock, ConnectionCaller, RegisteredConnection, SessionRegistry } from "./ports.ts";
import { every } from "./waiting.ts";

/**
 * Keeps the session registry told of this pod's connections: one heartbeat a pod, one renewal of all connections now
 * and then. The registry is a hint, so its failures are reported and otherwise ignored.
 */
export class PodPresence {
  readonly #podId: string;
  readonly #registry: SessionRegistry;
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  readonly #connections = new Map<string, readonly RegisteredConnection[]>();
  #timers: (() => void)[] = [];

  constructor(podId: string, registry: SessionRegistry, clock: Clock, failed: (error: unknown) => void) {
    this.#podId = podId;
    this.#registry = registry;
    this.#clock = clock;
    this.#failed = failed;
  }

  async start(): Promise<void> {
    await this.beat();
    this.#timers = [
      every(this.#clock, keyTimes.heartbeatRenewalMs, () => void this.beat()),
      every(this.#clock, keyTimes.connectionsRenewalMs, () => void this.#tell(this.#renewAll())),
    ];
  }

  /** Says that the pod lives. A registry that came back empty is told everything at once, not at the next renewal. */
  beat(): Promise<void> {
    return this.#tell(this.#renewAsKnown());
  }

  async #renewAsKnown(): Promise<void> {
    if (!(await this.#registry.renew(this.#podId, null))) await this.#renewAll();
  }

  async #renewAll(): Promise<void> {
    await this.#registry.renew(this.#podId, [...this.#connections.values()].flat());
  }

  async add(connectionId: string, sessionIds: readonly string[], caller?: ConnectionCaller): Promise<void> {
    const connections = sessionIds.map((sessionId) => ({
      ...{ connection_id: connectionId, session_id: sessionId },
      ...(caller === undefined ? {} : { caller }),
    }));
    this.#connections.set(connectionId, connections);
    await this.#tell(this.#registry.register(this.#podId, connections));
  }

  async remove(connectionId: string): Promise<void> {
    const connections = this.#connections.get(connectionId);
    if (connections === undefined) return;
    this.#connections.delete(connectionId);
    await this.#tell(this.#registry.deregister(this.#podId, connections));
  }

  async stop(): Promise<void> {
    for (const cancel of this.#timers) cancel();
    await this.#tell(this.#registry.deregister(this.#podId, [...this.#connections.values()].flat()));
  }

  async #tell(task: Promise<void>): Promise<void> {
    try {
      await task;
    } catch (error) {
      this.#failed(error);
    }
  }
}
