import type { AcceptedTurn, Idempotency, TurnRequest } from "@uci/chat";
import { wireTimes } from "@uci/protocol";
import { sql } from "kysely";
import { messageRow, type Open, Refused } from "./turn-rows.ts";
import { messageView, sessionView } from "./views.ts";

type KeyedTurn = Pick<TurnRequest, "user_id" | "idempotency" | "correlation_id">;

/**
 * Takes the key, or finds who took it before. Inserting first makes a second request with the same key wait until
 * the first one has ended. One that has served its time is taken as if it were not there.
 */
export async function replayOf(open: Open, request: KeyedTurn): Promise<AcceptedTurn | null> {
  const { idempotency, user_id, correlation_id } = request;
  if (idempotency === null) return null;
  const { key, body_hash } = idempotency;
  const none = { session_id: null, user_message_id: null, message_id: null };
  const anew = { body_hash, correlation_id, created_at: sql<Date>`now()`, ...none };
  const servedUntil = new Date(Date.now() - wireTimes.idempotencyKeyMs);
  const taken = await open
    .insertInto("idempotency_keys")
    .values({ user_id, key, body_hash, correlation_id })
    .onConflict((conflict) =>
      conflict.columns(["user_id", "key"]).doUpdateSet(anew).where("idempotency_keys.created_at", "<", servedUntil),
    )
    .returning("key")
    .executeTakeFirst();
  return taken === undefined ? firstOutcome(open, user_id, idempotency) : null;
}

async function firstOutcome(open: Open, userId: string, { key, body_hash }: Idempotency): Promise<AcceptedTurn> {
  const first = await open
    .selectFrom("idempotency_keys")
    .selectAll()
    .where("user_id", "=", userId)
    .where("key", "=", key)
    .executeTakeFirstOrThrow();
  if (first.body_hash !== body_hash) throw new Refused({ kind: "key_reused" });
  const [session, userMessage, answer] = await Promise.all([
    open.selectFrom("chat_sessions").selectAll().where("session_id", "=", first.session_id!).executeTakeFirst(),
    messageRow(open, first.user_message_id!),
    messageRow(open, first.message_id!),
  ]);
  if (session === undefined || userMessage === undefined || answer === undefined) {
    throw new Refused({ kind: "not_found" });
  }
  return {
    replayed: true,
    session: sessionView(session),
    session_created: false,
    user_message: messageView(userMessage),
    answer: messageView(answer),
    job: null,
    accepted_at: answer.created_at.toISOString(),
    correlation_id: first.correlation_id,
  };
}
