import {
  type AcceptedTurn,
  conversationHistory,
  jobThatFits,
  type PathMessage,
  type RegenerationRequest,
  systemPrompt,
  type TurnOutcome,
  type TurnRequest,
  type TurnStore,
  titleFromMessage,
} from "@uci/chat";
import {
  type AnswerStatus,
  type AttachmentReference,
  type GenerationContext,
  type HistoryMessage,
  isFinalStatus,
  type WorkflowRequest,
  wireLimits,
} from "@uci/protocol";
import { type Kysely, sql } from "kysely";
import { mustWait } from "./admission.ts";
import { useAttachments } from "./attachments.ts";
import type { Database } from "./schema.ts";
import { storable, storableJson } from "./storable.ts";
import type { StorageQuota } from "./storage.ts";
import { replayOf } from "./turn-keys.ts";
import {
  historyOf,
  isEmpty,
  lockedSession,
  type MessageRow,
  messageRow,
  notBefore,
  type Open,
  parentOf,
  pathTo,
  Refused,
  type SessionRow,
} from "./turn-rows.ts";
import { messageView, sessionView } from "./views.ts";

export type MakeTurnId = (kind: "session" | "message" | "job") => string;

type Choice = Omit<RegenerationRequest, "message_id">;

/** What a new answer needs besides its place in the tree. */
type AnswerPlan = {
  readonly session: SessionRow;
  readonly sessionCreated: boolean;
  readonly userMessage: MessageRow;
  /** The user's words; those of a temporary session are in the job alone. */
  readonly question: string;
  readonly history: readonly PathMessage[];
  /** The text the answer begins with, where it goes on with another one's. */
  readonly answerBegins?: string;
};

export class PostgresTurns implements TurnStore {
  readonly #database: Kysely<Database>;
  readonly #makeId: MakeTurnId;
  readonly #quota: StorageQuota;

  constructor(database: Kysely<Database>, makeId: MakeTurnId, quota: StorageQuota) {
    this.#database = database;
    this.#quota = quota;
    this.#makeId = makeId;
  }

  acceptTurn(request: TurnRequest): Promise<TurnOutcome> {
    return this.#accept(request, async (open) => {
      const { session, created } = await this.#session(open, request);
      const parent = await parentOf(open, session.session_id, request.parent_message_id);
      const { temporary, message } = request;
      const history = temporary === null ? await historyOf(open, parent) : givenHistory(temporary.history);
      const inserted = await open
        .insertInto("messages")
        .values({
          message_id: this.#makeId("message"),
          session_id: session.session_id,
          parent_message_id: parent?.message_id ?? null,
          role: "user",
          content: temporary === null ? message : "",
          status: "complete",
          created_at: notBefore(parent),
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      const userMessage = await withFiles(open, request, inserted);
      const question = temporary === null ? userMessage.content : storable(message);
      return { session, sessionCreated: created, userMessage, question, history };
    });
  }

  acceptRegeneration(request: RegenerationRequest): Promise<TurnOutcome> {
    return this.#accept(request, async (open) => (await this.#beside(open, request)).plan);
  }

