import type { TurnLimits } from "@uci/chat";
import type { WorkflowRequest } from "@uci/protocol";
import type { Admission } from "@uci/stream";
import { type Kysely, sql } from "kysely";
import type { Database } from "./schema.ts";
import { keptBy, type StorageQuota } from "./storage.ts";
import { lockPerson, type Open, Refused } from "./turn-rows.ts";

/** People whose waiting answers one round looks at. */
const peopleAtOnce = 1_000;

/**
 * Whether one more answer of the person has to wait. Counted under a lock of that person's alone, so that of many
 * requests at once exactly as many are taken as may be. Throws `Refused`.
 */
export async function mustWait(open: Open, userId: string, limits: TurnLimits, quota: StorageQuota): Promise<boolean> {
  const { running, waiting, bytes } = await openAnswers(open, userId);
  // What was asked is among it already; what is answered may be as long as it is.
  await quota.check(open, bytes, 0);
  if (running < limits.running_answers) return false;
  if (waiting >= limits.waiting_answers) throw new Refused({ kind: "too_many_answers" });
  return true;
}

/** Lets answers begin that waited for others of the same person. */
export class PostgresAdmission implements Admission {
  readonly #database: Kysely<Database>;

  constructor(database: Kysely<Database>) {
    this.#database = database;
  }

  async admit(endedMessageId: string | null, running: number): Promise<readonly WorkflowRequest[]> {
    if (endedMessageId === null) await unwantedQuery().execute(this.#database);
    const people = endedMessageId === null ? waitingPeopleQuery() : waitingOwnerQuery(endedMessageId);
    const { rows } = await people.execute(this.#database);
    const admitted: WorkflowRequest[] = [];
    const failures: unknown[] = [];
    for (const { user_id } of rows) {
      await this.#admitOf(user_id, running).then(
        (jobs) => admitted.push(...jobs),
        (error: unknown) => failures.push(error),
      );
    }
    if (admitted.length === 0 && failures.length > 0) throw failures[0];
    return admitted;
  }

  async withdrawn(messageId: string): Promise<WorkflowRequest | null> {
    const row = await this.#database
      .selectFrom("workflow_jobs")
      .select("request")
      .where("message_id", "=", messageId)
      .where("state", "=", "open")
      .where("waiting", "=", true)
      .where("stop_requested", "=", true)
      .executeTakeFirst();
    return row?.request ?? null;
  }

  async #admitOf(userId: string, most: number): Promise<readonly WorkflowRequest[]> {
    return this.#database.transaction().execute(async (open) => {
      const { running } = await openAnswers(open, userId);
      if (running >= most) return [];
      const { rows } = await admitQuery(userId, most - running).execute(open);
      return rows.map(({ request }) => request).sort((a, b) => (a.message_id < b.message_id ? -1 : 1));
    });
  }
}

type OpenAnswers = { readonly running: number; readonly waiting: number; readonly bytes: number };

async function openAnswers(open: Open, userId: string): Promise<OpenAnswers> {
  await lockPerson(open, userId);
  const { rows } = await openAnswersQuery(userId).execute(open);
  return rows[0]!;
}

/** Served by the index `workflow_jobs_open_of_user`. */
export function openAnswersQuery(userId: string) {
  return sql<OpenAnswers>`
    select count(*) filter (where not waiting)::integer as running, count(*) filter (where waiting)::integer as waiting,
      ${keptBy(userId)} as bytes
    from workflow_jobs where user_id = ${userId} and state = 'open'`;
}

/** What somebody has stopped before it began never begins; the queue brings it to its end. */
function unwantedQuery() {
  return sql`
    update workflow_jobs set waiting = false where state = 'open' and waiting and stop_requested`;
}

/** Served by the index `workflow_jobs_waiting`. */
export function waitingPeopleQuery() {
  return sql<{ user_id: string }>`
    select distinct user_id from workflow_jobs where state = 'open' and waiting limit ${peopleAtOnce}`;
}

/** By the session, whose owner may have changed since. Served by the index `workflow_jobs_waiting`. */
export function waitingOwnerQuery(messageId: string) {
  return sql<{ user_id: string }>`
    select s.user_id from messages m join chat_sessions s on s.session_id = m.session_id
    where m.message_id = ${messageId}
      and exists (select from workflow_jobs j where j.user_id = s.user_id and j.state = 'open' and j.waiting)`;
}

/** Served by the index `workflow_jobs_waiting`. */
export function admitQuery(userId: string, most: number) {
  return sql<{ request: WorkflowRequest }>`
    update workflow_jobs set waiting = false where message_id = any(array(
      select message_id from workflow_jobs
      where user_id = ${userId} and state = 'open' and waiting and not stop_requested
      order by message_id limit ${most}))
    returning request`;
}
