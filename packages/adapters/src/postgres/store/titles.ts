import type { TitleStore, UntitledTurn } from "@uci/chat";
import type { Session } from "@uci/protocol";
import { type Kysely, sql } from "kysely";
import type { Database } from "./schema.ts";
import { sessionView } from "./views.ts";

/** Characters of a text that matter for its title. */
const charactersRead = 2_000;

export class PostgresTitles implements TitleStore {
  readonly #database: Kysely<Database>;

  constructor(database: Kysely<Database>) {
    this.#database = database;
  }

  async untitledTurn(messageId: string): Promise<UntitledTurn | null> {
    const { rows } = await sql<UntitledTurn>`
      select s.session_id, left(question.content, ${charactersRead}) as question,
        left(answer.content, ${charactersRead}) as answer, answer.model
      from messages answer
      join messages question on question.message_id = answer.parent_message_id
      join chat_sessions s on s.session_id = answer.session_id
      left join messages first on first.message_id = question.parent_message_id
      where answer.message_id = ${messageId} and answer.role = 'assistant' and answer.status = 'complete'
        and answer.content <> '' and (first.message_id is null or (first.role = 'system' and first.parent_message_id is null))
        and s.title_by = 'message' and not s.temporary and s.imported_from is null`.execute(this.#database);
    return rows[0] ?? null;
  }

  async titleByModel(sessionId: string, title: string): Promise<{ session: Session; user_id: string } | null> {
    const row = await this.#database
      .updateTable("chat_sessions")
      .set({ title, title_by: "model", search_due: true })
      .where("session_id", "=", sessionId)
      .where("title_by", "=", "message")
      .where("temporary", "=", false)
      .returningAll()
      .executeTakeFirst();
    return row === undefined ? null : { session: sessionView(row), user_id: row.user_id };
  }
}
