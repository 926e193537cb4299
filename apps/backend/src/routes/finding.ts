import type { ShareRefusal } from "@uci/chat";
import {
  createShareSchema,
  identifierSchema,
  pageQuerySchema,
  RegisteredError,
  searchPageSchema,
  searchQuerySchema,
  sharedBranchSchema,
  sharePageSchema,
  shareSchema,
} from "@uci/protocol";
import { z } from "zod";
import { requireIdentity } from "../identity.ts";
import { PersonGate } from "../person-gate.ts";
import { found, listed, pageRequest, userQuery } from "./lists.ts";
import type { App, Surroundings } from "./surroundings.ts";

const params = z.object({ id: identifierSchema });
const searchRows = 20;
/** A person searches once at a time; who types quickly is a few searches ahead. */
const searchesOfOne = { atOnce: 1, waiting: 5 };

/** Search over everything a user has, and shares: frozen branches for anybody with their address. */
export function findingRoutes(app: App, surroundings: Surroundings): void {
  const { identifier, ports } = surroundings;
  const { search } = ports.store;
  const searches = new PersonGate(searchesOfOne);

  app.get(
    "/api/search",
    {
      schema: {
        tags: ["search"],
        querystring: searchQuerySchema.extend(userQuery.shape),
        response: { 200: searchPageSchema },
      },
    },
    async (request) => {
      const { userId } = await requireIdentity(identifier, request, request.query.user_id);
      const page = await searches.run(userId, () =>
        listed(() => search.find(userId, request.query.q, pageRequest(request.query, searchRows))),
      );
      return { results: [...page.rows], next_cursor: page.next_cursor };
    },
  );

  shareRoutes(app, surroundings);
}

function shareRoutes(app: App, { identifier, ports }: Surroundings): void {
  const { shares } = ports.store;
  const tags = ["shares"];

  app.post(
    "/api/sessions/:id/shares",
    { schema: { tags, params, body: createShareSchema.nullish(), response: { 201: shareSchema } } },
    async (request, reply) => {
      const body: z.infer<typeof createShareSchema> = request.body ?? {};
      const { userId } = await requireIdentity(identifier, request, body.user_id);
      const share = found(await shares.create(userId, request.params.id, body.message_id));
      return reply.status(201).send(made(share));
    },
  );

  app.get(
    "/api/sessions/:id/shares",
    {
      schema: {
        tags,
        params,
        querystring: pageQuerySchema.extend(userQuery.shape),
        response: { 200: sharePageSchema },
      },
    },
    async (request) => {
      const { userId } = await requireIdentity(identifier, request, request.query.user_id);
      const page = found(await listed(() => shares.list(userId, request.params.id, pageRequest(request.query))));
      return { shares: [...page.rows], next_cursor: page.next_cursor };
    },
  );

  app.delete(
    "/api/shares/:id",
    { schema: { tags, params, querystring: userQuery, response: { 204: z.null() } } },
    async (request, reply) => {
      const { userId } = await requireIdentity(identifier, request, request.query.user_id);
      if (!(await shares.remove(userId, request.params.id))) throw new RegisteredError("not_found");
      return reply.status(204).send(null);
    },
  );

  // For anybody: who was given the address may read. Nothing of it is for search engines or caches on the way.
  app.get(
    "/api/shares/:id",
    { schema: { tags, params, response: { 200: sharedBranchSchema } } },
    async (request, reply) => {
      reply.header("X-Robots-Tag", "noindex, nofollow");
      reply.header("Cache-Control", "no-store");
      reply.header("Referrer-Policy", "no-referrer");
      return found(await shares.read(request.params.id));
    },
  );
}

function made<Value extends object>(value: Value | ShareRefusal): Value {
  if (value === "full") throw new RegisteredError("limit_reached");
  if (value === "too_large") throw new RegisteredError("payload_too_large", "This branch is too long to be shared.");
  return value as Value;
}
