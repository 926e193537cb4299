import { type Kysely, sql } from "kysely";
import { postgresLimits as limits } from "../limits.ts";
import { isDatabaseUnavailable } from "./pool.ts";
import type { Database } from "./schema.ts";

/** Why a database takes no writes: it cannot be reached, it is read-only or a standby, or its disk is full. */
export type DatabaseTrouble = "away" | "read_only" | "full";

/** What is asked of the database. Each throws what the database throws. */
export type WriteProbes = {
  isReadOnly(): Promise<boolean>;
  /** Makes the database take room on its disk, and give it back. */
  takeRoom(): Promise<void>;
};

const codes: Readonly<Record<string, DatabaseTrouble>> = { "25006": "read_only", "53100": "full", "58030": "full" };

/**
 * Whether the database takes writes, without a question a request: it is asked now and then whether it is read-only,
 * and what a statement was refused with is remembered. A full disk shows only when something needs more of it, so it
 * counts as full until the database was seen to take room again.
 */
export class WriteWatch {
  readonly #probes: WriteProbes;
  readonly #changed: (trouble: DatabaseTrouble | null) => void;
  #trouble: DatabaseTrouble | null = null;
  #unansweredProbes = 0;
  #looking: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(probes: WriteProbes, changed: (trouble: DatabaseTrouble | null) => void) {
    this.#probes = probes;
    this.#changed = changed;
  }

  /** Null: it takes writes, as far as is known. */
  get trouble(): DatabaseTrouble | null {
    return this.#trouble;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), limits.writeProbeIntervalMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Takes note of what a statement failed with. */
  noted(error: unknown): void {
    const trouble = codes[codeOf(error)];
    if (trouble !== undefined) this.#become(trouble);
  }

  /** Asks once; never throws. */
  look(): Promise<void> {
    this.#looking ??= this.#ask().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #ask(): Promise<void> {
    try {
      const readOnly = await this.#probes.isReadOnly();
      if (!readOnly && this.#trouble === "full") await this.#probes.takeRoom();
      this.#unansweredProbes = 0;
      this.#become(readOnly ? "read_only" : null);
    } catch (error) {
      const refused = codes[codeOf(error)];
      if (refused !== undefined) return this.#become(refused);
      // Whatever else refuses the probe, such as a missing right, says nothing of writes.
      if (!isDatabaseUnavailable(error)) return this.#become(null);
      this.#unansweredProbes++;
      if (this.#unansweredProbes >= limits.unansweredProbes) this.#become("away");
    }
  }

  #become(trouble: DatabaseTrouble | null): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#changed(trouble);
  }
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}

/** Too short to be compressed or kept elsewhere, so many that several pages are needed. */
const probeRow = { characters: 1_900, count: 300 };

export function writeProbes(database: Kysely<Database>): WriteProbes {
  return {
    async isReadOnly() {
      // In recovery, and where the server or the database was made read-only, every transaction is.
      const query = sql<{
        is_read_only: boolean;
      }>`select current_setting('transaction_read_only')::boolean as is_read_only`;
      const { rows } = await query.execute(database);
      return rows[0]?.is_read_only === true;
    },
    async takeRoom() {
      const { characters, count } = probeRow;
      await database.transaction().execute((open) =>
        sql`
          create temporary table write_probe on commit drop as
          select repeat('x', ${sql.lit(characters)}) as filler from generate_series(1, ${sql.lit(count)})
        `.execute(open),
      );
    },
  };
}
