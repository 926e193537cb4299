import type { CollectionRefusal } from "@uci/chat";
import {
  changeFolderSchema,
  changePreferencesSchema,
  createPromptSchema,
  folderPageSchema,
  folderSchema,
  identifierSchema,
  pageQuerySchema,
  preferencesSchema,
  promptPageSchema,
  promptSchema,
  RegisteredError,
  updatePromptSchema,
  wireLimits,
} from "@uci/protocol";
import { z } from "zod";
import { requireIdentity } from "../identity.ts";
import { found, listed, pageRequest, userQuery } from "./lists.ts";
import type { App, Surroundings } from "./surroundings.ts";
import { tellFolder, tellUser } from "./telling.ts";

const params = z.object({ id: identifierSchema });
const listQuery = pageQuerySchema.extend(userQuery.shape);

/** Routes over what a user keeps beside the sessions: folders, prompts, preferences. */
export function collectionRoutes(app: App, surroundings: Surroundings): void {
  folderRoutes(app, surroundings);
  promptRoutes(app, surroundings);
  preferenceRoutes(app, surroundings);
}

function folderRoutes(app: App, surroundings: Surroundings): void {
  const { identifier, ports } = surroundings;
  const { folders } = ports.store;
  const tags = ["folders"];

  app.get(
    "/api/folders",
    { schema: { tags, querystring: listQuery, response: { 200: folderPageSchema } } },
    async (request) => {
      const { userId } = await requireIdentity(identifier, request, request.query.user_id);
      const page = await listed(() => folders.list(userId, pageRequest(request.query, wireLimits.pageRows)));
      return { folders: [...page.rows], next_cursor: page.next_cursor };
    },
  );

  app.post(
    "/api/folders",
    { schema: { tags, body: changeFolderSchema, response: { 201: folderSchema } } },
    async (request, reply) => {
      const { userId } = await requireIdentity(identifier, request, request.body.user_id);
      const folder = made(await folders.create(userId, request.body.name));
      tellFolder(surroundings, userId, "created", folder);
      return reply.status(201).send(folder);
    },
  );

  app.patch(
    "/api/folders/:id",
    { schema: { tags, params, body: changeFolderSchema, response: { 200: folderSchema } } },
    async (request) => {
      const { userId } = await requireIdentity(identifier, request, request.body.user_id);
      const folder = found(await folders.rename(userId, request.params.id, request.body.name));
      tellFolder(surroundings, userId, "updated", folder);
      return folder;
    },
  );

  app.delete(
    "/api/folders/:id",
    { schema: { tags, params, querystring: userQuery, response: { 204: z.null() } } },
    async (request, reply) => {
      const { userId } = await requireIdentity(identifier, request, request.query.user_id);
      const folder_id = request.params.id;
      if (!(await folders.remove(userId, folder_id))) throw new RegisteredError("not_found");
      tellUser(surroundings, userId, { event: "folder_updated", data: { folder_id, change: "deleted" } });
      return reply.status(204).send(null);
    },
  );
}

function promptRoutes(app: App, { identifier, ports }: Surroundings): void {
  const { prompts } = ports.store;
  const tags = ["prompts"];

  app.get(
    "/api/prompts",
    { schema: { tags, querystring: listQuery, response: { 200: promptPageSchema } } },
    async (request) => {
      const { userId } = await requireIdentity(identifier, request, request.query.user_id);
      const page = await listed(() => prompts.list(userId, pageRequest(request.query, wireLimits.pageRows)));
      return { prompts: [...page.rows], next_cursor: page.next_cursor };
    },
  );

  app.post(
    "/api/prompts",
    { schema: { tags, body: createPromptSchema, response: { 201: promptSchema } } },
    async (request, reply) => {
      const { user_id, ...prompt } = request.body;
      const { userId } = await requireIdentity(identifier, request, user_id);
      return reply.status(201).send(made(await prompts.create(userId, prompt)));
    },
  );

  app.patch(
    "/api/prompts/:id",
    { schema: { tags, params, body: updatePromptSchema, response: { 200: promptSchema } } },
    async (request) => {
      const { user_id, ...change } = request.body;
      const { userId } = await requireIdentity(identifier, request, user_id);
      return made(found(await prompts.update(userId, request.params.id, change)));
    },
  );

  app.delete(
    "/api/prompts/:id",
    { schema: { tags, params, querystring: userQuery, response: { 204: z.null() } } },
    async (request, reply) => {
      const { userId } = await requireIdentity(identifier, request, request.query.user_id);
      if (!(await prompts.remove(userId, request.params.id))) throw new RegisteredError("not_found");
      return reply.status(204).send(null);
    },
  );
}

function preferenceRoutes(app: App, { identifier, ports }: Surroundings): void {
  const { preferences } = ports.store;
  const response = { 200: preferencesSchema };

  app.get("/api/settings", { schema: { tags: ["settings"], querystring: userQuery, response } }, async (request) => {
    const { userId } = await requireIdentity(identifier, request, request.query.user_id);
    return preferences.find(userId);
  });

  app.put(
    "/api/settings",
    { schema: { tags: ["settings"], body: changePreferencesSchema, response } },
    async (request) => {
      const { user_id, ...change } = request.body;
      const { userId } = await requireIdentity(identifier, request, user_id);
      return preferences.change(userId, change);
    },
  );
}

function made<Value extends object>(value: Value | CollectionRefusal): Value {
  if (value === "full") throw new RegisteredError("limit_reached");
  if (value === "taken") throw new RegisteredError("conflict", "There is one of this name already.");
  return value as Value;
}
