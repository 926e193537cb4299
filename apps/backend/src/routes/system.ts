import { healthSchema, modelListSchema, RegisteredError } from "@uci/protocol";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { notReady, podHealth } from "../health.ts";
import type { App, Surroundings } from "./surroundings.ts";

/** Routes about the pod itself and what it can reach. */
export function systemRoutes(app: App, surroundings: Surroundings): void {
  const { config, ports } = surroundings;

  app.get("/api/models", { schema: { tags: ["models"], response: { 200: modelListSchema } } }, () => ports.models());

  app.get("/health", { schema: { tags: ["system"], response: { 200: healthSchema } } }, () => podHealth(surroundings));

  app.get("/metrics", { schema: { hide: true } }, async (request, reply) => {
    if (!config.metricsOpen && !isOwnMachine(request)) throw new RegisteredError("not_found");
    reply.header("Content-Type", ports.metrics.contentType);
    return ports.metrics.text();
  });

  for (const [url, what] of [
    ["/ready", "turns"],
    ["/ready/self", "self"],
  ] as const) {
    app.get(url, { schema: { tags: ["system"], response: { 200: z.object({ ready: z.literal(true) }) } } }, () => {
      const reason = notReady(surroundings, what);
      if (reason !== null) throw reason;
      return { ready: true as const };
    });
  }

  app.get("/api/openapi.json", { schema: { hide: true } }, () => app.swagger());
}

/** A process of this machine that asks for itself, not a gateway that passes a request on. */
function isOwnMachine(request: FastifyRequest): boolean {
  const from = request.socket.remoteAddress ?? "";
  const local = from === "::1" || from.replace(/^::ffff:/, "").startsWith("127.");
  return local && request.headers["x-forwarded-for"] === undefined && request.headers.forwarded === undefined;
}
