import { createHash } from "node:crypto";
import {
  type AcceptedTurn,
  contextWith,
  type Idempotency,
  modelWishes,
  type TurnLimits,
  type TurnOutcome,
} from "@uci/chat";
import {
  type ChatAccepted,
  chatAcceptedSchema,
  chatRequestSchema,
  identifierSchema,
  RegisteredError,
  regenerateRequestSchema,
  stopResponseSchema,
  wireLimits,
} from "@uci/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { notReady } from "../health.ts";
import { requireIdentity } from "../identity.ts";
import { temporaryHistory, turnWish } from "./chat-request.ts";
import type { App, Surroundings } from "./surroundings.ts";
import { tellSession, tellUser } from "./telling.ts";

const messageParams = z.object({ id: identifierSchema });
const stopBodySchema = z.strictObject({ user_id: z.string().min(1).max(128).optional() }).nullish();

/** When whoever has too many answers under way may ask again. */
const answerPauseMs = 5_000;
const tooLargeSentence = "The message is too long to be passed on together with what was said before.";

const parentAttempts = 4;
const parentPauseMs = 100;

/** Routes that begin, repeat and end answers. */
export function chatRoutes(app: App, surroundings: Surroundings): void {
  const { ports, identifier } = surroundings;
  for (const url of ["/api/chat", "/chat"]) {
    app.post(
      url,
      {
        schema: {
          tags: ["chat"],
          hide: url === "/chat",
          body: chatRequestSchema,
          response: { 202: chatAcceptedSchema },
        },
      },
      async (request, reply) => {
        const { body } = request;
        const identity = await requireIdentity(identifier, request, body.user_id ?? undefined);
        const history = temporaryHistory(body);
        if (body.temporary === true && (body.attachments ?? []).length > 0) {
          throw new RegisteredError("invalid_request", "A temporary chat takes no attachments, which would be kept.");
        }
        if (body.history != null && body.temporary !== true) {
          throw new RegisteredError("invalid_request", "history goes with temporary alone.");
        }
        checkReady(surroundings);
        const turn = await turnChoice(
          surroundings,
          identity.userId,
          { session_id: body.session_id ?? undefined },
          body,
        );
        const outcome = await onceParentIsOver(() =>
          ports.store.turns.acceptTurn({
            user_id: identity.userId,
            session_id: body.session_id ?? undefined,
            message: body.message,
            parent_message_id: body.parent_message_id,
            ...turn,
            attachments: body.attachments ?? [],
            temporary: history === null ? null : { history },
            idempotency: idempotencyOf(request),
            correlation_id: request.id,
            limits: limitsOf(surroundings),
          }),
        );
        const temporary = body.temporary === true;
        const given = { userId: identity.userId, temporary, chosen: turn, reply };
        return reply.status(202).send(await accepted(surroundings, outcome, given));
      },
    );
  }

  for (const [verb, accept] of [
    ["regenerate", "acceptRegeneration"],
    ["continue", "acceptContinuation"],
  ] as const) {
    app.post(
      `/api/messages/:id/${verb}`,
      {
        schema: {
          tags: ["chat"],
          params: messageParams,
          body: regenerateRequestSchema.nullish(),
          response: { 202: chatAcceptedSchema },
        },
      },
      async (request, reply) => {
        const body: z.infer<typeof regenerateRequestSchema> = request.body ?? {};
        const identity = await requireIdentity(identifier, request, body.user_id ?? undefined);
        checkReady(surroundings);
        const place = { message_id: request.params.id };
        const turn = await turnChoice(surroundings, identity.userId, place, body);
        const outcome = await ports.store.turns[accept]({
          user_id: identity.userId,
          message_id: request.params.id,
          ...turn,
          idempotency: idempotencyOf(request),
          correlation_id: request.id,
          limits: limitsOf(surroundings),
        });
        const given = { userId: identity.userId, temporary: false, chosen: turn, reply };
        return reply.status(202).send(await accepted(surroundings, outcome, given));
      },
    );
  }

  stopRoute(app, surroundings);
  forgetRoute(app, surroundings);
}

