import type { CollectionRefusal, Page, PageRequest, PromptStore } from "@uci/chat";
import { type Prompt, wireLimits } from "@uci/protocol";
import { type Kysely, type Selectable, sql } from "kysely";
import { pageOf, parsePageCursor } from "./page-cursor.ts";
import type { Database, PromptsTable } from "./schema.ts";
import { storable } from "./storable.ts";

export class PostgresPrompts implements PromptStore {
  readonly #database: Kysely<Database>;
  readonly #makePromptId: () => string;

  constructor(database: Kysely<Database>, makePromptId: () => string) {
    this.#database = database;
    this.#makePromptId = makePromptId;
  }

  async list(userId: string, page: PageRequest): Promise<Page<Prompt>> {
    const rows = await promptListQuery(this.#database, userId, page).execute();
    return pageOf(rows, page.limit, promptView, (row) => ({ atMs: row.created_at.getTime(), id: row.prompt_id }));
  }

  async create(userId: string, { name, text }: { name: string; text: string }): Promise<Prompt | CollectionRefusal> {
    const { rows } = await sql<Selectable<PromptsTable>>`
      insert into prompts (prompt_id, user_id, name, content)
      select ${this.#makePromptId()}, ${userId}, ${storable(name)}, ${storable(text)}
      where (select count(*) from prompts where user_id = ${userId}) < ${wireLimits.prompts}
      on conflict (user_id, name) do nothing
      returning *`.execute(this.#database);
    if (rows[0] !== undefined) return promptView(rows[0]);
    return (await this.#named(userId, name)) ? "taken" : "full";
  }

  async update(
    userId: string,
    promptId: string,
    { name, text }: { name?: string | undefined; text?: string | undefined },
  ): Promise<Prompt | "taken" | null> {
    try {
      const row = await this.#database
        .updateTable("prompts")
        .set({
          prompt_id: promptId,
          ...(name === undefined ? {} : { name: storable(name) }),
          ...(text === undefined ? {} : { content: storable(text) }),
        })
        .where("prompt_id", "=", promptId)
        .where("user_id", "=", userId)
        .returningAll()
        .executeTakeFirst();
      return row === undefined ? null : promptView(row);
    } catch (error) {
      if ((error as { code?: unknown }).code === uniqueViolation) return "taken";
      throw error;
    }
  }

  async remove(userId: string, promptId: string): Promise<boolean> {
    const removed = await this.#database
      .deleteFrom("prompts")
      .where("prompt_id", "=", promptId)
      .where("user_id", "=", userId)
      .executeTakeFirst();
    return removed.numDeletedRows > 0n;
  }

  async #named(userId: string, name: string): Promise<boolean> {
    const row = await this.#database
      .selectFrom("prompts")
      .select("prompt_id")
      .where("user_id", "=", userId)
      .where("name", "=", storable(name))
      .executeTakeFirst();
    return row !== undefined;
  }
}

/** PostgreSQL's code for a row that would be there twice. */
const uniqueViolation = "23505";

/** Served by the index `prompts_of_user`. */
export function promptListQuery(database: Kysely<Database>, userId: string, page: PageRequest) {
  const query = database.selectFrom("prompts").selectAll().where("user_id", "=", userId);
  const after = page.cursor === null ? null : parsePageCursor(page.cursor);
  const rest =
    after === null
      ? query
      : query.where(sql<boolean>`(created_at, prompt_id) < (${new Date(after.atMs)}, ${after.id})`);
  return rest
    .orderBy("created_at", "desc")
    .orderBy("prompt_id", "desc")
    .limit(page.limit + 1);
}

function promptView({ prompt_id, name, content, created_at }: Selectable<PromptsTable>): Prompt {
  return { prompt_id, name, text: content, created_at: created_at.toISOString() };
}
