import { createHash } from "node:crypto";
import { type Kysely, sql } from "kysely";
import { Migrator } from "kysely/migration";
import type { Database } from "./schema.ts";

/** Statements of each step, by its name; steps run in the order of their names. */
export type MigrationSteps = Readonly<Record<string, readonly string[]>>;

/**
 * The tables, step by step. A step that has run anywhere is never changed: the hash of each is kept with the database
 * and compared at every start. Ids sort by their bytes whatever the database's own collation is.
 */
export const steps: MigrationSteps = {
  "0001_conversations": [
    `create table users (
      id text collate "C" primary key,
      name text not null,
      email text not null unique,
      email_verified boolean not null default false,
      image text,
      is_anonymous boolean default false,
      role text default 'user',
      banned boolean default false,
      ban_reason text,
      ban_expires timestamptz,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now())`,
    `create table chat_sessions (
      session_id text collate "C" primary key,
      user_id text collate "C" not null references users on delete cascade,
      title text,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now())`,
    "create index chat_sessions_of_user on chat_sessions (user_id, updated_at desc, session_id desc)",
    `create table messages (
      message_id text collate "C" primary key,
      session_id text collate "C" not null references chat_sessions on delete cascade,
      parent_message_id text collate "C",
      role text not null check (role in ('user', 'assistant')),
      content text not null default '',
      status text not null check (status in ('queued', 'streaming', 'complete', 'stopped', 'interrupted', 'failed')),
      model text,
      token_count integer,
      metadata jsonb not null default '{}',
      generation integer not null default 0,
      last_chunk_id integer not null default -1,
      finish_reason text,
      created_at timestamptz(3) not null default now())`,
    "create index messages_of_session on messages (session_id, created_at desc, message_id desc)",
    `create table workflow_jobs (
      job_id text collate "C" primary key,
      message_id text collate "C" not null unique references messages on delete cascade,
      session_id text collate "C" not null,
      user_id text collate "C" not null,
      generation integer not null default 0,
      state text not null default 'open' check (state in ('open', 'done')),
      request jsonb,
      stop_requested boolean not null default false,
      created_at timestamptz(3) not null default now(),
      queued_at timestamptz(3),
      finished_at timestamptz(3))`,
    "create index workflow_jobs_open on workflow_jobs (message_id) where state = 'open'",
    "create index workflow_jobs_open_of_session on workflow_jobs (session_id, message_id) where state = 'open'",
    "create index workflow_jobs_finished on workflow_jobs (finished_at) where state = 'done'",
    `create table idempotency_keys (
      user_id text collate "C" not null references users on delete cascade,
      key text collate "C" not null,
      body_hash text not null,
      session_id text collate "C" references chat_sessions on delete cascade,
      user_message_id text collate "C",
      message_id text collate "C",
      correlation_id text not null,
      created_at timestamptz(3) not null default now(),
      primary key (user_id, key))`,
    "create index idempotency_keys_by_age on idempotency_keys (created_at)",
    "create index idempotency_keys_of_session on idempotency_keys (session_id)",
    `create table active_connections (
      connection_id text collate "C" not null,
      session_id text collate "C" not null,
      pod_id text collate "C" not null,
      connected_at timestamptz(3) not null default now(),
      last_seen_at timestamptz(3) not null default now(),
      primary key (connection_id, session_id))`,
    "create index active_connections_of_session on active_connections (session_id, pod_id)",
    "create index active_connections_of_pod on active_connections (pod_id)",
  ],
  "0002_accounts": [
    `create table auth_sessions (
      id text primary key,
      user_id text collate "C" not null references users on delete cascade,
      token text not null unique,
      expires_at timestamptz not null,
      ip_address text,
      user_agent text,
      impersonated_by text,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now())`,
    "create index auth_sessions_of_user on auth_sessions (user_id)",
    `create table auth_accounts (
      id text primary key,
      user_id text collate "C" not null references users on delete cascade,
      account_id text not null,
      provider_id text not null,
      access_token text,
      refresh_token text,
      id_token text,
      access_token_expires_at timestamptz,
      refresh_token_expires_at timestamptz,
      scope text,
      password text,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now())`,
    "create index auth_accounts_of_user on auth_accounts (user_id)",
    `create table auth_verifications (
      id text primary key,
      identifier text not null,
      value text not null,
      expires_at timestamptz not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now())`,
    "create index auth_verifications_by_identifier on auth_verifications (identifier)",
  ],
  "0003_services": [
    "alter table workflow_jobs add column plain boolean not null default false",
    "create index workflow_jobs_ended_of_session on workflow_jobs (session_id, finished_at desc) where state = 'done'",
    "create index active_connections_by_age on active_connections (last_seen_at)",
    `create table model_catalogue (
      name text collate "C" primary key,
      catalogue jsonb not null,
      updated_at timestamptz(3) not null default now())`,
    "create index model_catalogue_by_age on model_catalogue (updated_at)",
  ],
  "0004_side_bar": [
    `create table folders (
      folder_id text collate "C" primary key,
      user_id text collate "C" not null references users on delete cascade,
      name text not null,
      created_at timestamptz(3) not null default now())`,
    "create index folders_of_user on folders (user_id, created_at desc, folder_id desc)",
    `alter table chat_sessions
      add column pinned boolean not null default false,
      add column archived boolean not null default false,
      add column folder_id text collate "C" references folders on delete set null,
      add column settings jsonb not null default '{}',
      add column title_by text not null default 'message' check (title_by in ('message', 'model', 'person')),
      add column temporary boolean not null default false,
      add column imported_from text collate "C",
      add column search_due boolean not null default true`,
    "drop index chat_sessions_of_user",
    `create index chat_sessions_of_user
      on chat_sessions (user_id, archived, temporary, updated_at desc, session_id desc)`,
    "create index chat_sessions_pinned on chat_sessions (user_id, updated_at desc, session_id desc) where pinned",
    "create index chat_sessions_in_folder on chat_sessions (folder_id, updated_at desc, session_id desc)",
    `create unique index chat_sessions_imported on chat_sessions (user_id, imported_from)
      where imported_from is not null`,
    "create index chat_sessions_search_due on chat_sessions (user_id) where search_due",
    "create index chat_sessions_temporary on chat_sessions (created_at) where temporary",
    `create table search_entries (
      session_id text collate "C" not null references chat_sessions on delete cascade,
      entry_id text collate "C" not null,
      user_id text collate "C" not null references users on delete cascade,
      message_id text collate "C" references messages on delete cascade,
      words tsvector not null,
      created_at timestamptz(3) not null,
      primary key (session_id, entry_id))`,
    "create index search_entries_of_user on search_entries (user_id, created_at desc, entry_id desc)",
    "create index search_entries_of_message on search_entries (message_id)",
    "create index search_entries_by_word on search_entries using gin (words)",
    `create table shares (
      share_id text collate "C" primary key,
      session_id text collate "C" not null references chat_sessions on delete cascade,
      user_id text collate "C" not null references users on delete cascade,
      title text,
      messages jsonb not null,
      created_at timestamptz(3) not null default now())`,
    "create index shares_of_session on shares (session_id, created_at desc, share_id desc)",
    "create index shares_of_user on shares (user_id)",
    `create table prompts (
      prompt_id text collate "C" primary key,
      user_id text collate "C" not null references users on delete cascade,
      name text not null,
      content text not null,
      created_at timestamptz(3) not null default now())`,
    "create index prompts_of_user on prompts (user_id, created_at desc, prompt_id desc)",
    "create unique index prompts_by_name on prompts (user_id, name)",
    `create table user_preferences (
      user_id text collate "C" primary key references users on delete cascade,
      preferences jsonb not null default '{}')`,
  ],
  "0005_attachments": [
    `create table attachments (
      attachment_id text collate "C" primary key,
      user_id text collate "C" not null references users on delete cascade,
      name text not null,
      media_type text not null,
      size integer not null,
      bytes bytea not null,
      created_at timestamptz(3) not null default now())`,
    // What is kept is compressed already, or small.
    "alter table attachments alter column bytes set storage external",
    "create index attachments_of_user on attachments (user_id, created_at)",
    `create table message_attachments (
      message_id text collate "C" not null references messages on delete cascade,
      attachment_id text collate "C" not null references attachments on delete cascade,
      primary key (message_id, attachment_id))`,
    "create index message_attachments_of_attachment on message_attachments (attachment_id)",
  ],
  "0006_ended_sign_ins": [
    `create table ended_sign_ins (
      sign_in_id text not null,
      ended_at timestamptz not null default clock_timestamp())`,
    "create index ended_sign_ins_by_time on ended_sign_ins (ended_at)",
    `create function note_ended_sign_in() returns trigger language plpgsql as $$
      begin
        insert into ended_sign_ins (sign_in_id) values (old.id);
        return null;
      end $$`,
    `create trigger auth_sessions_end after delete on auth_sessions
      for each row execute function note_ended_sign_in()`,
  ],
  "0007_attempts": [
    // What a crash takes of it is a few counts.
    `create unlogged table attempts (
      key text collate "C" primary key,
      count integer not null,
      ends_at timestamptz not null)`,
    "create index attempts_by_end on attempts (ends_at)",
  ],
  "0008_plain_answers": [
    `alter table workflow_jobs
      add column plain_heard_at timestamptz(3),
      add column plain_text text,
      add column plain_reasoning text,
      add column plain_last_chunk_id integer,
      add column requeues integer not null default 0`,
  ],
  "0009_fairness": [
    "alter table workflow_jobs add column waiting boolean not null default false",
    "create index workflow_jobs_pending on workflow_jobs (message_id) where state = 'open' and not waiting",
    "create index workflow_jobs_open_of_user on workflow_jobs (user_id, message_id) where state = 'open'",
    "create index workflow_jobs_waiting on workflow_jobs (user_id, message_id) where state = 'open' and waiting",
  ],
  "0010_jobs": [
    `alter table workflow_jobs
      add column provider text,
      add column model text,
      add column started_at timestamptz(3),
      add column error text,
      add column prompt_tokens integer,
      add column completion_tokens integer,
      add column total_tokens integer generated always as (prompt_tokens + completion_tokens) stored`,
    "create index users_by_age on users (created_at)",
  ],
  "0011_storage": [
    "alter table chat_sessions add column bytes bigint not null default 0",
    `update chat_sessions s set bytes = kept.bytes
      from (select session_id, sum(octet_length(content)) as bytes from messages group by session_id) kept
      where s.session_id = kept.session_id and not s.temporary`,
    "create index attachments_sizes on attachments (user_id) include (size)",
    "create index chat_sessions_bytes on chat_sessions (user_id) include (bytes)",
    `create function count_message_bytes(content text, metadata jsonb) returns bigint language sql immutable
      as $$ select octet_length(content)::bigint + case when metadata = '{}' then 0 else octet_length(metadata::text) end $$`,
    // By statement: an import writes hundreds of rows by one. Temporary sessions are left out before they are locked,
    // since their texts are removed without their sessions being locked first.
    `create function count_session_bytes() returns trigger language plpgsql as $$
      begin
        if tg_op = 'INSERT' then
          update chat_sessions s set bytes = s.bytes + d.bytes
          from (select session_id, sum(count_message_bytes(content, metadata)) as bytes from added group by 1) d
          where s.session_id = d.session_id and d.bytes <> 0 and not s.temporary;
        elsif tg_op = 'DELETE' then
          update chat_sessions s set bytes = greatest(0, s.bytes - d.bytes)
          from (select session_id, sum(count_message_bytes(content, metadata)) as bytes from removed group by 1) d
          where s.session_id = d.session_id and d.bytes <> 0 and not s.temporary;
        else
          update chat_sessions s set bytes = greatest(0, s.bytes + d.bytes)
          from (select session_id, sum(bytes) as bytes from (
              select session_id, count_message_bytes(content, metadata) as bytes from added
              union all select session_id, -count_message_bytes(content, metadata) from removed) changed group by 1) d
          where s.session_id = d.session_id and d.bytes <> 0 and not s.temporary;
        end if;
        return null;
      end $$`,
    `create trigger messages_added after insert on messages referencing new table as added
      for each statement execute function count_session_bytes()`,
    `create trigger messages_removed after delete on messages referencing old table as removed
      for each statement execute function count_session_bytes()`,
    `create trigger messages_changed after update on messages referencing old table as removed new table as added
      for each statement execute function count_session_bytes()`,
  ],
  "0012_connection_owners": [
    `alter table active_connections
      add column user_id text collate "C",
      add column address text,
      add column user_agent text`,
    "delete from active_connections a where not exists (select from chat_sessions s where s.session_id = a.session_id)",
    `update active_connections a set user_id = s.user_id from chat_sessions s where s.session_id = a.session_id`,
    `alter table active_connections
      add foreign key (session_id) references chat_sessions on delete cascade,
      add foreign key (user_id) references users on delete cascade`,
    "create index active_connections_of_user on active_connections (user_id)",
    // For pods of the release before, which store whatever session their readers show and name no user: a session that is
    // gone would fail all that they store by the same statement.
    `create function own_connection() returns trigger language plpgsql as $$
      begin
        select user_id into new.user_id from chat_sessions where session_id = new.session_id for key share;
        return case when found then new end;
      end $$`,
    `create trigger active_connections_own before insert on active_connections
      for each row when (new.user_id is null) execute function own_connection()`,
  ],
  "0013_system_messages": [
    // Not validated: whatever is there satisfied a narrower check, and looking would lock out all who write meanwhile.
    `alter table messages
      drop constraint messages_role_check,
      add constraint messages_role_check check (role in ('user', 'assistant', 'system')) not valid`,
  ],
};

