import type { IncomingMessage } from "node:http";
import fastifyCors from "@fastify/cors";
import fastifyStatic from "@fastify/static";
import fastifySwagger from "@fastify/swagger";
import { correlationIdOfTrace, isIdentifier, protocolVersion, RegisteredError, wireLimits } from "@uci/protocol";
import Fastify, { LogController } from "fastify";
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import { askAnother } from "./ask-another.ts";
import { admitBodies } from "./edge/admission.ts";
import { answerBrokenRequest, refuseWhatNodeHandles } from "./edge/broken-requests.ts";
import { KnownRoutes, pathOf } from "./edge/known-routes.ts";
import { Origins } from "./edge/origins.ts";
import { securityHeadersFor } from "./edge/security-headers.ts";
import { errorHandler, registered, sendError } from "./errors.ts";
import type { OpenStreams } from "./open-streams.ts";
import { accountRoutes } from "./routes/account.ts";
import { attachmentRoutes } from "./routes/attachments.ts";
import { authRoutes } from "./routes/auth.ts";
import { chatRoutes } from "./routes/chat.ts";
import { collectionRoutes } from "./routes/collections.ts";
import { findingRoutes } from "./routes/finding.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { streamRoutes } from "./routes/stream.ts";
import type { App, Surroundings } from "./routes/surroundings.ts";
import { systemRoutes } from "./routes/system.ts";
import { transferRoutes } from "./routes/transfer.ts";
import { treeRoutes } from "./routes/tree.ts";

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
    requestTimeout: config.requestTimeoutMs,
    forceCloseConnections: "idle",
    clientErrorHandler: answerBrokenRequest,
    // Node itself would refuse a request without Host, but with an empty body; the hook below does it in our shape.
    http: {
      requireHostHeader: false,
      headersTimeout: config.requestTimeoutMs,
      connectionsCheckingInterval: config.requestTimeoutMs / 2,
    },
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
  const routes = new KnownRoutes(app);
  const origins = new Origins({ publicUrl: config.publicUrl, ...config.edge });
  app.addHook("onRequest", async (request, reply) => {
    reply.header("X-Correlation-Id", request.id);
    origins.checkHost(request);
    origins.checkSite(request);
  });
  app.addHook("onRequest", askAnother(surroundings));
  await answerOtherSites(app, config.edge.corsOrigins);
  const bodies = admitBodies(app, surroundings.identifier, routes, ports.metrics);
  ports.metrics.beforeReading(() => ports.metrics.set("uci_body_bytes_in_flight", bodies.bytesInFlight));
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
  await servePage(app, config.pageFolder, routes);
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
    let value: unknown;
    try {
      value = JSON.parse(String(body));
    } catch {
      return done(new RegisteredError("invalid_request", "The body is not JSON."), undefined);
    }
    const problem = problemOf(value);
    if (problem === null) return done(null, value);
    done(new RegisteredError("invalid_request", problem), undefined);
  });
}

/** Deeper than anything that is sent here; what reads a body again may do so by calling itself. */
const deepestBody = 100;

/** Why a JSON value is not taken: a key by which objects get other prototypes, or its depth; what a text says is no key. */
function problemOf(value: unknown): string | null {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepestBody) return "The body is nested too deep.";
    const next: unknown[] = [];
    for (const item of level) {
      if (item === null || typeof item !== "object") continue;
      if (Object.hasOwn(item, "__proto__")) return "The body has a key that is not allowed.";
      for (const inner of Object.values(item)) if (inner !== null && typeof inner === "object") next.push(inner);
    }
    level = next;
  }
  return null;
}

/** Pages of the sites named in the settings may call the API with the reader's cookie; without any, none may. */
async function answerOtherSites(app: App, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await app.register(fastifyCors, {
    origin: [...origins],
    credentials: true,
    methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    exposedHeaders: ["X-Correlation-Id", "Retry-After"],
    maxAge: 600,
  });
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

/** The built page for every path that is not an API's; hashed files are kept by browsers for a year. */
async function servePage(app: App, pageFolder: string | null, routes: KnownRoutes): Promise<void> {
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
    const path = pathOf(request.url);
    const reads = request.method === "GET" || request.method === "HEAD";
    const wantsPage = reads && !path.startsWith("/api") && !/\.[a-z0-9]+$/i.test(path);
    if (routes.methodsOf(path).length > 0 || pageFolder === null || !wantsPage) routes.refuse(request, reply);
    reply.header("Cache-Control", "no-cache");
    // What was shared with some is not for everybody who searches the web.
    if (path.startsWith("/share/")) reply.header("X-Robots-Tag", "noindex, nofollow");
    return reply.sendFile("index.html");
  });
}
