import { subjects, wireTimes } from "@uci/protocol";
import { PodReader, type Subscription } from "@uci/stream";
import type { BackendConfig } from "./config.ts";
import { GatewaySignature } from "./edge/gateway-signature.ts";
import { notReady, podStates } from "./health.ts";
import { TrustedIdentifier } from "./identity.ts";
import { measurePod, podObserver } from "./observing.ts";
import { OpenStreams } from "./open-streams.ts";
import { GatedIdentifier } from "./person-gate.ts";
import { RevocationWatch } from "./revocation-watch.ts";
import type { BackendPorts, Surroundings } from "./routes/surroundings.ts";
import { buildServer } from "./server.ts";

/** How long requests under way may take once a pod that drained has nothing else left, in milliseconds. */
const lastRequestsMs = 5_000;
/** How often a pod says over the broker how it is. */
const heartbeatMs = 10_000;

export type RunningPod = {
  readonly podId: string;
  /** Address it listens on. */
  readonly host: string;
  readonly port: number;
  /** The session registry can be reached again. */
  registryIsBack(): Promise<void>;
  /** Takes nothing new, says good-bye to every stream over the drain time, then stops. */
  drain(): Promise<void>;
  /** Stops at once. */
  stop(): Promise<void>;
};

/** Starts a pod over the given ports; resolves when it listens. Throws what `listen` throws. */
export async function startBackend(config: BackendConfig, ports: BackendPorts): Promise<RunningPod> {
  const { live, ledger, registry, clock, plainTimes } = ports;
  const readerPorts = { live, ledger, registry, clock, plainTimes };
  const reader = new PodReader(config.podId, readerPorts, podObserver(ports.metrics, ports.log));
  measurePod(ports.metrics, reader);
  let draining = false;
  const { headerOnly, gatewaySecret: secret } = config.edge;
  const signature = secret === undefined ? null : new GatewaySignature(secret, () => clock.nowMs());
  const trusted = { users: ports.store.users, headerOnly, signature };
  const identifier = new GatedIdentifier(ports.accounts ?? new TrustedIdentifier(trusted));
  const streams = new OpenStreams(config.streamsPerUser, config.streamAgeMs);
  const revocations = ports.accounts === null ? null : new RevocationWatch(ports.accounts, ports.attempts, streams);
  const surroundings: Surroundings = {
    ...{ config, ports, reader, identifier },
    answered: (request) => identifier.answered(request),
    isDraining: () => draining,
    endRevoked: async () => revocations?.look(),
  };
  ports.metrics.beforeReading(() => {
    ports.metrics.set("uci_ready", notReady(surroundings, "turns") === null ? 1 : 0);
  });
  const app = await buildServer(surroundings, streams);
  app.server.maxConnections = config.edge.maxConnections;
  await reader.start();
  const asked = podStates(surroundings);
  const health: Subscription = await live.subscribe(subjects.podHealth(config.podId), (_message, _subject, reply) =>
    reply?.(asked()),
  );
  const beaten = podStates(surroundings);
  const beat = () => live.publish(subjects.podHeartbeat(config.podId), beaten());
  beat();
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    health.close();
    await reader.stop();
    throw error;
  }
  revocations?.start();
  const keepingAlive = setInterval(() => streams.keepAlive(clock.nowMs()), wireTimes.sseCommentIntervalMs / 5);
  const beating = setInterval(beat, heartbeatMs);
  const address = app.server.address();
  const stop = async () => {
    draining = true;
    clearInterval(keepingAlive);
    clearInterval(beating);
    revocations?.stop();
    health.close();
    reader.closeConnections("draining");
    await reader.stop();
    // A request under way is answered; one that takes too long, or a reader that takes nothing, is cut off.
    const cut = setTimeout(() => app.server.closeAllConnections(), config.drainMs === 0 ? 0 : lastRequestsMs);
    await app.close();
    clearTimeout(cut);
  };
  return {
    podId: config.podId,
    host: config.host,
    port: typeof address === "object" && address !== null ? address.port : config.port,
    stop,
    registryIsBack: () => reader.registryIsBack(),
    async drain() {
      draining = true;
      const untilMs = clock.nowMs() + config.drainMs;
      await sayGoodbye(streams, config.drainMs);
      // What the gateway has begun to send here is still answered; idle connections of its end meanwhile.
      const restMs = untilMs - clock.nowMs();
      if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
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
