import type { RegisteredConnection, SessionRegistry } from "./ports.ts";

/** A registry that can be told which pods are gone. */
export interface BackingRegistry extends SessionRegistry {
  /** Removes all connections of pods that are known to be gone. */
  forgetPods(podIds: readonly string[]): Promise<void>;
}

/**
 * A session registry with a slower one behind it, which is asked by whoever finds this one away. Everybody waits for
 * the first alone; the second is told the same in the background, and its failures are reported and nothing else.
 */
export class BackedSessionRegistry implements SessionRegistry {
  readonly #first: SessionRegistry;
  readonly #second: BackingRegistry;
  readonly #failed: (error: unknown) => void;

  constructor(first: SessionRegistry, second: BackingRegistry, failed: (error: unknown) => void) {
    this.#first = first;
    this.#second = second;
    this.#failed = failed;
  }

  register(podId: string, connections: readonly RegisteredConnection[]): Promise<void> {
    void this.#tell(() => this.#second.register(podId, connections));
    return this.#first.register(podId, connections);
  }

  renew(podId: string, connections: readonly RegisteredConnection[] | null): Promise<boolean> {
    void this.#tell(() => this.#second.renew(podId, connections));
    return this.#first.renew(podId, connections);
  }

  find(sessionIds: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    return this.#first.find(sessionIds);
  }

  deregister(podId: string, connections: readonly RegisteredConnection[]): Promise<void> {
    void this.#tell(() => this.#second.deregister(podId, connections));
    return this.#first.deregister(podId, connections);
  }

  /** Pods the first knows to be gone are forgotten by the second at once; it has its own sweep for what is left besides. */
  async sweep(): Promise<readonly string[]> {
    try {
      const podIds = await this.#first.sweep();
      if (podIds.length > 0) await this.#tell(() => this.#second.forgetPods(podIds));
      return podIds;
    } finally {
      await this.#tell(() => this.#second.sweep());
    }
  }

  async #tell(task: () => Promise<unknown>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.#failed(error);
    }
  }
}
