import {
  createSessionSchema,
  identifierSchema,
  messagePageSchema,
  pageQuerySchema,
  RegisteredError,
  sessionListQuerySchema,
  sessionPageSchema,
  sessionSchema,
  updateSessionSchema,
} from "@uci/protocol";
import { z } from "zod";
import { requireIdentity } from "../identity.ts";
import { found, listed, pageRequest, userQuery } from "./lists.ts";
import type { App, Surroundings } from "./surroundings.ts";
import { tellSession, tellUser } from "./telling.ts";

const sessionParams = z.object({ id: identifierSchema });
const messageQuery = pageQuerySchema.extend(userQuery.shape);
const sessionQuery = sessionListQuerySchema.extend(userQuery.shape);

/** Routes over sessions and their history. Another user's session is a 404 everywhere. */
export function sessionRoutes(app: App, surroundings: Surroundings): void {
  const { identifier, ports } = surroundings;
  const { sessions, messages } = ports.store;

  app.get(
    "/api/sessions",
    { schema: { tags: ["sessions"], querystring: sessionQuery, response: { 200: sessionPageSchema } } },
    async (request) => {
      const { archived, pinned, folder_id } = request.query;
      const { userId } = await requireIdentity(identifier, request, request.query.user_id);
      const filter = {
        ...(archived === undefined ? {} : { archived }),
        ...(pinned === undefined ? {} : { pinned }),
        ...(folder_id === undefined ? {} : { folder_id }),
      };
      const page = await listed(() => sessions.list(userId, pageRequest(request.query), filter));
      return { sessions: [...page.rows], next_cursor: page.next_cursor };
    },
  );

  app.post(
    "/api/sessions",
    {
      schema: {
        tags: ["sessions"],
        body: createSessionSchema.nullish(),
        response: { 201: sessionSchema, 200: sessionSchema },
      },
    },
    async (request, reply) => {
      const body: z.infer<typeof createSessionSchema> = request.body ?? {};
      const { userId } = await requireIdentity(identifier, request, body.user_id);
      if (body.session_id === undefined) {
        const session = await sessions.create(userId, body.title ?? null);
        tellSession(surroundings, userId, "created", session);
        return reply.status(201).send(session);
      }
      const ensured = await sessions.ensure(userId, body.session_id);
      if (ensured === null) throw new RegisteredError("not_found");
      const session =
        body.title === undefined
          ? await sessions.find(userId, body.session_id)
          : await sessions.update(userId, body.session_id, { title: body.title });
      if (ensured.created) tellSession(surroundings, userId, "created", found(session));
      return reply.status(ensured.created ? 201 : 200).send(found(session));
    },
  );

  app.get(
    "/api/sessions/:id",
    { schema: { tags: ["sessions"], params: sessionParams, querystring: userQuery, response: { 200: sessionSchema } } },
    async (request) => {
      const { userId } = await requireIdentity(identifier, request, request.query.user_id);
      return found(await sessions.find(userId, request.params.id));
    },
  );

  app.patch(
    "/api/sessions/:id",
    {
      schema: {
        tags: ["sessions"],
        params: sessionParams,
        body: updateSessionSchema,
        response: { 200: sessionSchema },
      },
    },
    async (request) => {
      const { user_id, ...change } = request.body;
      const { userId } = await requireIdentity(identifier, request, user_id);
      const session = found(await sessions.update(userId, request.params.id, change));
      tellSession(surroundings, userId, "updated", session);
      return session;
    },
  );

  app.get(
    "/api/sessions/:id/messages",
    {
      schema: {
        tags: ["sessions"],
        params: sessionParams,
        querystring: messageQuery,
        response: { 200: messagePageSchema },
      },
    },
    async (request) => {
      const { userId } = await requireIdentity(identifier, request, request.query.user_id);
      const page = found(await listed(() => messages.list(userId, request.params.id, pageRequest(request.query))));
      return { messages: [...page.rows], next_cursor: page.next_cursor };
    },
  );

  deleteRoute(app, surroundings);
}

function deleteRoute(app: App, surroundings: Surroundings): void {
  const { identifier, ports, reader } = surroundings;
  app.delete(
    "/api/sessions/:id",
    { schema: { tags: ["sessions"], params: sessionParams, querystring: userQuery, response: { 204: z.null() } } },
    async (request, reply) => {
      const { userId } = await requireIdentity(identifier, request, request.query.user_id);
      const sessionId = request.params.id;
      const unfinished = found(await ports.store.sessions.remove(userId, sessionId));
      tellUser(surroundings, userId, { event: "session_updated", data: { session_id: sessionId, change: "deleted" } });
      // Nobody will read these any more; the provider need not be paid for them.
      for (const messageId of unfinished) void reader.stopAnswer(messageId).catch(() => undefined);
      if (unfinished.length > 0) void ports.admitWaiting();
      return reply.status(204).send(null);
    },
  );
}
