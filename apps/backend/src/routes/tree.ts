import type { BranchOutcome, EditOutcome, InstructOutcome, RatingOutcome } from "@uci/chat";
import {
  addMessageRequestSchema,
  branchRequestSchema,
  editRequestSchema,
  identifierSchema,
  messageSchema,
  RegisteredError,
  ratingRequestSchema,
  sessionSchema,
} from "@uci/protocol";
import { z } from "zod";
import { requireIdentity } from "../identity.ts";
import type { App, Surroundings } from "./surroundings.ts";
import { tellSession, tellUser } from "./telling.ts";

const idParams = z.object({ id: identifierSchema });
const userQuery = z.object({ user_id: z.string().min(1).max(128).optional() });

/** Routes by which a reader rates, edits, instructs, removes and branches. */
export function treeRoutes(app: App, surroundings: Surroundings): void {
  const { identifier, ports, reader } = surroundings;
  const { tree } = ports.store;

  app.put(
    "/api/messages/:id/rating",
    { schema: { tags: ["chat"], params: idParams, body: ratingRequestSchema, response: { 200: messageSchema } } },
    async (request) => {
      const { userId } = await requireIdentity(identifier, request, request.body.user_id);
      const outcome = await tree.rate(userId, request.params.id, request.body.rating);
      if (outcome.kind !== "rated") throw refusal(outcome);
      const { message } = outcome;
      const { session_id, message_id } = message;
      tellUser(surroundings, userId, {
        event: "message_updated",
        data: { session_id, message_id, change: "updated", message },
      });
      return message;
    },
  );

  app.post(
    "/api/messages/:id/edit",
    { schema: { tags: ["chat"], params: idParams, body: editRequestSchema, response: { 201: messageSchema } } },
    async (request, reply) => {
      const { userId } = await requireIdentity(identifier, request, request.body.user_id);
      const outcome = await tree.edit(userId, request.params.id, request.body.content);
      if (outcome.kind !== "edited") throw refusal(outcome);
      const { message } = outcome;
      const { session_id, message_id } = message;
      tellUser(surroundings, userId, {
        event: "message_updated",
        data: { session_id, message_id, change: "updated", message },
      });
      return reply.status(201).send(message);
    },
  );

  app.post(
    "/api/sessions/:id/messages",
    {
      schema: { tags: ["sessions"], params: idParams, body: addMessageRequestSchema, response: { 201: messageSchema } },
    },
    async (request, reply) => {
      const { content, parent_message_id, user_id } = request.body;
      const { userId } = await requireIdentity(identifier, request, user_id);
      const outcome = await tree.instruct(userId, request.params.id, { content, parent_message_id });
      if (outcome.kind !== "instructed") throw refusal(outcome);
      const { message } = outcome;
      const { session_id, message_id } = message;
      tellUser(surroundings, userId, {
        event: "message_updated",
        data: { session_id, message_id, change: "updated", message },
      });
      return reply.status(201).send(message);
    },
  );

  app.delete(
    "/api/messages/:id",
    { schema: { tags: ["chat"], params: idParams, querystring: userQuery, response: { 204: z.null() } } },
    async (request, reply) => {
      const { userId } = await requireIdentity(identifier, request, request.query.user_id);
      const message_id = request.params.id;
      const removed = await tree.remove(userId, message_id);
      if (removed === null) throw new RegisteredError("not_found");
      const { session_id, unfinished } = removed;
      tellUser(surroundings, userId, { event: "message_updated", data: { session_id, message_id, change: "removed" } });
      // Nobody will read these any more; the provider need not be paid for them.
      for (const answerId of unfinished) void reader.stopAnswer(answerId).catch(() => undefined);
      if (unfinished.length > 0) void ports.admitWaiting();
      return reply.status(204).send(null);
    },
  );

  app.post(
    "/api/sessions/:id/branch",
    { schema: { tags: ["sessions"], params: idParams, body: branchRequestSchema, response: { 201: sessionSchema } } },
    async (request, reply) => {
      const { userId } = await requireIdentity(identifier, request, request.body.user_id);
      const outcome = await tree.branch(userId, request.params.id, request.body.message_id);
      if (outcome.kind !== "branched") throw refusal(outcome);
      tellSession(surroundings, userId, "created", outcome.session);
      return reply.status(201).send(outcome.session);
    },
  );
}

type Refusal = Exclude<
  BranchOutcome | EditOutcome | InstructOutcome | RatingOutcome,
  { kind: "branched" } | { kind: "edited" } | { kind: "instructed" } | { kind: "rated" }
>;

function refusal({ kind }: Refusal): RegisteredError {
  if (kind === "not_found") return new RegisteredError("not_found");
  if (kind === "temporary_session") return new RegisteredError("temporary_session");
  if (kind === "unfinished") return new RegisteredError("parent_unfinished", undefined, 1_000);
  return new RegisteredError("conflict", "This can be done with an answer alone.");
}
