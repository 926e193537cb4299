import {
  type BranchOutcome,
  type EditOutcome,
  type Instruction,
  type InstructOutcome,
  MessageTree,
  type RatingOutcome,
  type RemovedMessages,
  type TreeNode,
  type TreeStore,
} from "@uci/chat";
import { isFinalStatus, type Rating } from "@uci/protocol";
import { type Kysely, sql } from "kysely";
import { removeWithFiles } from "./attachments.ts";
import type { Database } from "./schema.ts";
import { storable } from "./storable.ts";
import type { StorageQuota } from "./storage.ts";
import { lockedSession, type MessageRow, notBefore, type Open, parentOf, Refused } from "./turn-rows.ts";
import { messageView, sessionView } from "./views.ts";

/** What readers do to the trees of their sessions, in PostgreSQL. */
export class PostgresTree implements TreeStore {
  readonly #database: Kysely<Database>;
  readonly #makeId: (kind: "session" | "message") => string;
  readonly #quota: StorageQuota;

  constructor(database: Kysely<Database>, makeId: (kind: "session" | "message") => string, quota: StorageQuota) {
    this.#database = database;
    this.#quota = quota;
    this.#makeId = makeId;
  }

  rate(userId: string, messageId: string, rating: Rating | null): Promise<RatingOutcome> {
    return this.#database.transaction().execute(async (open) => {
      const message = await ownMessage(open, userId, messageId);
      if (message === undefined) return { kind: "not_found" };
      if (message.role !== "assistant") return { kind: "not_an_answer" };
      if (!isFinalStatus(message.status)) return { kind: "unfinished" };
      const rated = await open
        .updateTable("messages")
        .set({
          metadata:
            rating === null
              ? sql`metadata - 'rating'`
              : sql`jsonb_set(metadata, '{rating}', to_jsonb(${rating}::text))`,
        })
        .where("message_id", "=", messageId)
        .returningAll()
        .executeTakeFirstOrThrow();
      return { kind: "rated", message: messageView(rated) };
    });
  }

  edit(userId: string, messageId: string, content: string): Promise<EditOutcome> {
    return this.#database.transaction().execute(async (open) => {
      const message = await ownMessage(open, userId, messageId);
      if (message === undefined) return { kind: "not_found" };
      if (message.temporary) return { kind: "temporary_session" };
      if (message.role !== "assistant") return { kind: "not_an_answer" };
      if (!isFinalStatus(message.status)) return { kind: "unfinished" };
      const edited = await open
        .insertInto("messages")
        .values({
          message_id: this.#makeId("message"),
          session_id: message.session_id,
          parent_message_id: message.parent_message_id,
          role: "assistant",
          content: storable(content),
          status: "complete",
          model: message.model,
          metadata: sql`${JSON.stringify({ edited: true })}::jsonb`,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      await touch(open, edited);
      await this.#quota.claim(open, userId, 0);
      return { kind: "edited", message: messageView(edited) };
    });
  }

  async instruct(userId: string, sessionId: string, instruction: Instruction): Promise<InstructOutcome> {
    try {
      return await this.#database.transaction().execute(async (open) => {
        const session = await lockedSession(open, sessionId);
        if (session === undefined || session.user_id !== userId) return { kind: "not_found" };
        if (session.temporary) return { kind: "temporary_session" };
        const parent = await parentOf(open, sessionId, instruction.parent_message_id);
        const message = await open
          .insertInto("messages")
          .values({
            message_id: this.#makeId("message"),
            session_id: sessionId,
            parent_message_id: parent?.message_id ?? null,
            role: "system",
            content: storable(instruction.content),
            status: "complete",
            created_at: notBefore(parent),
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        await touch(open, message);
        await this.#quota.claim(open, userId, 0);
        return { kind: "instructed", message: messageView(message) };
      });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const { kind } = error.refusal;
      if (kind === "parent_unfinished") return { kind: "unfinished" };
      if (kind === "not_found" || kind === "not_an_answer") return { kind };
      throw error;
    }
  }

  remove(userId: string, messageId: string): Promise<RemovedMessages | null> {
    return this.#database.transaction().execute(async (open) => {
      const message = await ownMessage(open, userId, messageId);
      if (message === undefined) return null;
      const { session_id } = message;
      const gone = idsUnder(await treeOf(open, session_id), messageId);
      const jobs = await sql<{ message_id: string }>`
        select message_id from workflow_jobs
        where session_id = ${session_id} and state = 'open' and message_id = any(${gone}::text[])`.execute(open);
      await removeWithFiles(open, { messageIds: gone }, () =>
        sql`delete from messages where message_id = any(${gone}::text[])`.execute(open),
      );
      return { session_id, unfinished: jobs.rows.map((row) => row.message_id) };
    });
  }

  branch(userId: string, sessionId: string, messageId: string): Promise<BranchOutcome> {
    return this.#database.transaction().execute(async (open) => {
      const message = await ownMessage(open, userId, messageId);
      if (message === undefined || message.session_id !== sessionId) return { kind: "not_found" };
      if (message.temporary) return { kind: "temporary_session" };
      if (message.role !== "assistant") return { kind: "not_an_answer" };
      if (!isFinalStatus(message.status)) return { kind: "unfinished" };
      const path = (await treeOf(open, sessionId)).pathTo(messageId).map((node) => node.message_id);
      const copies = path.map(() => this.#makeId("message"));
      const parents = [null, ...copies.slice(0, -1)];
      const newSessionId = this.#makeId("session");
      const session = await copySession(open, sessionId, newSessionId);
      await sql`
        insert into messages (message_id, session_id, parent_message_id, role, content, status, model, token_count,
          metadata, generation, last_chunk_id, finish_reason, created_at)
        select copy.message_id, ${newSessionId}, copy.parent_message_id, m.role, m.content, m.status, m.model,
          m.token_count, m.metadata, m.generation, m.last_chunk_id, m.finish_reason, m.created_at
        from unnest(${path}::text[], ${copies}::text[], ${parents}::text[])
          as copy(source_id, message_id, parent_message_id)
        join messages m on m.message_id = copy.source_id`.execute(open);
      await sql`
        insert into message_attachments (message_id, attachment_id)
        select copy.message_id, l.attachment_id
        from unnest(${path}::text[], ${copies}::text[]) as copy(source_id, message_id)
        join message_attachments l on l.message_id = copy.source_id`.execute(open);
      await this.#quota.claim(open, userId, 0);
      return { kind: "branched", session };
    });
  }
}

