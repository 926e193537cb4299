import { Readable } from "node:stream";
import {
  exportQuerySchema,
  type ImportResult,
  identifierSchema,
  importResultSchema,
  RegisteredError,
  type Session,
  wireLimits,
} from "@uci/protocol";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import { jsonExport, markdownExport } from "../export-text.ts";
import { requireIdentity } from "../identity.ts";
import { readImport } from "../import-thread.ts";
import { found, userQuery } from "./lists.ts";
import type { App, Surroundings } from "./surroundings.ts";
import { tellSession } from "./telling.ts";

const params = z.object({ id: identifierSchema });
/** Files read at once by one pod, and sessions that are named in the answer. */
const importsAtOnce = 2;
const sessionsNamed = 100;

/** What leaves as a file and what comes in as one. */
export function transferRoutes(app: App, surroundings: Surroundings): void {
  const { identifier, ports } = surroundings;
  const schema = { tags: ["transfer"], querystring: exportQuerySchema };

  app.get("/api/export", { schema }, async (request, reply) => {
    const { userId } = await requireIdentity(identifier, request, request.query.user_id);
    return sendExport(surroundings, reply, userId, request.query.format, null);
  });

  app.get("/api/sessions/:id/export", { schema: { ...schema, params } }, async (request, reply) => {
    const { userId } = await requireIdentity(identifier, request, request.query.user_id);
    const session = found(await ports.store.sessions.find(userId, request.params.id));
    return sendExport(surroundings, reply, userId, request.query.format, session);
  });

  importRoute(app, surroundings);
}

function sendExport(
  { ports }: Surroundings,
  reply: FastifyReply,
  userId: string,
  format: "json" | "markdown" = "json",
  only: Session | null,
) {
  const now = new Date(ports.clock.nowMs());
  const pieces =
    format === "json" ? jsonExport(ports.store, userId, only, now) : markdownExport(ports.store, userId, only);
  const name = `${only === null ? "universal-chat" : fileName(only)}-${now.toISOString().slice(0, 10)}`;
  const ending = format === "json" ? "json" : "md";
  reply.header("Content-Type", format === "json" ? "application/json; charset=utf-8" : "text/markdown; charset=utf-8");
  reply.header(
    "Content-Disposition",
    `attachment; filename="chat.${ending}"; filename*=UTF-8''${encodeURIComponent(name)}.${ending}`,
  );
  reply.header("Cache-Control", "no-store");
  return reply.send(Readable.from(pieces));
}

/** The title as a file is called; what a file system may not like is left out. */
function fileName({ title }: Session): string {
  const kept = (title ?? "")
    .replace(/[^\p{Letter}\p{Number}]+/gu, " ")
    .trim()
    .replaceAll(" ", "-");
  return [...kept].slice(0, 60).join("") || "chat";
}

function importRoute(app: App, surroundings: Surroundings): void {
  let running = 0;
  // A scope of its own: this route alone takes the bytes of a file as they are.
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      "application/json",
      { parseAs: "buffer", bodyLimit: wireLimits.importBytes },
      (_request, body, done) => done(null, body),
    );
    scope.post(
      "/api/import",
      {
        bodyLimit: wireLimits.importBytes,
        schema: { tags: ["transfer"], querystring: userQuery, response: { 200: importResultSchema } },
      },
      async (request) => {
        const query = request.query as z.infer<typeof userQuery>;
        const { userId } = await requireIdentity(surroundings.identifier, request, query.user_id);
        if (!Buffer.isBuffer(request.body)) throw new RegisteredError("invalid_request", "The body must be a file.");
        if (running >= importsAtOnce) throw new RegisteredError("rate_limited", undefined, 5_000);
        running++;
        try {
          return await takeIn(surroundings, userId, request.body);
        } finally {
          running--;
        }
      },
    );
  });
}

async function takeIn(surroundings: Surroundings, userId: string, bytes: Buffer): Promise<ImportResult> {
  const read = await readImport(bytes);
  if ("problem" in read) {
    const sentence =
      read.problem === "not_json"
        ? "The file is not JSON."
        : "The file is neither an export of this system nor the conversations.json of ChatGPT's export.";
    throw new RegisteredError("invalid_request", sentence);
  }
  const { conversations, unusable } = read.file;
  const result: ImportResult = { imported: 0, skipped: unusable, sessions: [] };
  for (const conversation of conversations) {
    const session = await surroundings.ports.store.transfer.takeIn(userId, conversation);
    if (session === null) {
      result.skipped++;
      continue;
    }
    result.imported++;
    if (result.sessions.length >= sessionsNamed) continue;
    result.sessions.push(session);
    tellSession(surroundings, userId, "created", session);
  }
  return result;
}