  acceptContinuation(request: RegenerationRequest): Promise<TurnOutcome> {
    return this.#accept(request, async (open) => {
      const { plan, answer } = await this.#beside(open, request);
      const { content, status } = answer;
      const tooLong = Buffer.byteLength(content) > wireLimits.continuedAnswerBytes;
      if (status === "complete" || content === "" || tooLong) throw new Refused({ kind: "not_an_answer" });
      return { ...plan, answerBegins: content };
    });
  }

  /** The place of another answer beside an existing one. */
  async #beside(open: Open, request: RegenerationRequest): Promise<{ plan: AnswerPlan; answer: MessageRow }> {
    const answer = await open
      .selectFrom("messages")
      .innerJoin("chat_sessions", "chat_sessions.session_id", "messages.session_id")
      .selectAll("messages")
      .where("message_id", "=", request.message_id)
      .where("chat_sessions.user_id", "=", request.user_id)
      .executeTakeFirst();
    if (answer === undefined) throw new Refused({ kind: "not_found" });
    if (answer.role !== "assistant" || answer.parent_message_id === null) throw new Refused({ kind: "not_an_answer" });
    if (!isFinalStatus(answer.status)) throw new Refused({ kind: "parent_unfinished" });
    const session = await lockedSession(open, answer.session_id);
    if (session?.temporary === true) throw new Refused({ kind: "temporary_session" });
    const userMessage = await messageRow(open, answer.parent_message_id);
    if (session === undefined || userMessage === undefined) throw new Refused({ kind: "not_found" });
    const history = userMessage.parent_message_id === null ? [] : await pathTo(open, userMessage.parent_message_id);
    const question = userMessage.content;
    return { plan: { session, sessionCreated: false, userMessage, question, history }, answer };
  }

  async forgetTexts(userId: string, messageId: string): Promise<"forgotten" | "unfinished" | null> {
    const { rows } = await sql<{ status: AnswerStatus }>`
      update messages m set
        content = case when m.status in ('queued', 'streaming') then m.content else '' end,
        metadata = case when m.status in ('queued', 'streaming') then m.metadata else '{}' end
      from chat_sessions s
      where m.message_id = ${messageId} and m.role = 'assistant' and s.session_id = m.session_id
        and s.user_id = ${userId} and s.temporary
      returning m.status`.execute(this.#database);
    if (rows[0] === undefined) return null;
    return isFinalStatus(rows[0].status) ? "forgotten" : "unfinished";
  }

  /** One transaction: the key, then the place in the tree, then answer and job. */
  async #accept(request: Choice, plan: (open: Open) => Promise<AnswerPlan>): Promise<TurnOutcome> {
    try {
      const turn = await this.#database.transaction().execute(async (open) => {
        const replay = await replayOf(open, request);
        if (replay !== null) return replay;
        return this.#store(open, request, await plan(open));
      });
      return { kind: "accepted", turn };
    } catch (error) {
      if (error instanceof Refused) return error.refusal;
      throw error;
    }
  }

  async #session(open: Open, request: TurnRequest): Promise<{ session: SessionRow; created: boolean }> {
    const temporary = request.temporary !== null;
    const { session_id: given } = request;
    // Mostly it is there: since its last turn, or since a stream was opened on it.
    const known = given === undefined ? undefined : await lockedSession(open, given);
    const sessionId = given ?? this.#makeId("session");
    const inserted = known === undefined ? await newSession(open, request, sessionId) : undefined;
    if (inserted !== undefined) return { session: inserted, created: true };
    const session = known ?? (await lockedSession(open, sessionId));
    if (session === undefined || session.user_id !== request.user_id) throw new Refused({ kind: "not_found" });
    if (session.temporary === temporary) {
      const title = temporary ? null : (session.title ?? titled(request.message));
      return { session: { ...session, title }, created: false };
    }
    // A stream may have been opened on the id before its first turn; nothing is in the session yet.
    if (temporary && (await isEmpty(open, sessionId))) {
      const change = { temporary, search_due: false };
      await open.updateTable("chat_sessions").set(change).where("session_id", "=", sessionId).execute();
      return { session: { ...session, ...change }, created: true };
    }
    throw new Refused({ kind: "temporary_session" });
  }

  async #store(open: Open, request: Choice, plan: AnswerPlan): Promise<AcceptedTurn> {
    const { userMessage } = plan;
    const answer = await open
      .insertInto("messages")
      .values({
        message_id: this.#makeId("message"),
        session_id: userMessage.session_id,
        parent_message_id: userMessage.message_id,
        role: "assistant",
        status: "queued",
        model: request.model ?? null,
        created_at: notBefore(userMessage),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    const job = jobThatFits(jobOf(request, plan, answer), request.limits.job_bytes);
    if (job === null) throw new Refused({ kind: "too_large" });
    const waiting = await mustWait(open, request.user_id, request.limits, this.#quota);
    const session = await this.#storeJob(open, request, plan, { answer, job, waiting });
    return {
      replayed: false,
      session: sessionView(session),
      session_created: plan.sessionCreated,
      user_message: messageView(userMessage),
      answer: messageView(answer),
      job: waiting ? null : job,
      accepted_at: answer.created_at.toISOString(),
      correlation_id: request.correlation_id,
    };
  }

  /** The job, the session's new time and what the key stands for, in one statement. */
  #storeJob(
    open: Open,
    { user_id, idempotency }: Choice,
    { session, userMessage }: AnswerPlan,
    { answer, job, waiting }: { answer: MessageRow; job: WorkflowRequest; waiting: boolean },
  ): Promise<SessionRow> {
    const { message_id, session_id, created_at } = answer;
    const { ai_provider: provider = null, model = null } = job.context;
    const row = {
      ...{ job_id: this.#makeId("job"), message_id, session_id, user_id, waiting, provider, model },
      request: storableJson(job),
    };
    const stored = open.with("job", (query) => query.insertInto("workflow_jobs").values(row));
    const outcome = { session_id, user_message_id: userMessage.message_id, message_id };
    const kept =
      idempotency === null
        ? stored
        : stored.with("kept", (query) =>
            query
              .updateTable("idempotency_keys")
              .set(outcome)
              .where("user_id", "=", user_id)
              .where("key", "=", idempotency.key),
          );
    return kept
      .updateTable("chat_sessions")
      .set({ updated_at: created_at, title: session.title, search_due: !session.temporary })
      .where("session_id", "=", session_id)
      .returningAll()
      .executeTakeFirstOrThrow();
  }
}

/** Undefined when the id is taken. */
function newSession(open: Open, request: TurnRequest, sessionId: string): Promise<SessionRow | undefined> {
  const temporary = request.temporary !== null;
  return open
    .insertInto("chat_sessions")
    .values({
      session_id: sessionId,
      user_id: request.user_id,
      title: temporary ? null : titled(request.message),
      temporary,
      search_due: !temporary,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}

/** The message with its files, which it also names itself: a list of messages shows them without looking elsewhere. */
async function withFiles(open: Open, request: TurnRequest, message: MessageRow): Promise<MessageRow> {
  if (request.attachments.length === 0) return message;
  const files = await useAttachments(open, request.user_id, message.message_id, request.attachments);
  if (files === null) throw new Refused({ kind: "not_found" });
  return open
    .updateTable("messages")
    .set({ metadata: sql`${storableJson({ attachments: files })}::jsonb` })
    .where("message_id", "=", message.message_id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

function filesOf(message: MessageRow): AttachmentReference[] {
  const { attachments }: Record<string, unknown> = message.metadata;
  return Array.isArray(attachments) ? (attachments as AttachmentReference[]) : [];
}

function titled(message: string): string | null {
  return titleFromMessage(storable(message));
}

function jobOf(request: Choice, plan: AnswerPlan, answer: MessageRow): WorkflowRequest {
  const { temperature, max_tokens, system_prompt: given }: GenerationContext = request.context;
  const system_prompt = systemPrompt(given, plan.history);
  const { answerBegins } = plan;
  const attachments = filesOf(plan.userMessage);
  const historyBytes = wireLimits.conversationHistoryBytes - Buffer.byteLength(answerBegins ?? "");
  return {
    message_id: answer.message_id,
    session_id: answer.session_id,
    user_id: request.user_id,
    message: plan.question,
    context: {
      ...(request.ai_provider === undefined ? {} : { ai_provider: request.ai_provider }),
      ...(request.model === undefined ? {} : { model: request.model }),
      ...(temperature === undefined ? {} : { temperature }),
      ...(max_tokens === undefined ? {} : { max_tokens }),
      ...(system_prompt === undefined ? {} : { system_prompt }),
      conversation_history: conversationHistory(plan.history, historyBytes),
      ...(answerBegins === undefined ? {} : { answer_begins: answerBegins }),
      ...(attachments.length === 0 ? {} : { attachments }),
    },
    generation: 0,
    timestamp: answer.created_at.toISOString(),
    correlation_id: request.correlation_id,
  };
}

/** What the caller says was said. */
function givenHistory(history: readonly HistoryMessage[]): PathMessage[] {
  return history.map(({ role, content }) => ({ role, content, status: "complete" }));
}
