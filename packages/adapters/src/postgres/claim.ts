import os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import pg, { type PoolConfig } from "pg";
import { postgresLimits as limits } from "./limits.ts";
import { asStartError, shownAddress } from "./start-error.ts";
import { isDatabaseUnavailable } from "./store/pool.ts";

/** Any number that no other program is likely to use; locks of this kind are a database's own. */
const lockKey = "7235419906142";

/** Another instance has the database, and did not let go of it in time. The message is one sentence. */
export class DatabaseClaimedError extends Error {
  override readonly name = "DatabaseClaimedError";
}

export type ClaimOptions = {
  readonly connection: PoolConfig;
  /** How long to wait for another instance to let go of it, in milliseconds. */
  readonly waitMs?: number;
  /** Called once, with one sentence, when another instance has it and this one waits. */
  readonly waiting: (sentence: string) => void;
  /** Called, once, when another instance took it while the connection of this one was broken: this one has to end. */
  readonly taken: (error: DatabaseClaimedError) => void;
};

/** The right to be the one instance that restarts and runs answers of a database. */
export interface DatabaseClaim {
  release(): Promise<void>;
}

/**
 * Claims a database for this process, by a lock of the server that lasts as long as one connection: a process that dies
 * lets go of it at once. Throws `DatabaseClaimedError` when another keeps it, or `DatabaseStartError`.
 */
export async function claimDatabase(options: ClaimOptions): Promise<DatabaseClaim> {
  const claim = new Claim(options);
  await claim.take();
  return claim;
}

class Claim implements DatabaseClaim {
  readonly #options: ClaimOptions;
  #client: pg.Client | null = null;
  #released = false;

  constructor(options: ClaimOptions) {
    this.#options = options;
  }

  async take(): Promise<void> {
    const { waitMs = limits.claimWaitMs, waiting } = this.#options;
    const shownAs = shownAddress(this.#options.connection);
    const client = await this.#connect().catch((error: unknown) => {
      throw asStartError(error, this.#options.connection);
    });
    const untilMs = Date.now() + waitMs;
    try {
      for (let said = false; !(await locked(client)); said = true) {
        const holder = await holderOf(client);
        if (!said) waiting(`The database ${shownAs} is in use by ${holder}; waiting up to ${seconds(waitMs)} for it.`);
        if (Date.now() > untilMs) throw this.#refusal(holder);
        await sleep(limits.claimPollIntervalMs);
      }
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    this.#hold(client);
  }

  async release(): Promise<void> {
    this.#released = true;
    await this.#client?.end().catch(() => undefined);
  }

  #hold(client: pg.Client): void {
    this.#client = client;
    client.once("end", () => {
      if (!this.#released) void this.#takeAgain();
    });
  }

  /** The server frees the lock with the connection. While nobody reaches it nobody else can have it. */
  async #takeAgain(): Promise<void> {
    while (!this.#released) {
      const client = await this.#connect().catch(() => null);
      try {
        if (client !== null && (await locked(client))) {
          if (this.#released) await client.end();
          else this.#hold(client);
          return;
        }
        const holder = client === null ? null : await holderOf(client);
        // A server that has just noticed a broken connection of ours may still count it as the holder.
        if (holder !== null && holder !== instanceName()) {
          this.#released = true;
          this.#options.taken(this.#refusal(holder));
        }
      } catch (error) {
        if (!isDatabaseUnavailable(error))
          this.#options.waiting(`The claim on the database could not be looked at: ${error}.`);
      }
      await client?.end().catch(() => undefined);
      await sleep(limits.claimPollIntervalMs);
    }
  }

  async #connect(): Promise<pg.Client> {
    const { idleSeconds, intervalSeconds, count } = limits.claimKeepAlive;
    const client = new pg.Client({
      ...this.#options.connection,
      connectionTimeoutMillis: limits.claimConnectTimeoutMs,
      query_timeout: limits.claimConnectTimeoutMs,
      keepAlive: true,
      application_name: instanceName(),
    });
    // Without this listener the process dies with the connection; its end is what matters.
    client.on("error", () => undefined);
    await client.connect();
    const settings = { idle: idleSeconds, interval: intervalSeconds, count };
    for (const [name, value] of Object.entries(settings)) await client.query(`set tcp_keepalives_${name} = ${value}`);
    return client;
  }

  #refusal(holder: string): DatabaseClaimedError {
    return new DatabaseClaimedError(
      `The database ${shownAddress(this.#options.connection)} is in use by ${holder}; stop that one, or give this one a database of its own.`,
    );
  }
}

async function locked(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(`select pg_try_advisory_lock(${lockKey}) as locked`);
  return rows[0]?.locked === true;
}

/** How whoever holds the lock calls itself. */
async function holderOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `select a.application_name as name from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_database where datname = current_database())
       and (l.classid::bigint << 32) + l.objid::bigint = ${lockKey}`,
  );
  return rows[0]?.name || "another instance of this program";
}

/** PostgreSQL keeps 63 bytes of a name. */
function instanceName(): string {
  return `the instance on ${os.hostname().slice(0, 30)}, process ${process.pid}`;
}

function seconds(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 1_000)} s`;
}