/** The reader of a temporary answer has it: its texts go. */
function forgetRoute(app: App, { ports, identifier }: Surroundings): void {
  app.post(
    "/api/messages/:id/forget",
    { schema: { tags: ["chat"], params: messageParams, body: stopBodySchema, response: { 204: z.null() } } },
    async (request, reply) => {
      const { userId } = await requireIdentity(identifier, request, request.body?.user_id);
      const outcome = await ports.store.turns.forgetTexts(userId, request.params.id);
      if (outcome === null) throw new RegisteredError("not_found");
      if (outcome === "unfinished") throw new RegisteredError("parent_unfinished", undefined, 1_000);
      return reply.status(204).send(null);
    },
  );
}

function stopRoute(app: App, { ports, identifier, reader }: Surroundings): void {
  app.post(
    "/api/messages/:id/stop",
    {
      schema: {
        tags: ["chat"],
        params: messageParams,
        body: stopBodySchema,
        response: { 200: stopResponseSchema, 202: stopResponseSchema },
      },
    },
    async (request, reply) => {
      const identity = await requireIdentity(identifier, request, request.body?.user_id);
      const messageId = request.params.id;
      const message = await ports.store.messages.find(identity.userId, messageId);
      if (message === null || message.role !== "assistant") throw new RegisteredError("not_found");
      const outcome = await reader.stopAnswer(messageId);
      if (outcome.kind === "gone") throw new RegisteredError("not_found");
      if (outcome.kind === "stopping") return reply.status(202).send({ message_id: messageId, status: "stopping" });
      const finishReason = outcome.finishReason ?? undefined;
      const status = outcome.kind === "closed" && finishReason === "stopped" ? "stopped" : "final";
      const body = {
        message_id: messageId,
        status,
        ...(finishReason === undefined ? {} : { finish_reason: finishReason }),
      };
      return reply.status(200).send(body as z.infer<typeof stopResponseSchema>);
    },
  );
}

/**
 * Turns are taken only while they can also be answered: with the broker known to be away nothing is stored. A pod that
 * is going away takes none, as it opens no stream: their readers would have to go elsewhere. What the database refuses
 * is told by the turn itself.
 */
function checkReady(surroundings: Surroundings): void {
  const reason = notReady(surroundings, "self");
  if (reason !== null) throw reason;
}

/**
 * Readers see the end of an answer a moment before its row says so, and may reply within that moment. An answer that is
 * still being written is refused a little later for that.
 */
async function onceParentIsOver(accept: () => Promise<TurnOutcome>): Promise<TurnOutcome> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await accept();
    if (outcome.kind !== "parent_unfinished" || attempt === parentAttempts) return outcome;
    await new Promise((resolve) => setTimeout(resolve, parentPauseMs));
  }
}

type TurnPlace = { readonly session_id?: string | undefined; readonly message_id?: string };

/** Model and settings of a turn: the request's word, then the session's, then the user's. Refuses a model that is not there. */
async function turnChoice(
  { ports }: Surroundings,
  userId: string,
  place: TurnPlace,
  request: Parameters<typeof turnWish>[0],
) {
  const defaults = await ports.store.preferences.forTurn(userId, place);
  const { context: wished, ...given } = turnWish(request);
  for (const { ai_provider, model } of modelWishes(given, defaults)) {
    const chosen = ports.model.resolve(ai_provider, model);
    if (chosen === null) continue;
    const context = contextWith(wished, defaults.settings);
    return { ai_provider: chosen.provider, model: chosen.model, context };
  }
  throw new RegisteredError("model_not_found");
}

function limitsOf({ config, ports }: Surroundings): TurnLimits {
  return {
    job_bytes: ports.queue.jobBytesMost(),
    running_answers: config.runningAnswers,
    waiting_answers: config.waitingAnswers,
  };
}

