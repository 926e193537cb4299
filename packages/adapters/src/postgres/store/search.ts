import { beginningOf, type Page, type PageRequest, type SearchStore, searchTerms, searchWords } from "@uci/chat";
import type { SearchResult, SnippetPart } from "@uci/protocol";
import { type Kysely, sql, type Transaction } from "kysely";
import { type TextThread, TextTimeoutError } from "../texts/index.ts";
import { type PagePosition, pageOf, parsePageCursor } from "./page-cursor.ts";
import type { Database } from "./schema.ts";

/** Sessions and texts taken into the index in one transaction, and how long one search may spend on it. */
const sessionsAtOnce = 50;
const messagesAtOnce = 200;
const catchUpLimitMs = 1_500;
/** How long one search may look for the places that match; the texts after that are shown by their beginnings. */
const snippetsLimitMs = 1_500;
/** Characters of a message that are read for its words and its snippet, and bytes of such texts read at once. */
const charactersRead = 200_000;
const bytesAtOnce = 512 * 1024;
/** Characters of a text that is shown by its beginning. */
const beginningCharacters = 400;

/** Entries looked through before words are looked up. */
const newestEntries = 5_000;

type Found = {
  session_id: string;
  entry_id: string;
  message_id: string | null;
  created_at: Date;
  title: string | null;
  /** Its first characters. */
  content: string;
  bytes: number;
};

/**
 * Search over words that this program cuts and PostgreSQL indexes. Whoever searches has what is due of his sessions taken
 * in first, so that writing a message costs nothing for it.
 */
export class PostgresSearch implements SearchStore {
  readonly #database: Kysely<Database>;
  readonly #texts: TextThread;

  constructor(database: Kysely<Database>, texts: TextThread) {
    this.#database = database;
    this.#texts = texts;
  }

