import type { IncomingMessage, ServerResponse } from "node:http";
import { byeEventSchema, identifierSchema, RegisteredError, wireLimits } from "@uci/protocol";
import { type ConnectionCaller, ReaderConnection } from "@uci/stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { ChunksOnly } from "../chunks-only.ts";
import { hourMs } from "../config.ts";
import { parseEitherCursor, type WrappedCursor } from "../given-text.ts";
import { requireIdentity } from "../identity.ts";
import type { OpenStreams, StreamOwner } from "../open-streams.ts";
import { RateLimit } from "../rate-limit.ts";
import { SseConnection } from "../sse.ts";
import type { App, Surroundings } from "./surroundings.ts";

/** Sessions that one user's streams may make in an hour in trusted mode. */
const sessionsMadeByReading = 1_000;

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

/** `GET /api/sse`: everything that happens in some sessions of the caller, resumable by cursor. */
export function streamRoutes(app: App, surroundings: Surroundings, streams: OpenStreams): void {
  const madeByReading = new RateLimit(sessionsMadeByReading, hourMs);
  for (const url of ["/api/sse", "/sse"]) {
    app.get(
      url,
      {
        // An answer to HEAD has no body, and a stream is nothing but one.
        exposeHeadRoute: false,
        schema: { tags: ["stream"], hide: url === "/sse", querystring: streamQuery, response: { 200: byeEventSchema } },
      },
      async (request, reply) => {
        const { query } = request;
        const { identifier } = surroundings;
        const identity = await requireIdentity(identifier, request, query.user_id);
        if (surroundings.isDraining()) throw new RegisteredError("draining", undefined, 1_000);
        const from = cursorOf(request, query.cursor);
        onceClosed(reply.raw, streams.take(identity.userId));
        await ensureSessions(surroundings, madeByReading, identity.userId, query.session_id);
        open(surroundings, streams, request, reply, {
          ...{ owner: identity, sessionIds: query.session_id, from },
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

/**
 * All or none: a session of somebody else refuses the connection and leaves nothing behind. Reading makes none, since a
 * link on any page can read; only the trusted mode, whose callers name their sessions themselves, makes them on first use.
 */
async function ensureSessions(
  { ports, config }: Surroundings,
  madeByReading: RateLimit,
  userId: string,
  sessionIds: readonly string[],
): Promise<void> {
  const created: string[] = [];
  const create = config.authMode === "trusted";
  try {
    for (const sessionId of sessionIds) {
      const ensured = await ports.store.sessions.ensure(userId, sessionId, create);
      if (ensured === null) throw new RegisteredError("not_found");
      if (!ensured.created) continue;
      created.push(sessionId);
      madeByReading.take(userId);
    }
  } catch (error) {
    await Promise.all(created.map((id) => ports.store.sessions.remove(userId, id)));
    throw error;
  }
}

/** Whatever becomes of it, the response closes once; or its socket alone, where the response's turn never came. */
function onceClosed(response: ServerResponse<IncomingMessage>, then: () => void): void {
  const { socket } = response.req;
  const closed = () => {
    response.off("close", closed);
    socket.off("close", closed);
    then();
  };
  response.on("close", closed);
  // Streams asked for one behind the other listen to one socket.
  socket.setMaxListeners(0);
  socket.on("close", closed);
  if (socket.destroyed) closed();
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
  wanted: { owner: StreamOwner; sessionIds: readonly string[]; from: WrappedCursor; chunksOnly: boolean },
): void {
  const { ports, reader, config } = surroundings;
  const connectionId = ports.makeId("connection");
  const { owner, sessionIds, from, chunksOnly } = wanted;
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
  streams.add(sse, owner, ports.clock.nowMs());
  const sink = chunksOnly ? new ChunksOnly(sse, from.given) : sse;
  const connection = new ReaderConnection(connectionId, owner.userId, sessionIds, sink, from.cursor);
  attach(surroundings, connection, callerOf(request), { response: raw, correlationId: request.id });
}

/** Copied: a piece of a text that came in keeps all of it in memory for as long as the stream is open. */
function callerOf({ ip, headers }: FastifyRequest): ConnectionCaller {
  const copied = (text: string, characters: number) => Buffer.from(text.slice(0, characters)).toString();
  const agent = headers["user-agent"];
  return {
    // A socket that closed while the sessions were looked up has none any more.
    address: copied((ip as string | undefined) ?? "", wireLimits.callerAddressCharacters),
    user_agent: agent === undefined ? null : copied(agent, wireLimits.userAgentCharacters),
  };
}

/** A function of its own: a callback keeps everything that any callback of the same function names. */
function attach(
  { reader, ports }: Surroundings,
  connection: ReaderConnection,
  caller: ConnectionCaller,
  { response, correlationId }: { response: ServerResponse; correlationId: string },
): void {
  reader.attach(connection, caller).catch((error: unknown) => {
    const fields = { err: error, connection_id: connection.id, correlation_id: correlationId };
    ports.log.error(fields, "stream could not be brought up to date");
    response.destroy();
  });
}
