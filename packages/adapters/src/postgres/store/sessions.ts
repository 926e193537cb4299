import type { MessageStore, Page, PageRequest, SessionChange, SessionFilter, SessionStore } from "@uci/chat";
import type { Message, Session } from "@uci/protocol";
import { type Kysely, type Selectable, type SelectQueryBuilder, sql } from "kysely";
import { removeWithFiles } from "./attachments.ts";
import { pageOf, parsePageCursor } from "./page-cursor.ts";
import type { ChatSessionsTable, Database } from "./schema.ts";
import { SharedListing } from "./shared-listing.ts";
import { storable, storableJson } from "./storable.ts";
import { messageView, sessionView } from "./views.ts";

export class PostgresSessions implements SessionStore {
  readonly #database: Kysely<Database>;
  readonly #makeSessionId: () => string;
  /** Whose sessions these are, for all who come at once. */
  readonly #owned: SharedListing<Selectable<ChatSessionsTable>>;

  constructor(database: Kysely<Database>, makeSessionId: () => string) {
    this.#database = database;
    this.#makeSessionId = makeSessionId;
    this.#owned = new SharedListing((sessionIds) =>
      database
        .selectFrom("chat_sessions")
        .selectAll()
        .where(sql<boolean>`session_id = any(${sessionIds}::text[])`)
        .execute(),
    );
  }

  async ensure(
    userId: string,
    sessionId: string,
    create = true,
  ): Promise<{ session: Session; created: boolean } | null> {
    const [known] = await this.#owned.of([sessionId]);
    if (known !== undefined) return known.user_id === userId ? { session: sessionView(known), created: false } : null;
    if (!create) return null;
    const created = await this.#database
      .insertInto("chat_sessions")
      .values({ session_id: sessionId, user_id: userId })
      .onConflict((conflict) => conflict.column("session_id").doNothing())
      .returningAll()
      .executeTakeFirst();
    if (created !== undefined) return { session: sessionView(created), created: true };
    const session = await this.find(userId, sessionId);
    return session === null ? null : { session, created: false };
  }

  async create(userId: string, title: string | null): Promise<Session> {
    const row = await this.#database
      .insertInto("chat_sessions")
      .values({
        session_id: this.#makeSessionId(),
        user_id: userId,
        title,
        title_by: title === null ? "message" : "person",
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return sessionView(row);
  }

  async list(userId: string, page: PageRequest, filter: SessionFilter = {}): Promise<Page<Session>> {
    const rows = await sessionListQuery(this.#database, userId, page, filter).execute();
    return pageOf(rows, page.limit, sessionView, (row) => ({ atMs: row.updated_at.getTime(), id: row.session_id }));
  }

  async find(userId: string, sessionId: string): Promise<Session | null> {
    const row = await this.#database
      .selectFrom("chat_sessions")
      .selectAll()
      .where("session_id", "=", sessionId)
      .where("user_id", "=", userId)
      .executeTakeFirst();
    return row === undefined ? null : sessionView(row);
  }

  async update(userId: string, sessionId: string, change: SessionChange): Promise<Session | null> {
    const { title, pinned, archived, folder_id, settings } = change;
    const update = this.#database
      .updateTable("chat_sessions")
      .set({
        ...(title === undefined ? {} : { title: storable(title), title_by: "person" as const, search_due: true }),
        ...(pinned === undefined ? {} : { pinned }),
        ...(archived === undefined ? {} : { archived }),
        ...(folder_id === undefined ? {} : { folder_id }),
        ...(settings === undefined ? {} : { settings: withSettings(settings) }),
        // So that there is something to set whatever is asked for.
        session_id: sessionId,
      })
      .where("session_id", "=", sessionId)
      .where("user_id", "=", userId);
    const ownFolder = this.#database
      .selectFrom("folders")
      .select("folder_id")
      .where("folder_id", "=", folder_id ?? "")
      .where("user_id", "=", userId);
    const guarded = folder_id == null ? update : update.where((where) => where.exists(ownFolder));
    const row = await guarded.returningAll().executeTakeFirst();
    return row === undefined ? null : sessionView(row);
  }

  async remove(userId: string, sessionId: string): Promise<readonly string[] | null> {
    return this.#database.transaction().execute(async (transaction) => {
      const session = await transaction
        .selectFrom("chat_sessions")
        .select("session_id")
        .where("session_id", "=", sessionId)
        .where("user_id", "=", userId)
        .forUpdate()
        .executeTakeFirst();
      if (session === undefined) return null;
      const open = await transaction
        .selectFrom("workflow_jobs")
        .select("message_id")
        .where("session_id", "=", sessionId)
        .where("state", "=", "open")
        .execute();
      await removeWithFiles(transaction, { sessionId }, () =>
        transaction.deleteFrom("chat_sessions").where("session_id", "=", sessionId).execute(),
      );
      return open.map((row) => row.message_id);
    });
  }
}

