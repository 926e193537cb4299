import { healthSchema, modelListSchema, RegisteredError } from "@uci/protocol";
import { z } from "zod";
import type { App, Surroundings } from "./surroundings.ts";

/** Routes about the pod itself and what it can reach. */
export function systemRoutes(app: App, surroundings: Surroundings): void {
  const { config, ports, reader } = surroundings;

  app.get("/api/models", { schema: { tags: ["models"], response: { 200: modelListSchema } } }, () => ports.models());

  app.get("/health", { schema: { tags: ["system"], response: { 200: healthSchema } } }, () => {
    const connected = ports.brokerConnected();
    return {
      status: surroundings.isDraining() ? ("draining" as const) : connected ? ("ok" as const) : ("degraded" as const),
      pod_id: config.podId,
      timestamp: new Date(ports.clock.nowMs()).toISOString(),
      active_connections: reader.activeConnections,
      active_sessions: reader.activeSessions,
      active_buffers: reader.activeAnswers,
      nats_connected: connected,
    };
  });

  app.get("/ready", { schema: { tags: ["system"], response: { 200: z.object({ ready: z.literal(true) }) } } }, () => {
    if (surroundings.isDraining()) throw new RegisteredError("draining", undefined, 1_000);
    if (!ports.brokerConnected()) throw new RegisteredError("broker_unavailable", undefined, 2_000);
    return { ready: true as const };
  });

  app.get("/api/openapi.json", { schema: { hide: true } }, () => app.swagger());
}
