import { type WorkflowRequest, wireTimes } from "@uci/protocol";
import type { Outbox, PendingJob } from "@uci/stream";
import { type Kysely, type Selectable, sql } from "kysely";
import { removeUnusedAttachments } from "./attachments.ts";
import type { Database, WorkflowJobsTable } from "./schema.ts";

/** The advisory lock of the sweeper; any number that nobody else uses. */
const sweeperLock = 7_241_993_018;
/** Rows that have served their time are removed so many at once. */
const expiredAtOnce = 5_000;
/** How long jobs that are done are kept for whoever asks what happened. */
const keptJobsMs = 7 * 24 * 60 * 60_000;

/** How long a file waits for a message that uses it. */
const unusedAttachmentsMs = 24 * 60 * 60_000;

/** The jobs' rows in PostgreSQL. */
export class PostgresOutbox implements Outbox {
  readonly #database: Kysely<Database>;

  constructor(database: Kysely<Database>) {
    this.#database = database;
  }

  async pending(afterMessageId: string | null, most: number): Promise<readonly PendingJob[]> {
    const rows = await pendingQuery(this.#database, afterMessageId, most).execute();
    return rows.map(pendingJob);
  }

  async find(messageId: string): Promise<PendingJob | null> {
    const row = await this.#database
      .selectFrom("workflow_jobs")
      .select(pendingColumns)
      .where("message_id", "=", messageId)
      .where("state", "=", "open")
      .executeTakeFirst();
    return row === undefined ? null : pendingJob(row);
  }

  async markQueued(messageId: string, generation: number, again = false): Promise<void> {
    await this.#database
      .updateTable("workflow_jobs")
      .set({ queued_at: sql<Date>`now()`, requeues: sql<number>`requeues + ${again ? 1 : 0}` })
      .where("message_id", "=", messageId)
      .where("generation", "=", generation)
      .where("state", "=", "open")
      .execute();
  }

  async raiseGeneration(messageId: string, generation: number): Promise<WorkflowRequest | null> {
    const row = await this.#database
      .updateTable("workflow_jobs")
      .set({
        generation: generation + 1,
        queued_at: null,
        ...{ plain: false, plain_heard_at: null, plain_text: null, plain_reasoning: null, plain_last_chunk_id: null },
        ...{ requeues: 0 },
        request: sql<string>`jsonb_set(request, '{generation}', to_jsonb(${generation + 1}::integer))`,
      })
      .where("message_id", "=", messageId)
      .where("generation", "=", generation)
      .where("state", "=", "open")
      .returningAll()
      .executeTakeFirst();
    return row?.request ?? null;
  }

  /** Holds one connection while the task runs: the lock goes with it should this process die. */
  async exclusively(task: () => Promise<void>): Promise<boolean> {
    return this.#database.connection().execute(async (connection) => {
      const { rows } = await sql<{ locked: boolean }>`select pg_try_advisory_lock(${sweeperLock}) as locked`.execute(
        connection,
      );
      if (rows[0]?.locked !== true) return false;
      try {
        await task();
        return true;
      } finally {
        await sql`select pg_advisory_unlock(${sweeperLock})`.execute(connection);
      }
    });
  }

  /** One kind after another, each whatever became of the one before. Throws what the first that failed has thrown. */
  async removeExpired(): Promise<void> {
    const queries = [temporaryTextsQuery(), temporarySessionsQuery(), expiredKeysQuery(), expiredJobsQuery()];
    const tasks = [
      ...queries.map((query) => () => this.#removeInPieces(query)),
      () => removeUnusedAttachments(this.#database, unusedAttachmentsMs),
    ];
    const failures: unknown[] = [];
    for (const task of tasks) await task().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  /** So that none takes long after a time in which nobody did this. */
  async #removeInPieces(query: ReturnType<typeof expiredKeysQuery>): Promise<void> {
    for (let removed = expiredAtOnce; removed === expiredAtOnce; ) {
      removed = Number((await query.execute(this.#database)).numAffectedRows);
    }
  }
}

/** Served by the index `idempotency_keys_by_age`. */
export function expiredKeysQuery() {
  const keptMs = wireTimes.idempotencyKeyMs;
  return sql`
    delete from idempotency_keys where ctid = any(array(
      select ctid from idempotency_keys where created_at < now() - ${keptMs} * interval '1 millisecond'
      order by created_at limit ${expiredAtOnce}))`;
}

/** Served by the index `workflow_jobs_finished`. */
export function expiredJobsQuery() {
  return sql`
    delete from workflow_jobs where ctid = any(array(
      select ctid from workflow_jobs
      where state = 'done' and finished_at < now() - ${keptJobsMs} * interval '1 millisecond'
      order by finished_at limit ${expiredAtOnce}))`;
}

/** How long the texts of a temporary answer wait for a reader that does not fetch them, and how long its rows are kept. */
const temporaryTextsMs = 2 * 60_000;
const temporarySessionsMs = 24 * 60 * 60_000;

/** Served by the index `chat_sessions_temporary`. */
export function temporaryTextsQuery() {
  return sql`
    update messages set content = '', metadata = '{}' where message_id = any(array(
      select m.message_id from (
        select session_id from chat_sessions where temporary order by created_at desc limit ${expiredAtOnce}) s
      cross join lateral (
        select message_id from workflow_jobs where session_id = s.session_id and state = 'done'
          and finished_at < now() - ${temporaryTextsMs} * interval '1 millisecond'
        order by finished_at desc limit ${expiredAtOnce}) j
      join messages m on m.message_id = j.message_id
      where m.content <> '' limit ${expiredAtOnce}))`;
}

/** Served by the index `chat_sessions_temporary`. */
export function temporarySessionsQuery() {
  return sql`
    delete from chat_sessions where session_id = any(array(
      select session_id from chat_sessions s
      where temporary and created_at < now() - ${temporarySessionsMs} * interval '1 millisecond'
        and not exists (select from workflow_jobs j where j.session_id = s.session_id and j.state = 'open')
      order by created_at limit ${expiredAtOnce}))`;
}

/** Not the text of plain answers, which may be long. */
const pendingColumns = [
  "message_id",
  "session_id",
  "generation",
  "request",
  "queued_at",
  "created_at",
  "stop_requested",
  "plain",
  "plain_heard_at",
  "requeues",
] as const;

/** Served by the index `workflow_jobs_pending`. */
export function pendingQuery(database: Kysely<Database>, afterMessageId: string | null, most: number) {
  const query = database
    .selectFrom("workflow_jobs")
    .select(pendingColumns)
    .where("state", "=", "open")
    .where("waiting", "=", false);
  const rest = afterMessageId === null ? query : query.where("message_id", ">", afterMessageId);
  return rest.orderBy("message_id").limit(most);
}

function pendingJob(row: Pick<Selectable<WorkflowJobsTable>, (typeof pendingColumns)[number]>): PendingJob {
  const { message_id, session_id, generation } = row;
  return {
    // Whose job it is stands in the row, whatever became of the request.
    request: { ...(row.request as WorkflowRequest), message_id, session_id, generation },
    queued_at_ms: row.queued_at?.getTime() ?? null,
    created_at_ms: row.created_at.getTime(),
    stop_requested: row.stop_requested,
    plain: row.plain,
    plain_heard_at_ms: row.plain_heard_at?.getTime() ?? null,
    requeues: row.requeues,
  };
}
