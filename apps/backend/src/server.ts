import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import fastifyStatic from "@fastify/static";
import fastifySwagger from "@fastify/swagger";
import {
  correlationIdOfTrace,
  errorRegistry,
  isIdentifier,
  protocolVersion,
  RegisteredError,
  wireLimits,
} from "@uci/protocol";
import Fastify, { type FastifyRequest, LogController } from "fastify";
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import helmet from "helmet";
import { errorBody, errorHandler, registered, sendError } from "./errors.ts";
import { accountRoutes } from "./routes/account.ts";
import { attachmentRoutes } from "./routes/attachments.ts";
import { authRoutes } from "./routes/auth.ts";
import { chatRoutes } from "./routes/chat.ts";
import { collectionRoutes } from "./routes/collections.ts";
import { findingRoutes } from "./routes/finding.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { type OpenStreams, streamRoutes } from "./routes/stream.ts";
import type { App, Surroundings } from "./routes/surroundings.ts";
import { systemRoutes } from "./routes/system.ts";
import { transferRoutes } from "./routes/transfer.ts";
import { treeRoutes } from "./routes/tree.ts";

const changingMethods = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** The pod's HTTP server with all routes, not listening yet. */
export async function buildServer(surroundings: Surroundings, streams: OpenStreams): Promise<App> {
  const { config, ports } = surroundings;
  const app = Fastify({
    loggerInstance: ports.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: wireLimits.requestBodyBytes,
    routerOptions: { maxParamLength: 2_000 },
    trustProxy: config.trustForwardedFrom.length === 0 ? false : [...config.trustForwardedFrom],
    genReqId: (request) => correlationIdOf(request) ?? ports.makeId("correlation"),
    // A slow sender may not hold a socket for ever; streams are responses and not bound by this.
    requestTimeout: 60_000,
    forceCloseConnections: "idle",
    clientErrorHandler: answerBrokenRequest,
    // Node itself would refuse a request without Host, but with an empty body; the hook below does it in our shape.
    http: { requireHostHeader: false },
    frameworkErrors: (error, request, reply) => {
      sendError(reply, request.id, registered(error, ports.unavailable));
    },
  }).withTypeProvider<ZodTypeProvider>() as unknown as App;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(errorHandler(ports.unavailable));
  takeJsonAlone(app);
  const securityHeaders = securityHeadersFor(config.publicUrl);
  app.addHook("onRequest", async (_request, reply) => {
    reply.headers(securityHeaders);
  });
  await describeApi(app);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("X-Correlation-Id", request.id);
    if (request.headers.host === undefined && request.raw.httpVersion !== "1.0") {
      throw new RegisteredError("invalid_request", "The Host header is missing.");
    }
    checkOrigin(request, config.publicUrl);
  });
  app.addHook("onSend", async (request, reply) => {
    surroundings.answered(request);
    // The gateway keeps connections open and would send the next request into one that is about to close.
    if (surroundings.isDraining()) reply.header("Connection", "close");
  });
  app.addHook("onResponse", async (request, reply) => {
    const { method, routeOptions } = request;
    const labels = { method, route: routeOptions.url ?? "other", status: String(reply.statusCode) };
    ports.metrics.observe("uci_http_request_seconds", reply.elapsedTime / 1000, labels);
  });
  await attachmentRoutes(app, surroundings);
  chatRoutes(app, surroundings);
  sessionRoutes(app, surroundings);
  treeRoutes(app, surroundings);
  collectionRoutes(app, surroundings);
  findingRoutes(app, surroundings);
  transferRoutes(app, surroundings);
  streamRoutes(app, surroundings, streams);
  authRoutes(app, surroundings);
  accountRoutes(app, surroundings);
  systemRoutes(app, surroundings);
  await servePage(app, config.pageFolder);
  refuseWhatNodeHandles(app);
  return app;
}

/** A correlation id given by the gateway is kept, if it has the form of ours; else the caller's trace gives one. */
function correlationIdOf(request: { headers: IncomingMessage["headers"] }): string | null {
  const { "x-correlation-id": given, traceparent } = request.headers;
  if (typeof given === "string" && isIdentifier(given)) return given;
  return typeof traceparent === "string" ? correlationIdOfTrace(traceparent) : null;
}

