import type { Health } from "@uci/protocol";
import type { Surroundings } from "./routes/surroundings.ts";

/** How the pod is: the same over HTTP and over the broker. */
export function podHealth({ config, ports, reader, isDraining }: Surroundings): Health {
  const connected = ports.brokerConnected();
  return {
    status: isDraining() ? "draining" : connected ? "ok" : "degraded",
    pod_id: config.podId,
    timestamp: new Date(ports.clock.nowMs()).toISOString(),
    active_connections: reader.activeConnections,
    active_sessions: reader.activeSessions,
    active_buffers: reader.activeAnswers,
    nats_connected: connected,
  };
}
