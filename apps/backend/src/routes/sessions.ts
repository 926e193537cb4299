import { InvalidPageCursor } from "@uci/chat";
import {
  createSessionSchema,
  identifierSchema,
  messagePageSchema,
  pageQuerySchema,
  RegisteredError,
  type Session,
  sessionPageSchema,
  sessionSchema,
  subjects,
  type UserEvent,
  updateSessionSchema,
} from "@uci/protocol";
import { userToken } from "@uci/stream";
import { z } from "zod";
import { requireIdentity } from "../identity.ts";
import type { App, Surroundings } from "./surroundings.ts";

const sessionParams = z.object({ id: identifierSchema });
const userQuery = z.object({ user_id: z.string().min(1).max(128).optional() });
const listQuery = pageQuerySchema.extend(userQuery.shape);
const standardPageRows = 50;

/** Routes over sessions and their history. Another user's session is a 404 everywhere. */
export function sessionRoutes(app: App, surroundings: Surroundings): void {
  const { identifier, ports } = surroundings;
  const { sessions, messages } = ports.store;

  app.get(
    "/api/sessions",
    { schema: { tags: ["sessions"], querystring: listQuery, response: { 200: sessionPageSchema } } },
    async (request) => {
      const { userId } = await requireIdentity(identifier, request, request.query.user_id);
      const page = await listed(() => sessions.list(userId, pageOf(request.query)));
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
        tell(surroundings, userId, "created", session);
        return reply.status(201).send(session);
      }
      const ensured = await sessions.ensure(userId, body.session_id);
      if (ensured === null) throw new RegisteredError("not_found");
      const titled = body.title === undefined ? null : await sessions.rename(userId, body.session_id, body.title);
      const session = titled ?? ensured.session;
      if (ensured.created) tell(surroundings, userId, "created", session);
      return reply.status(ensured.created ? 201 : 200).send(session);
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
      const { userId } = await requireIdentity(identifier, request, request.body.user_id);
      const session = found(await sessions.rename(userId, request.params.id, request.body.title));
      tell(surroundings, userId, "updated", session);
      return session;
    },
  );

  app.get(
    "/api/sessions/:id/messages",
    {
      schema: {
        tags: ["sessions"],
        params: sessionParams,
        querystring: listQuery,
        response: { 200: messagePageSchema },
      },
    },
    async (request) => {
      const { userId } = await requireIdentity(identifier, request, request.query.user_id);
      const page = found(await listed(() => messages.list(userId, request.params.id, pageOf(request.query))));
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
      publish(surroundings, userId, { event: "session_updated", data: { session_id: sessionId, change: "deleted" } });
      // Nobody will read these any more; the provider need not be paid for them.
      for (const messageId of unfinished) void reader.stopAnswer(messageId).catch(() => undefined);
      return reply.status(204).send(null);
    },
  );
}

function pageOf(query: z.infer<typeof pageQuerySchema>) {
  return { cursor: query.cursor ?? null, limit: query.limit ?? standardPageRows };
}

async function listed<Result>(list: () => Promise<Result>): Promise<Result> {
  try {
    return await list();
  } catch (error) {
    if (error instanceof InvalidPageCursor) throw new RegisteredError("invalid_cursor");
    throw error;
  }
}

function found<Value>(value: Value | null): Value {
  if (value === null) throw new RegisteredError("not_found");
  return value;
}

function tell(surroundings: Surroundings, userId: string, change: "created" | "updated", session: Session): void {
  publish(surroundings, userId, {
    event: "session_updated",
    data: { session_id: session.session_id, change, session },
  });
}

function publish({ ports }: Surroundings, userId: string, event: UserEvent): void {
  ports.live.publish(subjects.userEvent(userToken(userId)), event);
}