/** Bodies are JSON or nothing: a form of another site cannot be posted here. */
function takeJsonAlone(app: App): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    if (body === "") return done(null, undefined);
    try {
      done(null, withoutPrototypeKeys(JSON.parse(String(body))));
    } catch {
      done(new RegisteredError("invalid_request", "The body is not JSON."), undefined);
    }
  });
}

function withoutPrototypeKeys(value: unknown): unknown {
  const text = JSON.stringify(value);
  if (text?.includes('"__proto__"'))
    throw new RegisteredError("invalid_request", "The body has a key that is not allowed.");
  return value;
}

/**
 * The same for every response, so they are made once; kept in the reply, because a response keeps what is set on itself
 * for as long as it is open, in every stream.
 */
function securityHeadersFor(publicUrl: string | undefined): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => {
      headers[name] = value;
    },
    removeHeader: () => undefined,
  };
  helmet(securityOptions(publicUrl))({} as IncomingMessage, response as unknown as ServerResponse, () => undefined);
  return headers;
}

function securityOptions(publicUrl: string | undefined) {
  const secure = publicUrl?.startsWith("https:") === true;
  return {
    // Over plain HTTP in a local network these two would only break the page.
    strictTransportSecurity: secure,
    crossOriginOpenerPolicy: secure,
    originAgentCluster: false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        scriptSrcAttr: ["'none'"],
        workerSrc: ["'self'"],
        manifestSrc: ["'self'"],
        frameSrc: ["'none'"],
        mediaSrc: ["'none'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", "data:", "blob:"],
        fontSrc: ["'self'", "data:"],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
  };
}

async function describeApi(app: App): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Universal Chat Interface", version: String(protocolVersion) },
    },
    transform: jsonSchemaTransform,
  });
}

/** A changing request that a browser sends for another site is refused; programs send no Origin. */
function checkOrigin(request: FastifyRequest, publicUrl: string | undefined): void {
  const { origin } = request.headers;
  if (origin === undefined || !changingMethods.has(request.method)) return;
  if (publicUrl !== undefined && origin === new URL(publicUrl).origin) return;
  if (URL.canParse(origin) && new URL(origin).host === request.host) return;
  throw new RegisteredError("origin_not_allowed");
}

/** The built page for every path that is not an API's; hashed files are kept by browsers for a year. */
async function servePage(app: App, pageFolder: string | null): Promise<void> {
  if (pageFolder !== null) {
    await app.register(fastifyStatic, {
      root: pageFolder,
      wildcard: false,
      index: false,
      cacheControl: false,
      // The build puts the compressed form beside each file.
      preCompressed: true,
      setHeaders: (reply, path) => {
        const hashed = path.includes("/assets/");
        reply.header("Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
      },
    });
  }
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    const reads = request.method === "GET" || request.method === "HEAD";
    const wantsPage = reads && !path.startsWith("/api") && !/\.[a-z0-9]+$/i.test(path);
    if (pageFolder === null || !wantsPage) return sendError(reply, request.id, new RegisteredError("not_found"));
    reply.header("Cache-Control", "no-cache");
    // What was shared with some is not for everybody who searches the web.
    if (path.startsWith("/share/")) reply.header("X-Robots-Tag", "noindex, nofollow");
    return reply.sendFile("index.html");
  });
}

/** Tunnels and expectations never become requests; without this Node answers them with nothing or an empty body. */
function refuseWhatNodeHandles(app: App): void {
  app.server.on("connect", (_request, socket) => endWith(socket, "method_not_allowed"));
  app.server.on("checkExpectation", (request) => endWith(request.socket, "invalid_request"));
}

/** What Node's parser refuses never reaches a route; it is answered in our shape all the same. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  endWith(socket, error.code === "HPE_HEADER_OVERFLOW" ? "payload_too_large" : "invalid_request");
}

type BrokenCode = "invalid_request" | "payload_too_large" | "method_not_allowed";

function endWith(socket: Duplex, code: BrokenCode): void {
  const { status } = errorRegistry[code];
  const body = brokenBody(code);
  // The other side may be gone by now, and nobody else listens on this socket.
  socket.on("error", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function brokenBody(code: BrokenCode): string {
  return JSON.stringify(errorBody(code, "This is not a request this server understands.", false, ""));
}
