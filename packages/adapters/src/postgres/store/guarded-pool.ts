import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely";
import type { Pool, PoolClient, QueryConfig, QueryResult } from "pg";
import { storable } from "./storable.ts";

/** Distinct statements kept prepared; the store has some dozens, and a list that varies must not fill the server. */
const preparedMost = 200;
/** Uses after which a statement is worth preparing. */
const usesBeforePreparing = 3;

/**
 * The edge of the store: every statement of Kysely, ours and the sign-in library's, passes here.
 * U+0000 in a parameter becomes U+FFFD, often used statements are prepared, and a connection on which an answer is
 * overdue is thrown away, since whatever used it next would wait behind that answer.
 */
export class GuardedPool implements PostgresPool {
  readonly options: object;
  readonly #pool: Pool;
  readonly #failed: (error: unknown) => void;
  readonly #statements = new StatementNames();
  /** Kysely knows a connection by its identity, so each has one guard for its whole life. */
  readonly #guards = new WeakMap<PoolClient, GuardedClient>();

  constructor(pool: Pool, failed: (error: unknown) => void = () => {}) {
    this.#pool = pool;
    this.#failed = failed;
    // The pool hears of connections that break while they are idle. One that breaks between two statements of a
    // transaction would end the process; its next statement fails anyway, which is how we learn of it.
    pool.on("connect", (client) => client.on("error", () => {}));
    this.options = pool.options;
  }

  async connect(): Promise<PostgresPoolClient> {
    const client = await this.#pool.connect();
    const guard = this.#guards.get(client) ?? new GuardedClient(client, this.#statements, this.#failed);
    this.#guards.set(client, guard);
    return guard;
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

/** Names for the statements worth preparing; the same text has the same name on every connection. */
class StatementNames {
  readonly #known = new Map<string, { readonly name: string; uses: number }>();

  nameOf(text: string): string | undefined {
    let statement = this.#known.get(text);
    if (statement === undefined) {
      // Transaction control and definitions gain nothing from it.
      if (this.#known.size >= preparedMost || !/^\s*(?:with|select|insert|update|delete)\b/i.test(text))
        return undefined;
      statement = { name: `chat_${this.#known.size}`, uses: 0 };
      this.#known.set(text, statement);
    }
    statement.uses++;
    return statement.uses < usesBeforePreparing ? undefined : statement.name;
  }
}

class GuardedClient implements PostgresPoolClient {
  readonly #client: PoolClient;
  readonly #statements: StatementNames;
  readonly #failed: (error: unknown) => void;
  #inTransaction = false;
  #broken = false;

  constructor(client: PoolClient, statements: StatementNames, failed: (error: unknown) => void) {
    this.#client = client;
    this.#statements = statements;
    this.#failed = failed;
  }

  query<Row>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  query<Row>(
    query: string | PostgresCursor<Row>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof query !== "string") throw new TypeError("This store reads no cursors.");
    return this.#run(query, parameters.map(storableParameter));
  }

  async #run<Row>(text: string, values: unknown[]): Promise<PostgresQueryResult<Row>> {
    if (/^\s*(?:begin|start transaction)\b/i.test(text)) this.#inTransaction = true;
    if (/^\s*(?:commit|rollback)\s*$/i.test(text)) this.#inTransaction = false;
    const name = this.#statements.nameOf(text);
    try {
      return await this.#send<Row>(name === undefined ? { text, values } : { name, text, values });
    } catch (error) {
      this.#failed(error);
      if (isOverdue(error) || isPlanChange(error)) this.#broken = true;
      if (!isPlanChange(error) || this.#inTransaction) throw error;
      return this.#send<Row>({ text, values });
    }
  }

  async #send<Row>(query: QueryConfig): Promise<PostgresQueryResult<Row>> {
    return (await this.#client.query(query)) as QueryResult & PostgresQueryResult<Row>;
  }

  release(destroy?: boolean): void {
    this.#client.release(this.#broken || destroy === true);
  }
}

function storableParameter(value: unknown): unknown {
  if (typeof value === "string") return storable(value);
  return Array.isArray(value) ? value.map(storableParameter) : value;
}

function isOverdue(error: unknown): boolean {
  return error instanceof Error && error.message === "Query read timeout";
}

/** Whether a newer program has changed a table under a prepared statement. The same call succeeds on a new connection. */
export function isPlanChange(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "0A000" && /cached plan/.test(error.message);
}