/** The database's history is not the one this program would make. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/** Brings the tables up to date. Two processes that start at once wait for each other. Throws `MigrationError`. */
export async function migrate(database: Kysely<Database>, given: MigrationSteps = steps): Promise<void> {
  // Before as well as after: no step may be added to a history that is not ours.
  await checkHistory(database, given);
  const migrator = new Migrator({
    db: database,
    migrationTableName: "schema_migrations",
    migrationLockTableName: "schema_migrations_lock",
    provider: {
      getMigrations: async () =>
        Object.fromEntries(
          Object.entries(given).map(([name, statements]) => [
            name,
            { up: (db: Kysely<unknown>) => up(db, name, statements) },
          ]),
        ),
    },
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new MigrationError(`The database's tables could not be brought up to date: ${messageOf(error)}.`, {
      cause: error,
    });
  }
  await checkHistory(database, given);
}

async function up(database: Kysely<unknown>, name: string, statements: readonly string[]): Promise<void> {
  await sql`create table if not exists schema_history (name text primary key, hash text not null)`.execute(database);
  for (const statement of statements) await sql.raw(statement).execute(database);
  await sql`insert into schema_history (name, hash) values (${name}, ${hashOf(statements)})`.execute(database);
}

/** Throws unless every step that the database has had is one of ours, unchanged. */
async function checkHistory(database: Kysely<Database>, given: MigrationSteps): Promise<void> {
  const known = await sql<{ there: boolean }>`select to_regclass('schema_history') is not null as there`.execute(
    database,
  );
  if (known.rows[0]?.there !== true) return;
  const { rows } = await sql<{
    name: string;
    hash: string;
  }>`select name, hash from schema_history order by name`.execute(database);
  for (const { name, hash } of rows) {
    const statements = given[name];
    if (statements === undefined) {
      throw new MigrationError(`The database was made by a newer version of this program: it has the step ${name}.`);
    }
    if (hashOf(statements) !== hash) {
      throw new MigrationError(`The step ${name} of the database's tables was changed after it had run.`);
    }
  }
}

function hashOf(statements: readonly string[]): string {
  return createHash("sha256").update(statements.join(";\n").replace(/\s+/g, " ")).digest("hex");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
