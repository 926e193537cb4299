import { wireTimes } from "@uci/protocol";
import { PodReader } from "@uci/stream";
import type { BackendConfig } from "./config.ts";
import { TrustedIdentifier } from "./identity.ts";
import { OpenStreams } from "./routes/stream.ts";
import type { BackendPorts, Surroundings } from "./routes/surroundings.ts";
import { buildServer } from "./server.ts";

export type RunningPod = {
  readonly podId: string;
  /** Address it listens on. */
  readonly host: string;
  readonly port: number;
  /** Takes nothing new, says good-bye to every stream over the drain time, then stops. */
  drain(): Promise<void>;
  /** Stops at once. */
  stop(): Promise<void>;
};

/** Starts a pod over the given ports; resolves when it listens. Throws what `listen` throws. */
export async function startBackend(config: BackendConfig, ports: BackendPorts): Promise<RunningPod> {
  const { live, ledger, registry, clock } = ports;
  const reader = new PodReader(config.podId, { live, ledger, registry, clock }, (event) => {
    if (event.kind === "contradiction" || event.kind === "hash_mismatch")
      ports.log.error(event, "stream contradicts itself");
    else ports.log.debug(event, "stream");
  });
  let draining = false;
  const identifier = ports.accounts ?? new TrustedIdentifier(ports.store.users);
  const surroundings: Surroundings = { config, ports, reader, identifier, isDraining: () => draining };
  const streams = new OpenStreams();
  const app = await buildServer(surroundings, streams);
  await reader.start();
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    await reader.stop();
    throw error;
  }
  const heartbeat = setInterval(() => streams.keepAlive(clock.nowMs()), wireTimes.sseCommentIntervalMs / 5);
  const address = app.server.address();
  const stop = async () => {
    draining = true;
    clearInterval(heartbeat);
    reader.closeConnections("draining");
    await reader.stop();
    await app.close();
  };
  return {
    podId: config.podId,
    host: config.host,
    port: typeof address === "object" && address !== null ? address.port : config.port,
    stop,
    async drain() {
      draining = true;
      await sayGoodbye(streams, config.drainMs);
      await stop();
    },
  };
}

/** Ends streams one after another over the drain time, so that they do not all knock at the next pod at once. */
async function sayGoodbye(streams: OpenStreams, drainMs: number): Promise<void> {
  const open = streams.all;
  const pauseMs = open.length === 0 ? 0 : drainMs / open.length;
  const pauseEvery = Math.max(1, Math.ceil(10 / Math.max(pauseMs, 0.001)));
  for (const [index, stream] of open.entries()) {
    stream.close("draining");
    if (index % pauseEvery === pauseEvery - 1) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs * pauseEvery));
    }
  }
}