/** Settings over those there are; what is null is not kept. */
function withSettings(settings: NonNullable<SessionChange["settings"]>) {
  return sql<never>`jsonb_strip_nulls(settings || ${storableJson(settings)}::jsonb)`;
}

/** Served by the index `chat_sessions_of_user`, `chat_sessions_pinned` or `chat_sessions_in_folder`. */
export function sessionListQuery(
  database: Kysely<Database>,
  userId: string,
  page: PageRequest,
  { archived = false, pinned, folder_id }: SessionFilter = {},
) {
  const after = page.cursor === null ? null : parsePageCursor(page.cursor);
  let query = database
    .selectFrom("chat_sessions")
    .selectAll()
    .where("user_id", "=", userId)
    .where("archived", "=", archived)
    .where("temporary", "=", false);
  if (pinned === true) query = query.where("pinned", "=", sql<boolean>`true`);
  if (pinned === false) query = query.where("pinned", "=", false);
  if (folder_id !== undefined) query = query.where("folder_id", "=", folder_id);
  if (after !== null) {
    query = query.where(sql<boolean>`(updated_at, session_id) < (${new Date(after.atMs)}, ${after.id})`);
  }
  return query
    .orderBy("updated_at", "desc")
    .orderBy("session_id", "desc")
    .limit(page.limit + 1);
}

export class PostgresMessages implements MessageStore {
  readonly #database: Kysely<Database>;

  constructor(database: Kysely<Database>) {
    this.#database = database;
  }

  async list(userId: string, sessionId: string, page: PageRequest): Promise<Page<Message> | null> {
    const rows = await messageListQuery(this.#database, userId, sessionId, page).execute();
    // Most sessions asked for have messages; whether there is such a session is asked only of the others.
    if (rows.length === 0 && !(await this.#owns(userId, sessionId))) return null;
    return pageOf(rows, page.limit, messageView, (row) => ({ atMs: row.created_at.getTime(), id: row.message_id }));
  }

  async #owns(userId: string, sessionId: string): Promise<boolean> {
    return (await ownSession(this.#database, userId, sessionId).executeTakeFirst()) !== undefined;
  }

  async find(userId: string, messageId: string): Promise<Message | null> {
    const row = await this.#database
      .selectFrom("messages")
      .innerJoin("chat_sessions", "chat_sessions.session_id", "messages.session_id")
      .selectAll("messages")
      .where("message_id", "=", messageId)
      .where("chat_sessions.user_id", "=", userId)
      .executeTakeFirst();
    return row === undefined ? null : messageView(row);
  }
}

function ownSession(database: Kysely<Database>, userId: string, sessionId: string) {
  return database
    .selectFrom("chat_sessions")
    .select("session_id")
    .where("session_id", "=", sessionId)
    .where("user_id", "=", userId);
}

/** Nothing where the session is somebody else's. Served by the index `messages_of_session`. */
export function messageListQuery(
  database: Kysely<Database>,
  userId: string,
  sessionId: string,
  page: PageRequest,
): SelectQueryBuilder<Database, "messages", MessageRow> {
  const query = database
    .selectFrom("messages")
    .selectAll()
    .where("session_id", "=", sessionId)
    .where((where) => where.exists(ownSession(database, userId, sessionId)));
  const after = page.cursor === null ? null : parsePageCursor(page.cursor);
  const rest =
    after === null
      ? query
      : query.where(sql<boolean>`(created_at, message_id) < (${new Date(after.atMs)}, ${after.id})`);
  return rest
    .orderBy("created_at", "desc")
    .orderBy("message_id", "desc")
    .limit(page.limit + 1);
}

type MessageRow = Parameters<typeof messageView>[0];
