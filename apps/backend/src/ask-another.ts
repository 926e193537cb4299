import { RegisteredError } from "@uci/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";

/** What is asked of this very pod. */
const ofThisPod = new Set(["/health", "/ready", "/ready/self", "/metrics"]);
const retryAfterMs = 1_000;

export type Readiness = {
  readonly ports: { readonly brokerConnected: () => boolean };
  readonly isDraining: () => boolean;
};

/**
 * A pod that is leaving, or cut off from the broker, sends requests on to another where the gateway has named a place for
 * that: before the body is read or anything done, so that even what must not arrive twice may be asked elsewhere.
 */
export function askAnother({ ports, isDraining }: Readiness) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const place = request.headers["x-ask-another"];
    if (typeof place !== "string" || !/^@[a-z0-9_]{1,40}$/.test(place)) return;
    if (ofThisPod.has(request.url) || (!isDraining() && ports.brokerConnected())) return;
    reply.header("X-Accel-Redirect", place);
    throw new RegisteredError(isDraining() ? "no_pod_available" : "broker_unavailable", undefined, retryAfterMs);
  };
}
