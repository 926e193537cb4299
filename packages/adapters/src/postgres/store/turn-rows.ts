import type { PathMessage, TurnRefusal } from "@uci/chat";
import { isFinalStatus, wireLimits } from "@uci/protocol";
import { type Selectable, sql, type Transaction } from "kysely";
import type { ChatSessionsTable, Database, MessagesTable } from "./schema.ts";

export type MessageRow = Selectable<MessagesTable>;
export type SessionRow = Selectable<ChatSessionsTable>;
export type Open = Transaction<Database>;

/** Ends the transaction without storing anything. */
export class Refused extends Error {
  readonly refusal: TurnRefusal;

  constructor(refusal: TurnRefusal) {
    super(refusal.kind);
    this.refusal = refusal;
  }
}

/** The advisory locks of people whose answers or bytes are counted; any number that nobody else uses. */
const personLock = 724_199_302;
/** Messages on the way to the root that are looked at for the history at most; mostly the limit in bytes cuts earlier. */
const pathMessages = 2_000;

export async function isEmpty(open: Open, sessionId: string): Promise<boolean> {
  const first = await open
    .selectFrom("messages")
    .select("message_id")
    .where("session_id", "=", sessionId)
    .limit(1)
    .executeTakeFirst();
  return first === undefined;
}

export function historyOf(open: Open, parent: MessageRow | null): Promise<PathMessage[]> {
  return parent === null ? Promise.resolve([]) : pathTo(open, parent.message_id);
}

/** Until the transaction ends, nothing else of this person is counted. Sessions are locked before, if at all. */
export async function lockPerson(open: Open, userId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(${personLock}, hashtext(${userId}))`.execute(open);
}

/** Against everybody who changes or deletes the session, but not against rows that only refer to it. */
export function lockedSession(open: Open, sessionId: string): Promise<SessionRow | undefined> {
  return open
    .selectFrom("chat_sessions")
    .selectAll()
    .where("session_id", "=", sessionId)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

export function messageRow(open: Open, messageId: string): Promise<MessageRow | undefined> {
  return open.selectFrom("messages").selectAll().where("message_id", "=", messageId).executeTakeFirst();
}

/** The message to follow: given, or the newest; null for the first of the session. Throws `Refused`. */
export async function parentOf(
  open: Open,
  sessionId: string,
  given: string | null | undefined,
): Promise<MessageRow | null> {
  if (given === null) return null;
  const newest = open
    .selectFrom("messages")
    .selectAll()
    .where("session_id", "=", sessionId)
    .orderBy("created_at", "desc")
    .orderBy("message_id", "desc")
    .limit(1);
  const parent = given === undefined ? await newest.executeTakeFirst() : await messageRow(open, given);
  if (given === undefined && parent === undefined) return null;
  if (parent === undefined || parent.session_id !== sessionId) throw new Refused({ kind: "not_found" });
  if (parent.role === "user") throw new Refused({ kind: "not_an_answer" });
  if (!isFinalStatus(parent.status)) throw new Refused({ kind: "parent_unfinished" });
  return parent;
}

/** Now, or just after the message replied to: a clock that was set back must not turn a conversation round. */
export function notBefore(parent: MessageRow | null) {
  if (parent === null) return sql<Date>`now()`;
  const justAfter = new Date(parent.created_at.getTime() + 1);
  return sql<Date>`greatest(now(), ${justAfter}::timestamptz)`;
}

/**
 * From the root to the message, both included. What is too old to fit into a history is not read, but for messages of role
 * `system`, which mostly stand first: of them what fits into a system prompt.
 */
export async function pathTo(open: Open, messageId: string): Promise<PathMessage[]> {
  const { rows } = await sql<PathMessage>`
    with recursive path as (
      select message_id, parent_message_id, 1 as depth, octet_length(content)::bigint as whole_bytes, 0::bigint as after_bytes,
        case when role = 'system' then octet_length(content) else 0 end::bigint as system_bytes
      from messages where message_id = ${messageId}
      union all
      select m.message_id, m.parent_message_id, path.depth + 1, path.whole_bytes + octet_length(m.content),
        path.whole_bytes, path.system_bytes + case when m.role = 'system' then octet_length(m.content) else 0 end
      from messages m join path on m.message_id = path.parent_message_id
      where path.depth < ${pathMessages})
    select m.role, m.content, m.status, m.metadata -> 'attachments' as attachments
    from path join messages m on m.message_id = path.message_id
    where case when m.role = 'system' then system_bytes <= ${wireLimits.systemPromptBytes}
      else path.after_bytes < ${wireLimits.conversationHistoryBytes} end
    order by path.depth desc`.execute(open);
  return rows;
}
