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
import { ImportThread, ImportTooLargeError } from "../import-thread.ts";
import { PersonGate } from "../person-gate.ts";
import { found, userQuery } from "./lists.ts";
import type { App, Surroundings } from "./surroundings.ts";
import { tellSession } from "./telling.ts";

const params = z.object({ id: identifierSchema });
/** A person takes in one file at a time, and takes one out; a pod reads so many files at once, of whomever. */
const oneFile = { atOnce: 1, waiting: 0 };
const importsAtOnce = { atOnce: 2, waiting: 8, waitMs: 150_000, refusal: "overloaded" } as const;
/** How long one file may be taken in; what is left comes in with the same file again. */
const importLimitMs = 120_000;
/** How long one file may take to be fetched. */
const exportLimitMs = 15 * 60_000;
/** Sessions that are named in the answer. */
const sessionsNamed = 100;

/** What leaves as a file and what comes in as one. */
export function transferRoutes(app: App, surroundings: Surroundings): void {
  const { identifier, ports } = surroundings;
  const schema = { tags: ["transfer"], querystring: exportQuerySchema };
  const exports = new PersonGate(oneFile);

  app.get("/api/export", { schema }, async (request, reply) => {
    const { userId } = await requireIdentity(identifier, request, request.query.user_id);
    return sendExport(surroundings, reply, { userId, format: request.query.format, only: null, exports });
  });

  app.get("/api/sessions/:id/export", { schema: { ...schema, params } }, async (request, reply) => {
    const { userId } = await requireIdentity(identifier, request, request.query.user_id);
    const session = found(await ports.store.sessions.find(userId, request.params.id));
    return sendExport(surroundings, reply, { userId, format: request.query.format, only: session, exports });
  });

  importRoute(app, surroundings);
}

type WantedExport = {
  readonly userId: string;
  readonly format: "json" | "markdown" | undefined;
  /** One session; null: everything. */
  readonly only: Session | null;
  readonly exports: PersonGate;
};

async function sendExport({ ports }: Surroundings, reply: FastifyReply, wanted: WantedExport) {
  const { userId, format = "json", only, exports } = wanted;
  const now = new Date(ports.clock.nowMs());
  const leave = await exports.enter(userId);
  const pieces =
    format === "json" ? jsonExport(ports.store, userId, only, now) : markdownExport(ports.store, userId, only);
  const stream = Readable.from(pieces);
  // Whoever fetches nothing any more holds neither the place nor the pod.
  const timer = setTimeout(() => stream.destroy(new Error("the export took too long")), exportLimitMs);
  stream.once("close", () => {
    clearTimeout(timer);
    leave();
  });
  const name = `${only === null ? "universal-chat" : fileName(only)}-${now.toISOString().slice(0, 10)}`;
  const ending = format === "json" ? "json" : "md";
  reply.header("Content-Type", format === "json" ? "application/json; charset=utf-8" : "text/markdown; charset=utf-8");
  reply.header(
    "Content-Disposition",
    `attachment; filename="chat.${ending}"; filename*=UTF-8''${encodeURIComponent(name)}.${ending}`,
  );
  reply.header("Cache-Control", "no-store");
  return reply.send(stream);
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
  const imports = new PersonGate(oneFile);
  const readings = new PersonGate(importsAtOnce);
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
        const bytes = request.body;
        return imports.run(userId, () => readings.run("everybody", () => takeIn(surroundings, userId, bytes)));
      },
    );
  });
}

async function takeIn(surroundings: Surroundings, userId: string, bytes: Buffer): Promise<ImportResult> {
  const thread = new ImportThread(bytes);
  try {
    return await storeFile(surroundings, userId, thread);
  } catch (error) {
    if (!(error instanceof ImportTooLargeError)) throw error;
    throw new RegisteredError(
      "payload_too_large",
      `The file cannot be read: ${error.message}. Split it and try again.`,
    );
  } finally {
    await thread.close();
  }
}

async function storeFile({ ports }: Surroundings, userId: string, thread: ImportThread): Promise<ImportResult> {
  const read = await thread.reading();
  if ("problem" in read) {
    const sentence =
      read.problem === "not_json"
        ? "The file is not JSON."
        : "The file is neither an export of this system nor the conversations.json of ChatGPT's export.";
    throw new RegisteredError("invalid_request", sentence);
  }
  const { conversations, unusable, shortened } = read;
  const result: ImportResult = { imported: 0, skipped: unusable + conversations, shortened, sessions: [] };
  const untilMs = ports.clock.nowMs() + importLimitMs;
  for await (const conversation of thread.conversations()) {
    if (ports.clock.nowMs() > untilMs) break;
    const session = await ports.store.transfer.takeIn(userId, conversation);
    if (session === null) continue;
    result.imported++;
    result.skipped--;
    if (result.sessions.length >= sessionsNamed) continue;
    result.sessions.push(session);
    tellSession({ ports }, userId, "created", session);
  }
  return result;
}