function idempotencyOf(request: FastifyRequest): Idempotency | null {
  const header = request.headers["idempotency-key"];
  if (header === undefined) return null;
  const key = Array.isArray(header) ? header.join(",") : header;
  if (!/^[\x21-\x7e]+$/.test(key) || key.length > wireLimits.idempotencyKeyCharacters) {
    throw new RegisteredError("invalid_request", "Idempotency-Key must have 1 to 255 visible ASCII characters.");
  }
  const { url } = request.routeOptions;
  const bound = JSON.stringify([url === "/chat" ? "/api/chat" : url, request.params, canonical(request.body ?? null)]);
  return { key, body_hash: createHash("sha256").update(bound).digest("hex") };
}

/** The same JSON whatever the order of its keys was. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== "object") return value;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, item]) => [key, canonical(item)]));
}

type GivenTurn = {
  readonly userId: string;
  readonly temporary: boolean;
  readonly chosen: { readonly ai_provider: string | undefined; readonly model: string | undefined };
  readonly reply: Pick<FastifyReply, "elapsedTime">;
};

async function accepted(surroundings: Surroundings, outcome: TurnOutcome, given: GivenTurn): Promise<ChatAccepted> {
  if (outcome.kind === "not_found") throw new RegisteredError("not_found");
  if (outcome.kind === "parent_unfinished") throw new RegisteredError("parent_unfinished", undefined, 1_000);
  if (outcome.kind === "not_an_answer")
    throw new RegisteredError("conflict", "That message cannot be answered in this way.");
  if (outcome.kind === "temporary_session") throw new RegisteredError("temporary_session");
  if (outcome.kind === "too_large") throw new RegisteredError("payload_too_large", tooLargeSentence);
  if (outcome.kind === "too_many_answers") throw new RegisteredError("too_many_answers", undefined, answerPauseMs);
  if (outcome.kind === "key_reused") throw new RegisteredError("idempotency_key_reused");
  const { turn } = outcome;
  if (!turn.replayed) await announce(surroundings, given.userId, turn, given.temporary);
  logTurn(surroundings, turn, given);
  return {
    message_id: turn.answer.message_id,
    user_message_id: turn.user_message.message_id,
    session_id: turn.session.session_id,
    status: "accepted",
    timestamp: turn.accepted_at,
    correlation_id: turn.correlation_id,
  };
}

function logTurn({ ports }: Surroundings, turn: AcceptedTurn, { userId, chosen, reply }: GivenTurn): void {
  const fields = {
    ...{ user_id: userId, session_id: turn.session.session_id, message_id: turn.answer.message_id },
    ...{ user_message_id: turn.user_message.message_id, correlation_id: turn.correlation_id },
    ...{ provider: chosen.ai_provider ?? null, model: chosen.model ?? null },
    ...{ replayed: turn.replayed, duration_ms: Math.round(reply.elapsedTime) },
  };
  ports.log.info(fields, "turn accepted");
}

/** Tells the user's other tabs and queues the job. The turn is stored already: what fails here the sweeper makes good. */
async function announce(
  { ports }: Surroundings,
  userId: string,
  turn: AcceptedTurn,
  temporary: boolean,
): Promise<void> {
  const { session, user_message, answer, job } = turn;
  // A temporary session is the concern of the page that has it, and of no other.
  if (!temporary) {
    tellSession({ ports }, userId, turn.session_created ? "created" : "updated", session);
    tellUser({ ports }, userId, {
      event: "message_created",
      data: { session_id: session.session_id, user_message, answer },
    });
  }
  if (job === null) return;
  try {
    await ports.queue.enqueue(`${job.message_id}:${job.generation}`, job);
    await ports.outbox.markQueued(job.message_id, job.generation);
  } catch (error) {
    ports.log.warn({ err: error, message_id: job.message_id }, "job not published yet; the sweeper will");
  }
}
