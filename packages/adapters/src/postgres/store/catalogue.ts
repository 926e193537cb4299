import { type Kysely, sql } from "kysely";
import type { Database } from "./schema.ts";
import { storable, storableJson } from "./storable.ts";

/** How long the row of a worker that is not heard of any more is kept. */
const keptMs = 7 * 24 * 60 * 60_000;

/** What workers say they can call, for pods, which hold no provider's key. */
export class ModelCatalogueStore {
  readonly #database: Kysely<Database>;

  constructor(database: Kysely<Database>) {
    this.#database = database;
  }

  /** Stores a worker's catalogue, any JSON value, and that it is valid now. Rows of workers long gone are removed. */
  async publish(workerName: string, catalogue: unknown): Promise<void> {
    await this.#database
      .insertInto("model_catalogue")
      .values({ name: storable(workerName), catalogue: storableJson(catalogue) })
      .onConflict((conflict) =>
        conflict.column("name").doUpdateSet((given) => ({
          catalogue: given.ref("excluded.catalogue"),
          updated_at: sql<Date>`now()`,
        })),
      )
      .execute();
    await expiredCataloguesQuery().execute(this.#database);
  }

  /** The catalogue published last; null when there is none. A worker that has gone away still counts: others may come. */
  async current(): Promise<unknown | null> {
    const row = await currentCatalogueQuery(this.#database).executeTakeFirst();
    return row?.catalogue ?? null;
  }

  /** Forgets a worker's catalogue. */
  async remove(workerName: string): Promise<void> {
    await this.#database.deleteFrom("model_catalogue").where("name", "=", storable(workerName)).execute();
  }
}

/** Served by the index `model_catalogue_by_age`. */
export function currentCatalogueQuery(database: Kysely<Database>) {
  return database.selectFrom("model_catalogue").select("catalogue").orderBy("updated_at", "desc").limit(1);
}

/** Served by the index `model_catalogue_by_age`. */
export function expiredCataloguesQuery() {
  return sql`delete from model_catalogue where updated_at < now() - ${keptMs} * interval '1 millisecond'`;
}