/** The session has a new message: it stands first in lists, and the search takes the message in. */
function touch(open: Open, { session_id, created_at }: MessageRow) {
  return open
    .updateTable("chat_sessions")
    .set({ updated_at: created_at, search_due: true })
    .where("session_id", "=", session_id)
    .execute();
}

/** A message of the user's, whose session is locked until the transaction ends: nothing is added to it meanwhile. */
function ownMessage(open: Open, userId: string, messageId: string) {
  return open
    .selectFrom("messages")
    .innerJoin("chat_sessions", "chat_sessions.session_id", "messages.session_id")
    .selectAll("messages")
    .select("chat_sessions.temporary")
    .where("message_id", "=", messageId)
    .where("chat_sessions.user_id", "=", userId)
    .forNoKeyUpdate("chat_sessions")
    .executeTakeFirst();
}

/** Served by the index `messages_of_session`. */
export function treeQuery(database: Kysely<Database>, sessionId: string) {
  return database
    .selectFrom("messages")
    .select(["message_id", "parent_message_id", "created_at"])
    .where("session_id", "=", sessionId);
}

async function treeOf(open: Open, sessionId: string): Promise<MessageTree<TreeNode>> {
  const rows = await treeQuery(open, sessionId).execute();
  return new MessageTree(rows.map((row) => ({ ...row, created_at: row.created_at.toISOString() })));
}

function idsUnder(tree: MessageTree<TreeNode>, messageId: string): string[] {
  const ids = [messageId];
  for (const id of ids) for (const child of tree.childrenOf(id)) ids.push(child.message_id);
  return ids;
}

async function copySession(open: Open, sessionId: string, newSessionId: string) {
  await sql`
    insert into chat_sessions (session_id, user_id, title, title_by, folder_id, settings, search_due)
    select ${newSessionId}, user_id, title, title_by, folder_id, settings, true
    from chat_sessions where session_id = ${sessionId}`.execute(open);
  const copied = open.selectFrom("chat_sessions").selectAll().where("session_id", "=", newSessionId);
  return sessionView(await copied.executeTakeFirstOrThrow());
}
