import type { DatabaseTrouble } from "@uci/adapters/postgres";
import { errorRegistry, type Health, type PodState, RegisteredError } from "@uci/protocol";
import type { Surroundings } from "./routes/surroundings.ts";

/** How the pod is: the same over HTTP and over the broker. */
export function podHealth({ config, ports, reader, isDraining }: Surroundings): Health {
  const connected = ports.brokerConnected();
  const isWhole = connected && ports.databaseTrouble() === null;
  return {
    status: isDraining() ? "draining" : isWhole ? "ok" : "degraded",
    pod_id: config.podId,
    timestamp: new Date(ports.clock.nowMs()).toISOString(),
    active_connections: reader.activeConnections,
    active_sessions: reader.activeSessions,
    active_buffers: reader.activeAnswers,
    nats_connected: connected,
  };
}

/** Of a pod: `self` is what sets it apart from other pods, `turns` also what all share. */
export type ReadyFor = "self" | "turns";

const troubles: Readonly<Record<DatabaseTrouble, string>> = {
  away: errorRegistry.database_unavailable.meaning,
  read_only: "The database is read-only just now: nothing can be stored.",
  full: "The database has no space left: nothing can be stored.",
};

/**
 * Why the pod is not ready; null: it is. A database that takes no writes is the same one for every pod, so it makes none
 * of them unfit: streams and reads go on wherever they are.
 */
export function notReady({ ports, isDraining }: Surroundings, what: ReadyFor): RegisteredError | null {
  if (isDraining()) return new RegisteredError("draining", undefined, 1_000);
  if (!ports.brokerConnected()) return new RegisteredError("broker_unavailable", undefined, 2_000);
  const trouble = what === "turns" ? ports.databaseTrouble() : null;
  return trouble === null ? null : new RegisteredError("database_unavailable", troubles[trouble], 2_000);
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
