import type { UserStore } from "@uci/chat";
import { type Kysely, sql, type Transaction } from "kysely";
import type { Database } from "./schema.ts";
import { storable } from "./storable.ts";

/** The advisory lock of tasks that run one at a time; any number that nobody else uses. */
const registrationLock = 7_241_993_019;
const registrationWaitMs = 10_000;

export class PostgresUsers implements UserStore {
  readonly #database: Kysely<Database>;
  /** Tasks of this process wait here, not each with a connection of its own: the task that runs needs some, too. */
  #lastTask: Promise<void> = Promise.resolve();

  constructor(database: Kysely<Database>) {
    this.#database = database;
  }

  async ensure(userId: string): Promise<void> {
    const id = storable(userId);
    await this.#database
      .insertInto("users")
      // The address can receive nothing; it only has to be there and its own.
      .values({ id, name: id, email: `${Buffer.from(id).toString("base64url")}@trusted.invalid` })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async anyRegistered(): Promise<boolean> {
    const row = await this.#database
      .selectFrom("users")
      .select("id")
      .where("is_anonymous", "is distinct from", true)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  async oneAtATime<Result>(task: () => Promise<Result>): Promise<Result> {
    const before = this.#lastTask;
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.#lastTask = before.then(() => ended);
    try {
      await inTime(before);
      return await this.#locked(task);
    } finally {
      end();
    }
  }

  /** Holds one connection while the task runs on others: the lock goes with it should this process die. */
  #locked<Result>(task: () => Promise<Result>): Promise<Result> {
    return this.#database.transaction().execute(async (transaction) => {
      await sql`select set_config('lock_timeout', ${String(registrationWaitMs)}, true)`.execute(transaction);
      await sql`select pg_advisory_xact_lock(${registrationLock})`.execute(transaction);
      return task();
    });
  }

  async moveSessions(fromUserId: string, toUserId: string): Promise<readonly string[]> {
    return this.#database.transaction().execute(async (transaction) => {
      const sessions = transaction.selectFrom("chat_sessions").select("session_id").where("user_id", "=", fromUserId);
      const jobs = transaction.updateTable("workflow_jobs").set({ user_id: toUserId }).where("state", "=", "open");
      // Sessions before jobs, as everywhere, so that nobody waits for each other.
      await sessions.orderBy("session_id").forNoKeyUpdate().execute();
      await jobs.where("session_id", "in", sessions).execute();
      const moved = await transaction
        .updateTable("chat_sessions")
        .set({ user_id: toUserId })
        .where("user_id", "=", fromUserId)
        .returning("session_id")
        .execute();
      await moveCollections(transaction, fromUserId, toUserId);
      await transaction
        .updateTable("attachments")
        .set({ user_id: toUserId })
        .where("user_id", "=", fromUserId)
        .execute();
      return moved.map((row) => row.session_id);
    });
  }

  async remove(userId: string): Promise<{ session_ids: readonly string[]; unfinished: readonly string[] }> {
    return this.#database.transaction().execute(async (transaction) => {
      const sessions = await transaction
        .selectFrom("chat_sessions")
        .select("session_id")
        .where("user_id", "=", userId)
        .orderBy("session_id")
        .forUpdate()
        .execute();
      const session_ids = sessions.map((row) => row.session_id);
      const open = await sql<{ message_id: string }>`
        select message_id from workflow_jobs where state = 'open' and session_id = any(${session_ids}::text[])`.execute(
        transaction,
      );
      await transaction.deleteFrom("users").where("id", "=", userId).execute();
      return { session_ids, unfinished: open.rows.map((row) => row.message_id) };
    });
  }
}

/** What stands beside the sessions. A prompt whose name the other has already, and choices the other has made, stay behind. */
async function moveCollections(open: Transaction<Database>, from: string, to: string): Promise<void> {
  await sql`update folders set user_id = ${to} where user_id = ${from}`.execute(open);
  await sql`update shares set user_id = ${to} where user_id = ${from}`.execute(open);
  await sql`update search_entries set user_id = ${to} where user_id = ${from}`.execute(open);
  await sql`
    update prompts set user_id = ${to} where user_id = ${from}
      and not exists (select from prompts theirs where theirs.user_id = ${to} and theirs.name = prompts.name)`.execute(
    open,
  );
  await sql`
    insert into user_preferences (user_id, preferences)
    select ${to}, preferences from user_preferences where user_id = ${from}
    on conflict do nothing`.execute(open);
}

/** Throws when the tasks before do not end in time. */
async function inTime(before: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("waiting for another task timed out")), registrationWaitMs);
  });
  await Promise.race([before, late]).finally(() => clearTimeout(timer));
}
