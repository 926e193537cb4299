import type { Health, PodState } from "@uci/protocol";
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

/** How the pod is and what its process takes, for whoever asks over the broker. Each call measures since the one before. */
export function podStates(surroundings: Surroundings): () => PodState {
  let before = { usage: process.cpuUsage(), atMs: performance.now() };
  return () => {
    const { status, ...health } = podHealth(surroundings);
    const now = { usage: process.cpuUsage(), atMs: performance.now() };
    const usedMs = (now.usage.user + now.usage.system - before.usage.user - before.usage.system) / 1000;
    const passedMs = Math.max(1, now.atMs - before.atMs);
    before = now;
    return {
      ...health,
      status: status === "ok" ? "healthy" : status,
      memory_bytes: process.memoryUsage.rss(),
      cpu_percent: Math.round((usedMs / passedMs) * 1000) / 10,
      uptime_seconds: Math.round(process.uptime()),
    };
  };
}
