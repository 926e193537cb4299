import type { ServerResponse } from "node:http";
import { byeEventSchema, identifierSchema, RegisteredError, wireLimits } from "@uci/protocol";
import { ReaderConnection } from "@uci/stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { ChunksOnly } from "../chunks-only.ts";
import { parseEitherCursor, type WrappedCursor } from "../given-text.ts";
import { requireIdentity } from "../identity.ts";
import { SseConnection } from "../sse.ts";
import type { App, Surroundings } from "./surroundings.ts";

const streamQuery = z.object({
  session_id: z
    .union([identifierSchema, z.array(identifierSchema).max(wireLimits.sessionsPerConnection)])
    .optional()
    .transform((given) => [...new Set(given === undefined ? [] : [given].flat())]),
  cursor: z.string().max(wireLimits.cursorCharacters).optional(),
  user_id: z.string().min(1).max(128).optional(),
  events: z
    .enum(["all", "chunks"])
    .default("all")
    .describe("chunks: for a reader that knows `chunk` events alone and joins their texts."),
});

/** Connections of this pod that are open on the wire, for their heartbeat and for counting them by user. */
export class OpenStreams {
  readonly #connections = new Map<SseConnection, string>();
  readonly #perUser = new Map<string, number>();

  add(connection: SseConnection, userId: string): void {
    this.#connections.set(connection, userId);
    this.#perUser.set(userId, this.of(userId) + 1);
  }

  remove(connection: SseConnection): void {
    const userId = this.#connections.get(connection);
    if (userId === undefined) return;
    this.#connections.delete(connection);
    const left = this.of(userId) - 1;
    if (left === 0) this.#perUser.delete(userId);
    else this.#perUser.set(userId, left);
  }

  of(userId: string): number {
    return this.#perUser.get(userId) ?? 0;
  }

  get all(): readonly SseConnection[] {
    return [...this.#connections.keys()];
  }

  keepAlive(nowMs: number): void {
    for (const connection of this.#connections.keys()) connection.keepAlive(nowMs);
  }
}

/** `GET /api/sse`: everything that happens in some sessions of the caller, resumable by cursor. */
export function streamRoutes(app: App, surroundings: Surroundings, streams: OpenStreams): void {
  for (const url of ["/api/sse", "/sse"]) {
    app.get(
      url,
      {
        schema: { tags: ["stream"], hide: url === "/sse", querystring: streamQuery, response: { 200: byeEventSchema } },
      },
      async (request, reply) => {
        const { query } = request;
        const { identifier, config } = surroundings;
        const identity = await requireIdentity(identifier, request, query.user_id);
        if (surroundings.isDraining()) throw new RegisteredError("draining", undefined, 1_000);
        if (streams.of(identity.userId) >= config.streamsPerUser) {
          throw new RegisteredError("too_many_connections", undefined, 5_000);
        }
        const from = cursorOf(request, query.cursor);
        await ensureSessions(surroundings, identity.userId, query.session_id);
        open(surroundings, streams, request, reply, {
          ...{ userId: identity.userId, sessionIds: query.session_id, from },
          chunksOnly: query.events === "chunks",
        });
        return reply;
      },
    );
  }
}

function cursorOf(request: FastifyRequest, given: string | undefined): WrappedCursor {
  const header = request.headers["last-event-id"];
  const text = given ?? (Array.isArray(header) ? header[0] : header);
  if (text === undefined || text === "") return { cursor: new Map(), given: new Map() };
  const parsed = parseEitherCursor(text);
  if (parsed === null) throw new RegisteredError("invalid_cursor");
  return parsed;
}

/** All or none: a session of somebody else refuses the connection and leaves nothing behind. */
async function ensureSessions({ ports }: Surroundings, userId: string, sessionIds: readonly string[]): Promise<void> {
  const created: string[] = [];
  for (const sessionId of sessionIds) {
    const ensured = await ports.store.sessions.ensure(userId, sessionId);
    if (ensured?.created === true) created.push(sessionId);
    if (ensured !== null) continue;
    await Promise.all(created.map((id) => ports.store.sessions.remove(userId, id)));
    throw new RegisteredError("not_found");
  }
}

/** Fastify listens for the end to tell its hooks, and so would keep request, reply and logger as long as a stream is open. */
function forgetReply(response: ServerResponse): void {
  for (const event of ["finish", "error"]) {
    const own = response.listeners(event).find(({ name }) => name === "onResFinished");
    if (own !== undefined) response.off(event, own as () => void);
  }
}

function open(
  surroundings: Surroundings,
  streams: OpenStreams,
  request: FastifyRequest,
  reply: FastifyReply,
  wanted: { userId: string; sessionIds: readonly string[]; from: WrappedCursor; chunksOnly: boolean },
): void {
  const { ports, reader, config } = surroundings;
  const connectionId = ports.makeId("connection");
  const { userId, sessionIds, from, chunksOnly } = wanted;
  const { raw } = reply;
  reply.hijack();
  forgetReply(raw);
  const sse = new SseConnection(
    raw,
    reply.getHeaders(),
    {
      event: "connected",
      data: {
        connection_id: connectionId,
        session_id: sessionIds[0] ?? null,
        session_ids: [...sessionIds],
        pod_id: config.podId,
      },
    },
    () => reader.drained(connectionId),
    () => {
      streams.remove(sse);
      reader.detach(connectionId);
    },
  );
  streams.add(sse, userId);
  const sink = chunksOnly ? new ChunksOnly(sse, from.given) : sse;
  const connection = new ReaderConnection(connectionId, userId, sessionIds, sink, from.cursor);
  attach(surroundings, connection, raw, request.id);
}

/** A function of its own: a callback keeps everything that any callback of the same function names. */
function attach(
  { reader, ports }: Surroundings,
  connection: ReaderConnection,
  response: ServerResponse,
  correlationId: string,
): void {
  reader.attach(connection).catch((error: unknown) => {
    const fields = { err: error, connection_id: connection.id, correlation_id: correlationId };
    ports.log.error(fields, "stream could not be brought up to date");
    response.destroy();
  });
}
