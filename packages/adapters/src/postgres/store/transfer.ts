import type { ImportedConversation, ImportedMessage, TransferStore } from "@uci/chat";
import { type Message, type Session, wireLimits } from "@uci/protocol";
import { type Kysely, type Selectable, sql, type Transaction } from "kysely";
import type { ChatSessionsTable, Database } from "./schema.ts";
import { storableJson } from "./storable.ts";
import type { StorageQuota } from "./storage.ts";
import { messageView, sessionView } from "./views.ts";

const branchMessages = 10_000;
/** Messages, and characters of them, that one statement writes. */
const messagesAtOnce = 500;
const charactersAtOnce = 512 * 1024;

type MakeId = (kind: "session" | "message" | "folder") => string;

export class PostgresTransfer implements TransferStore {
  readonly #database: Kysely<Database>;
  readonly #makeId: MakeId;
  readonly #quota: StorageQuota;

  constructor(database: Kysely<Database>, makeId: MakeId, quota: StorageQuota) {
    this.#database = database;
    this.#quota = quota;
    this.#makeId = makeId;
  }

  async takeIn(userId: string, conversation: ImportedConversation): Promise<Session | null> {
    return this.#database.transaction().execute(async (open) => {
      if (await isThere(open, userId, conversation.session_id)) return null;
      const bytes = conversation.messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
      await this.#quota.claim(open, userId, bytes);
      const folderId = conversation.folder === null ? null : await this.#folder(open, userId, conversation.folder);
      const { rows } = await sql<Selectable<ChatSessionsTable>>`
        insert into chat_sessions (session_id, user_id, title, title_by, pinned, archived, folder_id, settings,
          imported_from, created_at, updated_at)
        values (${this.#makeId("session")}, ${userId}, ${conversation.title}, 'person', ${conversation.pinned},
          ${conversation.archived}, ${folderId}, jsonb_strip_nulls(${storableJson(conversation.settings)}::jsonb),
          ${conversation.source}, ${conversation.created_at}, ${conversation.updated_at})
        on conflict (user_id, imported_from) where imported_from is not null do nothing
        returning *`.execute(open);
      const session = rows[0];
      if (session === undefined) return null;
      await this.#messages(open, session.session_id, conversation);
      return sessionView(session);
    });
  }

  /** The user's folder of this name, made where there is none and there may be one more. */
  async #folder(open: Transaction<Database>, userId: string, name: string): Promise<string | null> {
    await sql`
      insert into folders (folder_id, user_id, name) select ${this.#makeId("folder")}, ${userId}, ${name}
      where not exists (select from folders where user_id = ${userId} and name = ${name})
        and (select count(*) from folders where user_id = ${userId}) < ${wireLimits.folders}`.execute(open);
    const found = await sql<{ folder_id: string }>`
      select folder_id from folders where user_id = ${userId} and name = ${name}
      order by created_at desc, folder_id desc limit 1`.execute(open);
    return found.rows[0]?.folder_id ?? null;
  }

  async #messages(open: Transaction<Database>, sessionId: string, { messages }: ImportedConversation): Promise<void> {
    const ids = new Map<string, string>();
    for (const some of piecesOf(messages)) {
      for (const { key } of some) ids.set(key, this.#makeId("message"));
      await insertMessages(open, sessionId, some, ids);
    }
  }

  async messagesInOrder(
    userId: string,
    sessionId: string,
    after: Message | null,
    limit: number,
  ): Promise<Message[] | null> {
    if (!(await isThere(this.#database, userId, sessionId))) return null;
    const query = this.#database.selectFrom("messages").selectAll().where("session_id", "=", sessionId);
    const rest =
      after === null
        ? query
        : query.where(sql<boolean>`(created_at, message_id) > (${new Date(after.created_at)}, ${after.message_id})`);
    const rows = await rest.orderBy("created_at").orderBy("message_id").limit(limit).execute();
    return rows.map(messageView);
  }

  async newestBranch(userId: string, sessionId: string): Promise<readonly string[]> {
    if (!(await isThere(this.#database, userId, sessionId))) return [];
    const { rows } = await sql<{ message_id: string }>`
      with recursive path as (
        (select message_id, parent_message_id, 1 as depth from messages where session_id = ${sessionId}
          order by created_at desc, message_id desc limit 1)
        union all
        select m.message_id, m.parent_message_id, path.depth + 1
        from messages m join path on m.message_id = path.parent_message_id where path.depth < ${branchMessages})
      select message_id from path order by depth desc`.execute(this.#database);
    return rows.map(({ message_id }) => message_id);
  }
}

/** So that no piece takes long: parents come first. */
function* piecesOf(messages: readonly ImportedMessage[]): Generator<readonly ImportedMessage[]> {
  let piece: ImportedMessage[] = [];
  let characters = 0;
  for (const message of messages) {
    if (
      piece.length === messagesAtOnce ||
      (piece.length > 0 && characters + message.content.length > charactersAtOnce)
    ) {
      yield piece;
      piece = [];
      characters = 0;
    }
    piece.push(message);
    characters += message.content.length;
  }
  if (piece.length > 0) yield piece;
}

async function insertMessages(
  open: Transaction<Database>,
  sessionId: string,
  messages: readonly ImportedMessage[],
  ids: ReadonlyMap<string, string>,
): Promise<void> {
  const rows = messages.map(({ key, parent_key, role, content, model, created_at }) => ({
    ...{ message_id: ids.get(key), parent_message_id: ids.get(parent_key ?? "") ?? null },
    ...{ role, content, model, created_at },
  }));
  await sql`
    insert into messages (message_id, session_id, parent_message_id, role, content, model, status, created_at)
    select message_id, ${sessionId}, parent_message_id, role, content, model, 'complete', created_at
    from jsonb_to_recordset(${storableJson(rows)}::jsonb) as given (message_id text, parent_message_id text,
      role text, content text, model text, created_at timestamptz)`.execute(open);
}

async function isThere(database: Kysely<Database>, userId: string, sessionId: string | null): Promise<boolean> {
  if (sessionId === null) return false;
  const row = await database
    .selectFrom("chat_sessions")
    .select("session_id")
    .where("session_id", "=", sessionId)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return row !== undefined;
}
