import { setTimeout as sleep } from "node:timers/promises";
import { BrokerSetupError, JetStreamError, reasonOf } from "./errors.ts";
import type { JetStream } from "./jetstream.ts";
import { natsLimits as limits } from "./limits.ts";
import type { NatsSettings } from "./settings.ts";
import { type StreamInfo, type StreamPlan, streamInfo, streamPlans } from "./streams.ts";

const streamNotFound = 10059;

export type ReplicaChange = { readonly stream: string; readonly from: number; readonly to: number };

/**
 * Gives every stream that is there as many copies as the settings say where it has fewer, and waits until the new ones
 * have caught up. Workers may go on meanwhile. Throws `BrokerSetupError`, whose message is one sentence; may be called again.
 */
export async function raiseReplicas(jetStream: JetStream, settings: NatsSettings): Promise<readonly ReplicaChange[]> {
  const changes: ReplicaChange[] = [];
  for (const plan of streamPlans(settings)) {
    const info = await infoOf(jetStream, plan);
    if (info === null) continue;
    if (info.config.num_replicas < plan.replicas) {
      await update(jetStream, plan, info);
      changes.push({ stream: plan.name, from: info.config.num_replicas, to: plan.replicas });
    }
    await untilCurrent(jetStream, plan);
  }
  return changes;
}

async function infoOf(jetStream: JetStream, { name }: StreamPlan): Promise<StreamInfo | null> {
  try {
    return await streamInfo(jetStream, name, limits.administrationTimeoutMs);
  } catch (error) {
    if (error instanceof JetStreamError && error.code === streamNotFound) return null;
    throw new BrokerSetupError(`NATS does not tell of the stream ${name}: ${reasonOf(error)}.`);
  }
}

async function update(jetStream: JetStream, { name, replicas }: StreamPlan, info: StreamInfo): Promise<void> {
  const { config, cluster } = info;
  // A server by itself takes the number (seen with 2.9.10), and makes no copy.
  if (cluster === undefined || cluster === null) {
    throw new BrokerSetupError(`NATS is one server, and ${replicas} copies of a stream take a cluster of ${replicas}.`);
  }
  try {
    const wanted = { ...config, num_replicas: replicas };
    await jetStream.ask(`STREAM.UPDATE.${name}`, wanted, limits.administrationTimeoutMs);
  } catch (error) {
    throw new BrokerSetupError(
      `NATS refuses ${replicas} copies of the stream ${name}: ${reasonOf(error)}; that takes a cluster of ${replicas} servers.`,
    );
  }
}

async function untilCurrent(jetStream: JetStream, plan: StreamPlan): Promise<void> {
  const untilMs = Date.now() + limits.replicasWithinMs;
  for (;;) {
    const info = await infoOf(jetStream, plan).catch(() => null);
    const others = info?.cluster?.replicas ?? [];
    const wanted = Math.min(plan.replicas, info?.config.num_replicas ?? plan.replicas) - 1;
    if (info !== null && others.length >= wanted && others.every(({ current }) => current)) return;
    if (Date.now() > untilMs) {
      throw new BrokerSetupError(
        `The copies of the stream ${plan.name} have not caught up within ${limits.replicasWithinMs / 1_000} s; try again.`,
      );
    }
    await sleep(limits.setUpRetryMs);
  }
}
