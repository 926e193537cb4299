import { keyTimes } from "@uci/protocol";
import type { RegisteredConnection, SessionRegistry } from "@uci/stream";
import type { Kysely } from "kysely";
import {
  changeQuery,
  forgetQuery,
  holdersQuery,
  type PodConnection,
  presentPodsQuery,
  type SkippedConnection,
  seenQuery,
  staleQuery,
} from "./connection-queries.ts";
import { isDatabaseUnavailable } from "./pool.ts";
import type { Database } from "./schema.ts";

export type ConnectionTableSettings = {
  /** How long changes are gathered before they are written together, in milliseconds. */
  readonly flushIntervalMs: number;
  /** A connection not renewed for this long does not count any more, in milliseconds. */
  readonly staleMs: number;
  /** Changes kept while the database is away; the oldest are dropped past it, and come back with the next renewal. */
  readonly mostBuffered: number;
  /** Rows written or removed by one statement at most. */
  readonly rowsAtOnce: number;
  /** Told when changes could not be written, or were dropped. */
  readonly failed: (error: unknown) => void;
};

const standard: ConnectionTableSettings = {
  flushIntervalMs: 1_000,
  staleMs: keyTimes.connectionsTtlSeconds * 1000,
  mostBuffered: 50_000,
  rowsAtOnce: 5_000,
  failed: () => {},
};

type Change = { readonly connection: PodConnection; readonly present: boolean };
type KeyedChange = readonly [string, Change];

/**
 * The table of open connections, a session registry that stands behind a faster one. Registrations are gathered and
 * written together, and fail silently; heartbeats write nothing, so a pod counts as long as its connections are renewed.
 */
export class PostgresConnectionTable implements SessionRegistry {
  readonly #database: Kysely<Database>;
  readonly #settings: ConnectionTableSettings;
  /** The last change of each connection and session, in the order they came. */
  #changes = new Map<string, Change>();
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(database: Kysely<Database>, settings: Partial<ConnectionTableSettings> = {}) {
    this.#database = database;
    this.#settings = { ...standard, ...settings };
  }

  async register(podId: string, connections: readonly RegisteredConnection[]): Promise<void> {
    this.#note(podId, connections, true);
  }

  async deregister(podId: string, connections: readonly RegisteredConnection[]): Promise<void> {
    this.#note(podId, connections, false);
  }

