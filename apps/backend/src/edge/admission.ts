import type { Metrics } from "@uci/adapters/metrics";
import { RegisteredError, wireLimits } from "@uci/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Identifier } from "../identity.ts";
import type { App } from "../routes/surroundings.ts";
import { BodyBudget } from "./body-budget.ts";
import type { KnownRoutes } from "./known-routes.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** `anyone`: needs no identity, on purpose. Every other route refuses strangers before it reads their body. */
    access?: "anyone";
  }
}

/** Options of a route that anybody may call. */
export const openToAnyone = { access: "anyone" } as const;

/**
 * Decides over a request before any byte of its body is read: there must be such a route, the caller must be somebody
 * unless the route is open to anyone, and the pod must have room for a body of that length.
 */
export function admitBodies(app: App, identifier: Identifier, routes: KnownRoutes, metrics: Metrics): BodyBudget {
  const budget = new BodyBudget();
  const refused = (code: string) => metrics.count("uci_bodies_refused_total", 1, { code });
  // One that came in pieces and turned out too long, which nobody could know before.
  app.addHook("onError", async (_request, _reply, error) => {
    if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE") refused("payload_too_large");
  });
  app.addHook("onRequest", async (request, reply) => {
    if (!hasBody(request)) return;
    try {
      await admit(request, reply, { identifier, routes, budget, refused });
    } catch (error) {
      // What was announced is not read any more, so nothing else can follow on this connection.
      reply.header("Connection", "close");
      throw error;
    }
  });
  return budget;
}

type Gate = {
  readonly identifier: Identifier;
  readonly routes: KnownRoutes;
  readonly budget: BodyBudget;
  readonly refused: (code: string) => void;
};

async function admit(request: FastifyRequest, reply: FastifyReply, { identifier, routes, budget, refused }: Gate) {
  if (request.is404) routes.refuse(request, reply);
  const { bodyLimit, config } = request.routeOptions;
  const mostBytes = bodyLimit ?? wireLimits.requestBodyBytes;
  const bytes = announcedBytes(request, mostBytes);
  if (bytes > mostBytes) {
    refused("payload_too_large");
    throw new RegisteredError("payload_too_large");
  }
  const caller = config.access === "anyone" ? null : await identifier.admit(request);
  const giveBack = budget.take(bytes, caller ?? request.ip, refused);
  // Whether it was answered, cut off or never came whole: a request ends once.
  reply.raw.once("close", giveBack);
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

/** A body that comes in pieces does not say how long it will be, so it is counted as the longest there may be. */
function announcedBytes({ headers }: FastifyRequest, mostBytes: number): number {
  const announced = Number(headers["content-length"]);
  return Number.isFinite(announced) ? announced : mostBytes;
}