  async find(userId: string, query: string, page: PageRequest): Promise<Page<SearchResult>> {
    const wanted = textQuery(query);
    const after = page.cursor === null ? null : parsePageCursor(page.cursor);
    if (wanted === null) return { rows: [], next_cursor: null };
    await this.#catchUp(userId);
    const rows = await this.#rows(userId, wanted, page.limit, after);
    const snippets = await this.#snippets(rows.slice(0, page.limit), query);
    const view = (row: Found): SearchResult => ({
      session_id: row.session_id,
      title: row.title,
      message_id: row.message_id,
      snippet: snippets.get(row) ?? beginningOf(row.content),
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

  async #snippets(rows: readonly Found[], query: string): Promise<ReadonlyMap<Found, SnippetPart[]>> {
    const untilMs = Date.now() + snippetsLimitMs;
    const snippets = new Map<Found, SnippetPart[]>();
    for (const some of piecesOf(rows)) {
      if (Date.now() >= untilMs) break;
      const contents = await contentsOf(this.#database, some);
      for (const row of some) {
        if (Date.now() >= untilMs) break;
        const text = contents.get(row.message_id ?? "") ?? row.content;
        const snippet = await unlessTooLong(this.#texts.snippet(text, query));
        if (snippet !== null) snippets.set(row, snippet);
      }
    }
    return snippets;
  }

  async #catchUp(userId: string): Promise<void> {
    const untilMs = Date.now() + catchUpLimitMs;
    const texts = this.#texts;
    do {
      const more = await this.#database.transaction().execute((open) => takeInSome(open, { userId, texts, untilMs }));
      if (!more) return;
    } while (Date.now() < untilMs);
  }
}

/** Rows whose texts are read together: long ones are many megabytes, which nobody should take apart at once. */
function* piecesOf<Row extends { readonly bytes: number }>(rows: readonly Row[]): Generator<readonly Row[]> {
  let piece: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (piece.length > 0 && bytes + row.bytes > bytesAtOnce) {
      yield piece;
      piece = [];
      bytes = 0;
    }
    piece.push(row);
    bytes += row.bytes;
  }
  if (piece.length > 0) yield piece;
}

async function contentsOf(
  database: Kysely<Database>,
  rows: readonly { readonly message_id: string | null }[],
): Promise<ReadonlyMap<string, string>> {
  const ids = rows.flatMap(({ message_id }) => message_id ?? []);
  if (ids.length === 0) return new Map();
  const found = await sql<{ message_id: string; content: string }>`
    select message_id, left(content, ${charactersRead}) as content from messages
    where message_id = any(${ids}::text[])`.execute(database);
  return new Map(found.rows.map(({ message_id, content }) => [message_id, content]));
}

/** Null where a text takes longer to be looked through than it may. */
async function unlessTooLong<Answer>(answer: Promise<Answer>): Promise<Answer | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof TextTimeoutError) return null;
    throw error;
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
      coalesce(left(m.content, ${beginningCharacters}), s.title, '') as content,
      coalesce(octet_length(m.content), 0) as bytes
    from (
      select session_id, entry_id, message_id, created_at from looked_at
      where words @@ ${wanted}::tsquery
      order by created_at desc, entry_id desc limit ${limit + 1}) hit
    join chat_sessions s on s.session_id = hit.session_id
    left join messages m on m.message_id = hit.message_id
    order by hit.created_at desc, hit.entry_id desc`;
}

type Due = { session_id: string; title: string | null; updated_at: Date };
type Unread = { session_id: string; message_id: string; bytes: number; created_at: Date };

/** Takes some of what is due into the index; says whether more is. Locks the sessions, so that nothing written meanwhile is missed. */
async function takeInSome(open: Transaction<Database>, { userId, texts, untilMs }: TakingIn): Promise<boolean> {
  const due = await sql<Due>`
    select session_id, title, updated_at from chat_sessions
    where user_id = ${userId} and search_due and not temporary
    limit ${sessionsAtOnce} for no key update skip locked`.execute(open);
  if (due.rows.length === 0) return false;
  const sessionIds = due.rows.map(({ session_id }) => session_id);
  const unread = await sql<Unread>`
    select m.session_id, m.message_id, octet_length(m.content) as bytes, m.created_at
    from messages m
    where m.session_id = any(${sessionIds}::text[]) and m.content <> '' and m.status not in ('queued', 'streaming')
      and not exists (
        select from search_entries e where e.session_id = m.session_id and e.entry_id = m.message_id)
    limit ${messagesAtOnce}`.execute(open);
  for (const { session_id, title, updated_at } of due.rows) {
    if (title === null) continue;
    const words = searchWords(title);
    await takeIn(open, userId, { session_id, message_id: null, words, at: updated_at });
  }
  for (const some of piecesOf(unread.rows)) {
    const contents = await contentsOf(open, some);
    for (const { session_id, message_id, created_at } of some) {
      // One that takes too long is in the index without words, or it would be looked through again each time.
      const words = (await unlessTooLong(texts.words(contents.get(message_id) ?? ""))) ?? [];
      await takeIn(open, userId, { session_id, message_id, words, at: created_at });
      if (Date.now() >= untilMs) return true;
    }
  }
  if (unread.rows.length === messagesAtOnce) return true;
  await sql`update chat_sessions set search_due = false where session_id = any(${sessionIds}::text[])`.execute(open);
  return due.rows.length === sessionsAtOnce;
}

type TakingIn = { readonly userId: string; readonly texts: TextThread; readonly untilMs: number };
type Entry = { session_id: string; message_id: string | null; words: readonly string[]; at: Date };

async function takeIn(open: Transaction<Database>, userId: string, { session_id, message_id, words, at }: Entry) {
  await sql`
    insert into search_entries (session_id, entry_id, user_id, message_id, words, created_at)
    values (${session_id}, ${message_id ?? session_id}, ${userId}, ${message_id},
      array_to_tsvector(${[...words]}::text[]), ${at})
    on conflict (session_id, entry_id) do update set words = excluded.words, created_at = excluded.created_at`.execute(
    open,
  );
}
