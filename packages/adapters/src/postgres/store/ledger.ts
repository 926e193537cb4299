import type { AnswerStatus, FinishReason } from "@uci/protocol";
import { isFinalStatus } from "@uci/protocol";
import type { AnswerLedger, AnswerRow, FinalAnswer, FinalizeOutcome, VouchedPlain } from "@uci/stream";
import { type Kysely, sql } from "kysely";
import { asPermanent } from "./pool.ts";
import type { Database } from "./schema.ts";
import { SharedListing } from "./shared-listing.ts";
import { storableJson } from "./storable.ts";

/** Unfinished answers told of one session at most. */
const unfinishedPerSession = 64;

type LedgerRow = {
  message_id: string;
  session_id: string;
  user_id: string;
  status: AnswerStatus;
  generation: number;
  stop_requested: boolean;
  content: string;
  metadata: Record<string, unknown>;
  last_chunk_id: number;
  finish_reason: string | null;
  token_count: number | null;
  plain: boolean;
};

/** The rows of answers in PostgreSQL. */
export class PostgresLedger implements AnswerLedger {
  readonly #database: Kysely<Database>;
  /** By how long ago an answer may have ended to be listed. */
  readonly #listings = new Map<number | undefined, SharedListing<AnswerRow>>();

  constructor(database: Kysely<Database>) {
    this.#database = database;
  }