  /** A heartbeat alone costs nothing here, and is always believed. */
  async renew(podId: string, connections: readonly RegisteredConnection[] | null): Promise<boolean> {
    if (connections === null || connections.length === 0) return true;
    const { rowsAtOnce } = this.#settings;
    const rows = withPod(podId, connections);
    await this.#inTurn(async () => {
      for (let from = 0; from < rows.length; from += rowsAtOnce) {
        const some = rows.slice(from, from + rowsAtOnce);
        const skipped = await seenQuery(some).execute(this.#database);
        this.#putBack(changesOf(skipped.rows, some));
      }
    });
    this.#flushLater();
    return true;
  }

  async find(sessionIds: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const found = new Map<string, Set<string>>(sessionIds.map((sessionId) => [sessionId, new Set()]));
    if (sessionIds.length === 0) return found;
    await this.flush();
    const { rows } = await holdersQuery([...found.keys()], this.#settings.staleMs).execute(this.#database);
    for (const { session_id, pod_id } of rows) found.get(session_id)?.add(pod_id);
    return found;
  }

  /** Pods of which nothing is left, besides what else was left behind by a pod that lives. */
  async sweep(): Promise<readonly string[]> {
    const { staleMs, rowsAtOnce } = this.#settings;
    await this.flush();
    const podIds = new Set<string>();
    for (let removed = rowsAtOnce; removed === rowsAtOnce; ) {
      const { rows } = await staleQuery(staleMs, rowsAtOnce).execute(this.#database);
      removed = rows.length;
      for (const { pod_id } of rows) podIds.add(pod_id);
    }
    if (podIds.size === 0) return [];
    const { rows } = await presentPodsQuery([...podIds]).execute(this.#database);
    for (const { pod_id } of rows) podIds.delete(pod_id);
    return [...podIds];
  }

  /** Removes all connections of pods that are known to be gone. */
  async forgetPods(podIds: readonly string[]): Promise<void> {
    if (podIds.length === 0) return;
    await forgetQuery(podIds).execute(this.#database);
  }

  /** Writes what was gathered. Never throws: what cannot be written is kept for later. */
  flush(): Promise<void> {
    return this.#changes.size === 0 ? this.#writing.then(() => {}) : this.#inTurn(() => this.#writeAll());
  }

  /** Writes what is left and takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.flush();
    this.#changes.clear();
  }

  #note(podId: string, connections: readonly RegisteredConnection[], present: boolean): void {
    if (this.#closed) return;
    for (const connection of withPod(podId, connections)) {
      const key = keyOf(connection);
      // Taken out first, so that the newest change stands last.
      this.#changes.delete(key);
      this.#changes.set(key, { connection, present });
    }
    this.#dropOldest();
    this.#flushLater();
  }

  #flushLater(): void {
    if (this.#timer !== null || this.#closed || this.#changes.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.flush().then(() => this.#flushLater());
    }, this.#settings.flushIntervalMs);
    this.#timer.unref();
  }

  async #writeAll(): Promise<void> {
    const skipped: KeyedChange[] = [];
    try {
      await this.#writeAllBut(skipped);
    } finally {
      // After the rest, or they would be tried again at once and for as long as their sessions are locked.
      this.#putBack(skipped);
    }
  }

  async #writeAllBut(skipped: KeyedChange[]): Promise<void> {
    while (this.#changes.size > 0) {
      const changes = [...this.#changes].slice(0, this.#settings.rowsAtOnce);
      for (const [key] of changes) this.#changes.delete(key);
      try {
        skipped.push(...(await this.#write(changes.map(([, change]) => change))));
      } catch (error) {
        // What the database refuses as such would be refused again.
        if (isDatabaseUnavailable(error) || isConflict(error)) this.#putBack(changes);
        this.#settings.failed(error);
        return;
      }
    }
  }

  async #write(changes: readonly Change[]): Promise<KeyedChange[]> {
    const connections = (present: boolean) =>
      changes.filter((change) => change.present === present).map((change) => change.connection);
    const come = connections(true);
    const skipped = await changeQuery(connections(false), come).execute(this.#database);
    return changesOf(skipped.rows, come);
  }

  #putBack(changes: readonly KeyedChange[]): void {
    if (this.#closed) return;
    this.#changes = new Map([...changes.filter(([key]) => !this.#changes.has(key)), ...this.#changes]);
    this.#dropOldest();
  }

  #dropOldest(): void {
    const dropped = this.#changes.size - this.#settings.mostBuffered;
    if (dropped <= 0) return;
    for (const key of [...this.#changes.keys()].slice(0, dropped)) this.#changes.delete(key);
    this.#settings.failed(new Error(`${dropped} changes of the table of connections were dropped`));
  }

  /** One statement at a time: two that write the same rows would wait for each other. */
  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#writing.then(task);
    this.#writing = result.catch(() => {});
    return result;
  }
}

function withPod(podId: string, connections: readonly RegisteredConnection[]): PodConnection[] {
  const rows = new Map<string, PodConnection>();
  for (const connection of connections) rows.set(keyOf(connection), { ...connection, pod_id: podId });
  return [...rows.values()];
}

function keyOf({ connection_id, session_id }: SkippedConnection): string {
  return `${connection_id} ${session_id}`;
}

/** The connections that were not stored, to be stored later. */
function changesOf(skipped: readonly SkippedConnection[], given: readonly PodConnection[]): KeyedChange[] {
  if (skipped.length === 0) return [];
  const keys = new Set(skipped.map(keyOf));
  return given
    .filter((connection) => keys.has(keyOf(connection)))
    .map((connection) => [keyOf(connection), { connection, present: true }]);
}

/** A deadlock with somebody who deletes the same rows: the same statement passes the next time. */
function isConflict(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" && code.startsWith("40");
}
