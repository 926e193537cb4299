import { createProviders } from "@uci/adapters/providers";
import { ScriptedServer, type ScriptedServerOptions } from "@uci/adapters/providers/testing";
import type { Embedded } from "@uci/all-in-one";
import { freePort } from "@uci/services";
import pg from "pg";
import type { Page } from "playwright-core";
import { startProgram, ThrowAwayDatabase } from "./whole-program.ts";

type Row = { readonly role: "user" | "assistant"; readonly content: string };

/** The whole program on a free port over a throw-away database; its answers come from a scripted provider. */
export class ScriptedChat {
  readonly address: string;
  readonly provider: ScriptedServer;
  readonly #database: ThrowAwayDatabase;
  readonly #embedded: Embedded;

  private constructor(address: string, provider: ScriptedServer, database: ThrowAwayDatabase, embedded: Embedded) {
    this.address = address;
    this.provider = provider;
    this.#database = database;
    this.#embedded = embedded;
  }

  static async start(options: ScriptedServerOptions = {}): Promise<ScriptedChat> {
    const database = await ThrowAwayDatabase.start();
    const models = [
      { id: "scripted", continue_prefix: true },
      { id: "another", images: true },
    ];
    const provider = await ScriptedServer.start(options);
    const port = await freePort();
    const providers = createProviders({ openaiCompatible: { baseUrl: provider.baseUrl, models } });
    const embedded = await startProgram(database, port, providers);
    return new ScriptedChat(`http://127.0.0.1:${port}`, provider, database, embedded);
  }

  /** Rows of a query over a connection of its own. */
  async query(text: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
    const client = new pg.Client(this.#database.connection);
    await client.connect();
    try {
      return (await client.query(text, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  /** Names of the tables in which this text stands anywhere. */
  async tablesWith(text: string): Promise<string[]> {
    const tables = await this.query("select relname from pg_stat_user_tables order by relname");
    const found: string[] = [];
    for (const { relname } of tables) {
      const table = pg.escapeIdentifier(String(relname));
      const rows = await this.query(`select 1 from ${table} r where strpos(r::text, $1) > 0 limit 1`, [text]);
      if (rows.length > 0) found.push(String(relname));
    }
    return found;
  }

  /** Gives whoever uses the page a session with these messages, each answering the one before; its title is returned. */
  async fillSession(page: Page, rows: readonly Row[]): Promise<string> {
    const title = `A session of ${rows.length} messages`;
    const response = await page.request.post(`${this.address}/api/sessions`, {
      data: { title },
      headers: { origin: this.address },
    });
    const { session_id: sessionId } = (await response.json()) as { session_id: string };
    await this.query(
      `insert into messages (message_id, session_id, parent_message_id, role, content, status, model, created_at)
       select $1 || lpad(n::text, 6, '0'), $2, case when n = 1 then null else $1 || lpad((n - 1)::text, 6, '0') end,
         row ->> 'role', row ->> 'content', 'complete', case row ->> 'role' when 'assistant' then 'scripted' end,
         now() - interval '1 day' + n * interval '1 second'
       from jsonb_array_elements($3::jsonb) with ordinality as given(row, n)`,
      [`msg_${sessionId.slice(-12)}_`, sessionId, JSON.stringify(rows)],
    );
    return title;
  }

  async stop(): Promise<void> {
    await this.#embedded.drain();
    await this.provider.close();
    await this.#database.stop();
  }
}