  async load(messageId: string): Promise<AnswerRow | null> {
    const { rows } = await sql<LedgerRow>`
      select m.message_id, m.session_id, s.user_id, m.status, coalesce(j.generation, m.generation) as generation,
        coalesce(j.stop_requested, false) as stop_requested, m.content, m.metadata, m.last_chunk_id, m.finish_reason, m.token_count,
        coalesce(j.plain, false) as plain
      from messages m join chat_sessions s on s.session_id = m.session_id
      left join workflow_jobs j on j.message_id = m.message_id
      where m.message_id = ${messageId} and m.role = 'assistant'`.execute(this.#database);
    return rows[0] === undefined ? null : answerRow(rows[0]);
  }

  async unfinished(sessionIds: readonly string[], endedWithinMs?: number): Promise<readonly AnswerRow[]> {
    if (sessionIds.length === 0) return [];
    let listing = this.#listings.get(endedWithinMs);
    if (listing === undefined) {
      listing = new SharedListing((together) => this.#list(together, endedWithinMs));
      this.#listings.set(endedWithinMs, listing);
    }
    return listing.of(sessionIds);
  }

  async #list(sessionIds: readonly string[], endedWithinMs: number | undefined): Promise<readonly AnswerRow[]> {
    const open = await unfinishedQuery(sessionIds).execute(this.#database);
    // Asked second: what ends between the two is in both, and not in neither.
    const ended =
      endedWithinMs === undefined ? null : await endedQuery(sessionIds, endedWithinMs).execute(this.#database);
    const listed = new Set(ended?.rows.map((row) => row.message_id));
    // Few rows, and their ids sort by age; in the statement this would be a sort that no index saves.
    const byAge = (rows: readonly LedgerRow[]) =>
      rows.map(answerRow).sort((a, b) => (a.message_id < b.message_id ? -1 : 1));
    return [...byAge(open.rows.filter((row) => !listed.has(row.message_id))), ...byAge(ended?.rows ?? [])];
  }

  async requestStop(messageId: string): Promise<boolean> {
    const updated = await this.#database
      .updateTable("workflow_jobs")
      .set({ stop_requested: true })
      .where("message_id", "=", messageId)
      .where("state", "=", "open")
      .executeTakeFirst();
    return updated.numUpdatedRows > 0n;
  }

  async markPlain(messageId: string, generation: number): Promise<boolean> {
    const updated = await this.#database
      .updateTable("workflow_jobs")
      .set({ plain: true, plain_heard_at: sql<Date>`now()` })
      .where("message_id", "=", messageId)
      .where("generation", "=", generation)
      .where("state", "=", "open")
      .executeTakeFirst();
    return updated.numUpdatedRows > 0n;
  }

  async vouchPlain(vouched: VouchedPlain): Promise<void> {
    const { message_id, generation, last_chunk_id, text, reasoning, heard_ago_ms } = vouched;
    const heardAt = sql<Date>`greatest(plain_heard_at, now() - ${heard_ago_ms} * interval '1 millisecond')`;
    const noted = { plain_text: text, plain_reasoning: reasoning, plain_last_chunk_id: last_chunk_id };
    const open = this.#database
      .updateTable("workflow_jobs")
      .where("message_id", "=", message_id)
      .where("generation", "=", generation)
      .where("state", "=", "open")
      .where("plain", "=", true);
    const isMore = sql<boolean>`coalesce(plain_last_chunk_id, -1) < ${last_chunk_id}`;
    const written = await open
      .set({ plain_heard_at: heardAt, ...noted })
      .where(isMore)
      .executeTakeFirst();
    if (written.numUpdatedRows === 0n) await open.set({ plain_heard_at: heardAt }).execute();
  }

  async vouchedPlain(messageId: string): Promise<VouchedPlain | null> {
    const row = await this.#database
      .selectFrom("workflow_jobs")
      .select(["generation", "plain_text", "plain_reasoning", "plain_last_chunk_id"])
      .select(sql<number>`extract(epoch from now() - plain_heard_at)::float8 * 1000`.as("heard_ago_ms"))
      .where("message_id", "=", messageId)
      .where("state", "=", "open")
      .where("plain", "=", true)
      .where("plain_last_chunk_id", "is not", null)
      .executeTakeFirst();
    if (row === undefined) return null;
    return {
      message_id: messageId,
      generation: row.generation,
      last_chunk_id: row.plain_last_chunk_id ?? -1,
      text: row.plain_text ?? "",
      reasoning: row.plain_reasoning ?? "",
      heard_ago_ms: Math.max(0, row.heard_ago_ms),
    };
  }

  async finalize(answer: FinalAnswer): Promise<FinalizeOutcome> {
    try {
      if (await this.#fill(answer)) return "stored";
    } catch (error) {
      throw asPermanent(error);
    }
    const row = await this.load(answer.message_id);
    if (row === null) return "gone";
    return isFinalStatus(row.status) ? "already_final" : "superseded";
  }

  /**
   * One statement, so one transaction: the job says whether the row is still open and of this generation. The session
   * is locked before the job, as by everybody who takes both, so that a deletion at the same time is no deadlock.
   */
  async #fill(answer: FinalAnswer): Promise<boolean> {
    // Whoever asks what happened to it names this, and the job that knows it is emptied here.
    const isTroubled = answer.status === "failed" || answer.status === "interrupted";
    const { rows } = await sql<{ session_id: string }>`
      with session as materialized (
        select s.session_id, j.request ->> 'correlation_id' as correlation_id
        from messages m join chat_sessions s on s.session_id = m.session_id
        left join workflow_jobs j on j.message_id = m.message_id
        where m.message_id = ${answer.message_id} for no key update of s),
      job as (
        update workflow_jobs j set state = 'done', request = null, plain_text = null, plain_reasoning = null, finished_at = now(),
          started_at = now() - ${answerMs(answer)}::integer * interval '1 millisecond', model = coalesce(${answer.model}, j.model),
          error = ${answer.error?.code ?? null}, prompt_tokens = ${answer.prompt_tokens ?? null},
          completion_tokens = ${answer.token_count}
        from session
        where j.message_id = ${answer.message_id} and j.generation = ${answer.generation} and j.state = 'open'
        returning j.message_id, session.correlation_id),
      row as (
        update messages set content = ${answer.text}, status = ${answer.status}, model = ${answer.model},
          token_count = ${answer.token_count}, metadata = ${storableJson(metadataOf(answer))}::jsonb ||
            case when ${isTroubled} and job.correlation_id is not null
              then jsonb_build_object('correlation_id', job.correlation_id) else '{}'::jsonb end,
          generation = ${answer.generation}, last_chunk_id = ${answer.last_chunk_id}, finish_reason = ${answer.finish_reason}
        from job where messages.message_id = job.message_id
        returning messages.session_id)
      update chat_sessions set updated_at = greatest(updated_at, now()), search_due = not temporary from row
      where chat_sessions.session_id = row.session_id returning chat_sessions.session_id`.execute(this.#database);
    return rows.length === 1;
  }
}

/** Served by the index `workflow_jobs_open_of_session`. */
export function unfinishedQuery(sessionIds: readonly string[]) {
  return sql<LedgerRow>`
    select m.message_id, m.session_id, j.user_id, m.status, j.generation, j.stop_requested, m.content, m.metadata,
      m.last_chunk_id, m.finish_reason, m.token_count, j.plain
    from unnest(${[...sessionIds]}::text[]) as shown(session_id)
    cross join lateral (
      select * from workflow_jobs where session_id = shown.session_id and state = 'open'
      order by message_id limit ${unfinishedPerSession}) j
    join messages m on m.message_id = j.message_id`;
}

/** Served by the index `workflow_jobs_ended_of_session`. */
export function endedQuery(sessionIds: readonly string[], endedWithinMs: number) {
  return sql<LedgerRow>`
    select m.message_id, m.session_id, j.user_id, m.status, m.generation, j.stop_requested, '' as content,
      '{}'::jsonb as metadata, m.last_chunk_id, m.finish_reason, m.token_count, j.plain
    from unnest(${[...sessionIds]}::text[]) as shown(session_id)
    cross join lateral (
      select * from workflow_jobs where session_id = shown.session_id and state = 'done'
        and finished_at > now() - ${endedWithinMs} * interval '1 millisecond'
      order by finished_at desc limit ${unfinishedPerSession}) j
    join messages m on m.message_id = j.message_id`;
}

function answerRow(row: LedgerRow): AnswerRow {
  const { message_id, session_id, user_id, status, generation, stop_requested, last_chunk_id, plain } = row;
  const reasoning = row.metadata.reasoning;
  return {
    ...{ message_id, session_id, user_id, status, generation, stop_requested, last_chunk_id, plain },
    text: row.content,
    reasoning: typeof reasoning === "string" ? reasoning : "",
    finish_reason: row.finish_reason as FinishReason | null,
    token_count: row.token_count ?? 0,
  };
}

/** How long the attempt took that ended the answer; null where none did. */
function answerMs({ thought_ms, written_ms }: FinalAnswer): number | null {
  return thought_ms === undefined && written_ms === undefined ? null : (thought_ms ?? 0) + (written_ms ?? 0);
}

/** What is kept beside the text. */
function metadataOf(answer: FinalAnswer): Record<string, unknown> {
  const { reasoning, tools, finish_reason, length, sha256, attempts, joins, thought_ms, written_ms, error } = answer;
  return {
    finish_reason,
    length,
    sha256,
    attempts,
    ...(joins === undefined ? {} : { joins }),
    ...(thought_ms === undefined ? {} : { thought_ms }),
    ...(written_ms === undefined ? {} : { written_ms }),
    ...(reasoning === "" ? {} : { reasoning }),
    ...(tools.length === 0 ? {} : { tools }),
    ...(error === null ? {} : { error }),
  };
}
