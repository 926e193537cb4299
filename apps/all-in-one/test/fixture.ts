import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { startEmbeddedPostgres } from "@uci/adapters/postgres";
import { createProviders } from "@uci/adapters/providers";
import { ScriptedServer } from "@uci/adapters/providers/testing";
import pg, { type PoolConfig } from "pg";
import { pino } from "pino";
import { type EmbeddedOptions, startEmbedded } from "../src/embedded.ts";
import { Caller } from "./caller.ts";
import { until } from "./waiting.ts";

export { Caller, expectError } from "./caller.ts";
export { type SeenEvent, SseReader, textOf } from "./sse-reader.ts";
export { until } from "./waiting.ts";

type Closing = () => Promise<unknown> | unknown;

/** Everything a test file has started; `close` ends it all. */
export class Fixture {
  readonly provider: ScriptedServer;
  readonly #database: PoolConfig;
  readonly #closing: Closing[];
  readonly #instances: Instance[] = [];
  #databases = 0;

  private constructor(database: PoolConfig, provider: ScriptedServer, closing: Closing[]) {
    this.#database = database;
    this.provider = provider;
    this.#closing = closing;
  }

  /** One throw-away PostgreSQL and one scripted provider. */
  static async start(): Promise<Fixture> {
    const folder = temporaryFolder();
    const lines: string[] = [];
    const log = { info: (line: string) => lines.push(line), warn: (line: string) => lines.push(line) };
    const server = await startEmbeddedPostgres({ dataFolder: folder, log, durable: false });
    const provider = await ScriptedServer.start();
    return new Fixture(server.connection, provider, [
      () => fs.rmSync(folder, { recursive: true, force: true }),
      () => server.stop(),
      () => provider.close(),
    ]);
  }

  /** An instance over a database of its own; its answers come from the scripted provider. */
  async instance(given: Partial<EmbeddedOptions> = {}): Promise<Instance> {
    const database = given.database ?? (await this.newDatabase());
    const instance = await Instance.start(database, { providers: this.providers(), ...given });
    this.#instances.push(instance);
    return instance;
  }

  /** A new, empty database of the one server. */
  async newDatabase(): Promise<PoolConfig> {
    const name = `test_${++this.#databases}`;
    await withClient(this.#database, (client) => client.query(`create database ${name}`));
    return { ...this.#database, database: name };
  }

  providers() {
    const { baseUrl } = this.provider;
    return createProviders({ openaiCompatible: { baseUrl, models: ["scripted"] }, offline: { wordsPerSecond: 0 } });
  }

  async close(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.close()));
    for (const end of this.#closing.toReversed()) await end();
  }
}

/** Pods and workers in this process, with what a test asks of them. */
export class Instance {
  readonly database: PoolConfig;
  readonly #embedded: Awaited<ReturnType<typeof startEmbedded>>;
  readonly #callers: Caller[] = [];
  #closed: Promise<void> | null = null;

  private constructor(database: PoolConfig, embedded: Awaited<ReturnType<typeof startEmbedded>>) {
    this.database = database;
    this.#embedded = embedded;
  }

  static async start(
    database: PoolConfig,
    given: Partial<EmbeddedOptions> & Pick<EmbeddedOptions, "providers">,
  ): Promise<Instance> {
    const embedded = await startEmbedded({
      ...{
        host: "127.0.0.1",
        port: 0,
        pods: 1,
        workers: 1,
        authMode: "trusted",
        allowSignUp: true,
        allowGuests: true,
        signUpsPerHour: 10_000,
      },
      ...{ publicUrl: undefined, trustForwardedFrom: [], streamsPerUser: 1_000, pageFolder: null },
      ...{ runningAnswers: 1_000, waitingAnswers: 1_000 },
      storage: { personBytes: 10 * 1024 ** 3, totalBytes: 0 },
      ...{ takeover: "continue", slots: 400, titles: "message", graceMs: 0, log: pino({ level: "silent" }) },
      authSecret: "a secret of the tests, long enough for anybody",
      ...given,
      database,
    });
    return new Instance(database, embedded);
  }

  get restarted(): number {
    return this.#embedded.restarted;
  }

  get podCount(): number {
    return this.#embedded.pods.length;
  }

  address(pod: number = 0): string {
    return `http://127.0.0.1:${this.port(pod)}`;
  }

  port(pod: number = 0): number {
    return this.#embedded.pods[pod]!.port;
  }

  /** Trusted mode: a caller known to the gateway under this id. */
  user(userId: string, pod: number = 0): Caller {
    return this.#kept(new Caller(this.address(pod), { userId }));
  }

  /** A browser without cookies yet. */
  browser(pod: number = 0): Caller {
    return this.#kept(new Caller(this.address(pod)));
  }

  /** Rows of a query, each as a record. */
  async query(text: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
    return withClient(this.database, async (client) => (await client.query(text, [...values])).rows);
  }

  /** How many rows every table has. */
  async rowCounts(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    await withClient(this.database, async (client) => {
      const tables = await client.query("select tablename from pg_tables where schemaname = 'public' order by 1");
      for (const { tablename } of tables.rows) {
        const { rows } = await client.query(`select count(*)::int as count from ${tablename}`);
        counts[tablename] = rows[0].count;
      }
    });
    return counts;
  }

  /** Resolves when every answer is over and its job done. */
  async settled(): Promise<void> {
    await until("all jobs are done", async () => {
      const open = await this.query("select 1 from workflow_jobs where state = 'open'");
      return open.length === 0;
    });
  }

  drain(): Promise<void> {
    this.#closed ??= this.#embedded.drain();
    return this.#closed;
  }

  async close(): Promise<void> {
    for (const caller of this.#callers) caller.close();
    await this.drain();
  }

  #kept(caller: Caller): Caller {
    this.#callers.push(caller);
    return caller;
  }
}

/** A new folder that the database's own account can enter, too. */
export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "chat-test-"));
  fs.chmodSync(folder, 0o755);
  return folder;
}

/** One question to a database, over a connection of its own. */
export async function withClient<Result>(
  connection: PoolConfig,
  ask: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return await ask(client);
  } finally {
    await client.end();
  }
}
