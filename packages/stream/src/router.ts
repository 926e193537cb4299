import type { Clock } from "./ports.ts";

/** Answers which pods hold connections for sessions; may throw. */
export type PodFinder = (sessionIds: readonly string[]) => Promise<ReadonlyMap<string, ReadonlySet<string>>>;

/** `pods`: send to each of these. `broadcast`: nobody could say, every pod is told. */
export type Route = { readonly kind: "pods"; readonly podIds: ReadonlySet<string> } | { readonly kind: "broadcast" };

const knownForMs = 10 * 60_000;

/**
 * Where an answer's chunks go. Asks the registry, then what it knew last, then the table, then everybody. A hint: a
 * pod that is missing here asks the owner itself, one too many ignores what it gets.
 */
export class PodRouter {
  readonly #registry: PodFinder;
  readonly #table: PodFinder | null;
  readonly #clock: Clock;
  readonly #known = new Map<string, { podIds: ReadonlySet<string>; atMs: number }>();

  constructor(registry: PodFinder, table: PodFinder | null, clock: Clock) {
    this.#registry = registry;
    this.#table = table;
    this.#clock = clock;
  }

  async routeOf(sessionId: string): Promise<Route> {
    try {
      const podIds = (await this.#registry([sessionId])).get(sessionId) ?? new Set<string>();
      this.#remember(sessionId, podIds);
      return { kind: "pods", podIds };
    } catch {
      return this.#withoutRegistry(sessionId);
    }
  }

  async #withoutRegistry(sessionId: string): Promise<Route> {
    const known = this.#known.get(sessionId);
    if (known !== undefined && known.podIds.size > 0 && this.#clock.nowMs() - known.atMs < knownForMs) {
      return { kind: "pods", podIds: known.podIds };
    }
    try {
      const podIds = (await this.#table?.([sessionId]))?.get(sessionId);
      if (podIds !== undefined && podIds.size > 0) return { kind: "pods", podIds };
    } catch {
      // The database is away as well.
    }
    return { kind: "broadcast" };
  }

  #remember(sessionId: string, podIds: ReadonlySet<string>): void {
    this.#known.delete(sessionId);
    this.#known.set(sessionId, { podIds, atMs: this.#clock.nowMs() });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= rememberedSessions) break;
      this.#known.delete(oldest);
    }
  }
}

const rememberedSessions = 10_000;
