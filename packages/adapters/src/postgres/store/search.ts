import { type Page, type PageRequest, type SearchStore, searchTerms, searchWords, snippetOf } from "@uci/chat";
import type { SearchResult } from "@uci/protocol";
import { type Kysely, sql, type Transaction } from "kysely";
import { type PagePosition, pageOf, parsePageCursor } from "./page-cursor.ts";
import type { Database } from "./schema.ts";

/** Sessions and texts taken into the index in one transaction, and how long one search may spend on it. */
const sessionsAtOnce = 50;
const messagesAtOnce = 200;
const catchUpLimitMs = 1_500;
/** Characters of a message that are read for its words and its snippet. */
const charactersRead = 200_000;

/** Entries looked through before words are looked up. */
const newestEntries = 5_000;

type Found = {
  session_id: string;
  entry_id: string;
  message_id: string | null;
  created_at: Date;
  title: string | null;
  content: string;
};

/**
 * Search over words that this program cuts and PostgreSQL indexes. Whoever searches has what is due of his sessions taken
 * in first, so that writing a message costs nothing for it.
 */
export class PostgresSearch implements SearchStore {
  readonly #database: Kysely<Database>;

  constructor(database: Kysely<Database>) {
    this.#database = database;
  }

  async find(userId: string, query: string, page: PageRequest): Promise<Page<SearchResult>> {
    const wanted = textQuery(query);
    const after = page.cursor === null ? null : parsePageCursor(page.cursor);
    if (wanted === null) return { rows: [], next_cursor: null };
    await this.#catchUp(userId);
    const rows = await this.#rows(userId, wanted, page.limit, after);
    const view = (row: Found): SearchResult => ({
      session_id: row.session_id,
      title: row.title,
      message_id: row.message_id,
      snippet: snippetOf(row.content, query),
      created_at: row.created_at.toISOString(),
    });
    return pageOf(rows, page.limit, view, (row) => ({ atMs: row.created_at.getTime(), id: row.entry_id }));
  }

  /** A common word fills the page from the newest entries; where they do not, it is rare enough to be looked up. */
  async #rows(userId: string, wanted: string, limit: number, after: PagePosition | null): Promise<Found[]> {
    const newest = await searchQuery(userId, wanted, limit, after, "newest").execute(this.#database);
    if (newest.rows.length > limit) return newest.rows;
    return (await searchQuery(userId, wanted, limit, after, "all").execute(this.#database)).rows;
  }

  async #catchUp(userId: string): Promise<void> {
    const untilMs = Date.now() + catchUpLimitMs;
    do {
      const more = await this.#database.transaction().execute((open) => takeInSome(open, userId));
      if (!more) return;
    } while (Date.now() < untilMs);
  }
}

/** The query as PostgreSQL has it; null where there is nothing to look for. Words are letters and digits alone, so quoting them is safe. */
export function textQuery(query: string): string | null {
  const terms = searchTerms(query).map(({ word, prefix }) => `'${word}'${prefix ? ":*" : ""}`);
  return terms.length === 0 ? null : terms.join(" & ");
}

/**
 * `newest`: looks through a bounded number of entries, by the index `search_entries_of_user`. `all`: looks the words up in
 * `search_entries_by_word`. Which of the two is the quick one depends on how common the words are, and of words that few
 * texts have the planner knows nothing.
 */
export function searchQuery(
  userId: string,
  wanted: string,
  limit: number,
  after: PagePosition | null,
  among: "newest" | "all",
) {
  const rest =
    after === null ? sql`` : sql`and (created_at, entry_id) < (${new Date(after.atMs)}::timestamptz, ${after.id})`;
  const entries =
    among === "newest"
      ? sql`select * from search_entries where user_id = ${userId} ${rest}
          order by created_at desc, entry_id desc limit ${newestEntries}`
      : sql`select * from search_entries where user_id = ${userId} and words @@ ${wanted}::tsquery ${rest}`;
  return sql<Found>`
    with looked_at as materialized (${entries})
    select hit.session_id, hit.entry_id, hit.message_id, hit.created_at, s.title,
      coalesce(left(m.content, ${charactersRead}), s.title, '') as content
    from (
      select session_id, entry_id, message_id, created_at from looked_at
      where words @@ ${wanted}::tsquery
      order by created_at desc, entry_id desc limit ${limit + 1}) hit
    join chat_sessions s on s.session_id = hit.session_id
    left join messages m on m.message_id = hit.message_id
    order by hit.created_at desc, hit.entry_id desc`;
}

type Due = { session_id: string; title: string | null; updated_at: Date };
type Unread = { session_id: string; message_id: string; content: string; created_at: Date };

/** Takes some of what is due into the index; says whether more is. Locks the sessions, so that nothing written meanwhile is missed. */
async function takeInSome(open: Transaction<Database>, userId: string): Promise<boolean> {
  const due = await sql<Due>`
    select session_id, title, updated_at from chat_sessions
    where user_id = ${userId} and search_due and not temporary
    limit ${sessionsAtOnce} for update skip locked`.execute(open);
  if (due.rows.length === 0) return false;
  const sessionIds = due.rows.map(({ session_id }) => session_id);
  const unread = await sql<Unread>`
    select m.session_id, m.message_id, left(m.content, ${charactersRead}) as content, m.created_at
    from messages m
    where m.session_id = any(${sessionIds}::text[]) and m.content <> '' and m.status not in ('queued', 'streaming')
      and not exists (
        select from search_entries e where e.session_id = m.session_id and e.entry_id = m.message_id)
    limit ${messagesAtOnce}`.execute(open);
  for (const { session_id, title, updated_at } of due.rows) {
    if (title !== null) await takeIn(open, userId, { session_id, message_id: null, text: title, at: updated_at });
  }
  for (const { session_id, message_id, content, created_at } of unread.rows) {
    await takeIn(open, userId, { session_id, message_id, text: content, at: created_at });
  }
  if (unread.rows.length === messagesAtOnce) return true;
  await sql`update chat_sessions set search_due = false where session_id = any(${sessionIds}::text[])`.execute(open);
  return due.rows.length === sessionsAtOnce;
}

type Entry = { session_id: string; message_id: string | null; text: string; at: Date };

async function takeIn(open: Transaction<Database>, userId: string, { session_id, message_id, text, at }: Entry) {
  await sql`
    insert into search_entries (session_id, entry_id, user_id, message_id, words, created_at)
    values (${session_id}, ${message_id ?? session_id}, ${userId}, ${message_id},
      array_to_tsvector(${searchWords(text)}::text[]), ${at})
    on conflict (session_id, entry_id) do update set words = excluded.words, created_at = excluded.created_at`.execute(
    open,
  );
}
