import { Transform } from "node:stream";
import type { Metrics } from "@uci/adapters/metrics";
import { RegisteredError, wireLimits } from "@uci/protocol";
import type { FastifyReply, FastifyRequest, RequestPayload } from "fastify";
import type { Identifier } from "../identity.ts";
import type { App } from "../routes/surroundings.ts";
import { BodyBudget, type HeldBody } from "./body-budget.ts";
import type { KnownRoutes } from "./known-routes.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** `anyone`: needs no identity, on purpose. Every other route refuses strangers before it reads their body. */
    access?: "anyone";
  }
}

/** Options of a route that anybody may call. */
export const openToAnyone = { access: "anyone" } as const;

/** Refusals for the body itself. */
const counts: ReadonlySet<string> = new Set(["payload_too_large", "too_many_requests"]);

/** Two budgets, so that no message waits for the files of others: one for what fits an ordinary request, one for the rest. */
class Bodies {
  readonly #small = new BodyBudget(wireLimits.smallBodiesInFlightBytes, wireLimits.smallBodiesOfCallerBytes);
  readonly #large = new BodyBudget(wireLimits.bodiesInFlightBytes, wireLimits.importBytes);

  get bytesInFlight(): number {
    return this.#small.bytesInFlight + this.#large.bytesInFlight;
  }

  hold(caller: string, announcedBytes: number): HeldBody {
    const budget = announcedBytes <= wireLimits.requestBodyBytes ? this.#small : this.#large;
    return budget.hold(caller, announcedBytes);
  }
}

/**
 * Decides over a request before any byte of its body is read: there must be such a route, the caller must be somebody
 * unless the route is open to anyone, and what it announces must not be too long. What arrives then is counted, and
 * refused where the pod or the caller holds too much.
 */
export function admitBodies(app: App, identifier: Identifier, routes: KnownRoutes, metrics: Metrics): Bodies {
  const bodies = new Bodies();
  const held = new WeakMap<FastifyRequest, HeldBody>();
  app.addHook("onError", async (_request, reply, error) => {
    const refusal = refusalOf(error);
    if (refusal === null) return;
    metrics.count("uci_bodies_refused_total", 1, { code: refusal });
    // The rest of the body is not read any more, so nothing else can follow on this connection.
    reply.header("Connection", "close");
  });
  app.addHook("onRequest", async (request, reply) => {
    if (!hasBody(request)) return;
    try {
      const { caller, bytes } = await admit(request, reply, identifier, routes);
      const body = bodies.hold(caller, bytes);
      held.set(request, body);
      // Whether it was answered, cut off or never came whole: a request ends once.
      reply.raw.once("close", body.end);
    } catch (error) {
      if (error instanceof RegisteredError && counts.has(error.code)) {
        metrics.count("uci_bodies_refused_total", 1, { code: error.code });
      }
      reply.header("Connection", "close");
      throw error;
    }
  });
  app.addHook("preParsing", async (request, _reply, payload) => {
    const body = held.get(request);
    return body === undefined ? payload : counted(payload, body);
  });
  return bodies;
}

/** The body as it comes, each piece counted before it is passed on. */
function counted(payload: RequestPayload, body: HeldBody): RequestPayload {
  let receivedEncodedLength = 0;
  const counting = new Transform({
    transform(piece: Buffer, _encoding, done) {
      try {
        body.add(piece.length);
        receivedEncodedLength += piece.length;
        done(null, piece);
      } catch (error) {
        payload.unpipe(counting);
        done(new BodyRefusedError(error as RegisteredError));
      }
    },
  });
  Object.defineProperty(counting, "receivedEncodedLength", { get: () => receivedEncodedLength });
  payload.once("error", (error) => counting.destroy(error));
  return payload.pipe(counting);
}

/** The refusal of a body that had begun; the server's own handling of bodies changes what it is given. */
class BodyRefusedError extends Error {
  readonly refusal: RegisteredError;

  constructor(refusal: RegisteredError) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

function refusalOf(error: Error & { code?: string }): string | null {
  if (error instanceof BodyRefusedError) return error.refusal.code;
  return error.code === "FST_ERR_CTP_BODY_TOO_LARGE" ? "payload_too_large" : null;
}

async function admit(request: FastifyRequest, reply: FastifyReply, identifier: Identifier, routes: KnownRoutes) {
  if (request.is404) routes.refuse(request, reply);
  const { bodyLimit, config } = request.routeOptions;
  const mostBytes = bodyLimit ?? wireLimits.requestBodyBytes;
  const bytes = announcedBytes(request, mostBytes);
  if (bytes > mostBytes) throw new RegisteredError("payload_too_large");
  const caller = config.access === "anyone" ? null : await identifier.admit(request);
  return { caller: caller ?? request.ip, bytes };
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

/** A body that comes in pieces does not say how long it will be, so it is taken for the longest there may be. */
function announcedBytes({ headers }: FastifyRequest, mostBytes: number): number {
  const announced = Number(headers["content-length"]);
  return Number.isFinite(announced) ? announced : mostBytes;
}
