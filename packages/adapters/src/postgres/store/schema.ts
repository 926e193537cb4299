import type {
  AnswerStatus,
  MessageRole,
  Preferences,
  SessionSettings,
  SharedMessage,
  WorkflowRequest,
} from "@uci/protocol";
import type { ColumnType, Generated, JSONColumnType } from "kysely";

type Timestamp = ColumnType<Date, Date | string, Date | string>;
type GeneratedTimestamp = ColumnType<Date, Date | string | undefined, Date | string>;

export type UsersTable = {
  id: string;
  name: string;
  email: string;
  email_verified: Generated<boolean>;
  image: string | null;
  is_anonymous: Generated<boolean | null>;
  role: Generated<string | null>;
  banned: Generated<boolean | null>;
  ban_reason: string | null;
  ban_expires: Timestamp | null;
  created_at: GeneratedTimestamp;
  updated_at: GeneratedTimestamp;
};

export type ChatSessionsTable = {
  session_id: string;
  user_id: string;
  title: string | null;
  pinned: Generated<boolean>;
  archived: Generated<boolean>;
  folder_id: string | null;
  settings: Generated<JSONColumnType<Partial<SessionSettings>>>;
  /** Who gave the title: the first message, a model, or a person, whose word stands. */
  title_by: Generated<"message" | "model" | "person">;
  temporary: Generated<boolean>;
  /** Where an imported session came from; the same is taken in once. */
  imported_from: string | null;
  /** Something of it has not been taken into `search_entries` yet. */
  search_due: Generated<boolean>;
  /** Of its messages' texts; kept by the database. */
  bytes: Generated<string>;
  created_at: GeneratedTimestamp;
  updated_at: GeneratedTimestamp;
};

export type FoldersTable = { folder_id: string; user_id: string; name: string; created_at: GeneratedTimestamp };

export type SearchEntriesTable = {
  session_id: string;
  /** The message's id, or the session's for its title. */
  entry_id: string;
  user_id: string;
  message_id: string | null;
  words: string;
  created_at: Timestamp;
};

export type SharesTable = {
  share_id: string;
  session_id: string;
  user_id: string;
  title: string | null;
  messages: JSONColumnType<SharedMessage[]>;
  created_at: GeneratedTimestamp;
};

export type PromptsTable = {
  prompt_id: string;
  user_id: string;
  name: string;
  content: string;
  created_at: GeneratedTimestamp;
};

export type UserPreferencesTable = {
  user_id: string;
  preferences: Generated<JSONColumnType<Partial<Preferences>>>;
};

export type MessagesTable = {
  message_id: string;
  session_id: string;
  parent_message_id: string | null;
  role: MessageRole;
  content: Generated<string>;
  status: AnswerStatus;
  model: string | null;
  token_count: number | null;
  metadata: Generated<JSONColumnType<Record<string, unknown>>>;
  generation: Generated<number>;
  last_chunk_id: Generated<number>;
  finish_reason: string | null;
  created_at: GeneratedTimestamp;
};

export type WorkflowJobsTable = {
  job_id: string;
  message_id: string;
  session_id: string;
  user_id: string;
  generation: Generated<number>;
  state: Generated<"open" | "done">;
  request: JSONColumnType<WorkflowRequest> | null;
  stop_requested: Generated<boolean>;
  plain: Generated<boolean>;
  plain_heard_at: Timestamp | null;
  plain_text: string | null;
  plain_reasoning: string | null;
  plain_last_chunk_id: number | null;
  requeues: Generated<number>;
  /** Not published until another answer of the user's ends. */
  waiting: Generated<boolean>;
  created_at: GeneratedTimestamp;
  queued_at: Timestamp | null;
  /** Who was asked. */
  provider: string | null;
  model: string | null;
  /** When the attempt that ended the answer had begun; known with its end. */
  started_at: Timestamp | null;
  finished_at: Timestamp | null;
  /** Code of the error that ended it. */
  error: string | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  total_tokens: ColumnType<number | null, never, never>;
};

export type IdempotencyKeysTable = {
  user_id: string;
  key: string;
  body_hash: string;
  session_id: string | null;
  user_message_id: string | null;
  message_id: string | null;
  correlation_id: string;
  created_at: GeneratedTimestamp;
};

export type AttachmentsTable = {
  attachment_id: string;
  user_id: string;
  name: string;
  media_type: string;
  size: number;
  bytes: Buffer;
  created_at: GeneratedTimestamp;
};

export type MessageAttachmentsTable = { message_id: string; attachment_id: string };

export type ActiveConnectionsTable = {
  connection_id: string;
  session_id: string;
  pod_id: string;
  /** The session's owner when the connection was stored. Null: stored by the release before, and not told. */
  user_id: string | null;
  address: string | null;
  user_agent: string | null;
  connected_at: GeneratedTimestamp;
  last_seen_at: GeneratedTimestamp;
};

export type ModelCatalogueTable = {
  /** Who published it. */
  name: string;
  catalogue: ColumnType<unknown, string, string>;
  updated_at: GeneratedTimestamp;
};

/** The tables of the store, for Kysely. The sign-in library's own tables are made by the migrations and used by it alone. */
export type Database = {
  users: UsersTable;
  chat_sessions: ChatSessionsTable;
  folders: FoldersTable;
  search_entries: SearchEntriesTable;
  shares: SharesTable;
  prompts: PromptsTable;
  user_preferences: UserPreferencesTable;
  messages: MessagesTable;
  attachments: AttachmentsTable;
  message_attachments: MessageAttachmentsTable;
  workflow_jobs: WorkflowJobsTable;
  idempotency_keys: IdempotencyKeysTable;
  active_connections: ActiveConnectionsTable;
  model_catalogue: ModelCatalogueTable;
};
