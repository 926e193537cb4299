import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { jetStreamNames, subjects } from "@uci/protocol";
import { adjustedConsumer, consumerConfiguration, consumerFault, consumerInfo, writeConsumer } from "./consumer.ts";
import { BrokerSetupError, BrokerUnavailableError, isBrokerUnavailable, JetStreamError, reasonOf } from "./errors.ts";
import type { JetStream } from "./jetstream.ts";
import { natsLimits as limits } from "./limits.ts";
import type { NatsSettings } from "./settings.ts";
import {
  adjustedLimits,
  requestsPlan,
  type StreamInfo,
  type StreamPlan,
  streamConfiguration,
  streamFault,
  streamInfo,
  streamPlans,
} from "./streams.ts";

const streamNotFound = 10059;
const consumerNotFound = 10014;
const streamNameInUse = 10058;
const notEnabled = new Set([10039, 10076]);

/**
 * What looks at the streams and makes them. `hasJetStream`: the server we are connected to has it itself.
 * `turnToAnother`: leaves that server for the next.
 */
export type Surroundings = {
  readonly jetStream: JetStream;
  readonly settings: NatsSettings;
  readonly hasJetStream: () => boolean;
  readonly turnToAnother: () => void;
  readonly nowMs: () => number;
};

/**
 * Makes the streams and the consumer that are missing, raises limits that are too low, and throws `BrokerSetupError`
 * over what would lose something. Safe to run in several processes at once, and again.
 */
export async function provision(surroundings: Surroundings): Promise<void> {
  await persistently(surroundings, async () => {
    for (const plan of streamPlans(surroundings.settings)) await provideStream(surroundings.jetStream, plan);
    await provideConsumer(surroundings);
    await compareClocks(surroundings);
  });
}

/**
 * Makes the work queue anew, empty, where JetStream works but nobody leads the queue's stream, as after two of its three
 * copies broke; false: it is led, perhaps because another worker has made it anew meanwhile, or JetStream as a whole does
 * not answer, and all it needs is patience. Throws `BrokerUnavailableError` when the old one cannot be removed.
 */
export async function rebuildQueue(surroundings: Surroundings): Promise<boolean> {
  const { jetStream, settings } = surroundings;
  const plan = requestsPlan(settings);
  const untilMs = Date.now() + limits.setUpWithinMs;
  for (;;) {
    // Looked at before each removal: what another worker has just made is not to be removed, nor while it elects.
    const lead = await leadOf(jetStream, plan.name, limits.electionMs);
    if (lead === "led") return false;
    if ((await leadOf(jetStream, jetStreamNames.owners)) !== "led") return false;
    if (lead === "missing") break;
    if (Date.now() > untilMs) throw new BrokerUnavailableError(`the stream ${plan.name} could not be removed`);
    // Without a leader nobody says that it is gone; the next look does.
    await jetStream.ask(`STREAM.DELETE.${plan.name}`, {}, limits.readTimeoutMs).catch(() => undefined);
  }
  await persistently(surroundings, async () => {
    await provideStream(jetStream, plan);
    await provideConsumer(surroundings);
  });
  return true;
}

/** `leaderless`: nobody has answered for the stream for `patienceMs`, in at least one look. */
async function leadOf(jetStream: JetStream, name: string, patienceMs = 0): Promise<"led" | "leaderless" | "missing"> {
  const untilMs = Date.now() + patienceMs;
  for (;;) {
    try {
      await streamInfo(jetStream, name);
      return "led";
    } catch (error) {
      if (error instanceof JetStreamError && error.code === streamNotFound) return "missing";
      if (!isBrokerUnavailable(error)) throw error;
    }
    if (Date.now() >= untilMs) return "leaderless";
    await sleep(limits.setUpRetryMs);
  }
}

/** Waits until the work queue is there and throws `BrokerSetupError` when it does not come or cannot be used. */
export async function checkQueue(surroundings: Surroundings): Promise<void> {
  const plan = requestsPlan(surroundings.settings);
  await persistently(surroundings, async () => refuseFault(plan, await streamInfo(surroundings.jetStream, plan.name)));
}

/**
 * Again while JetStream is not ready yet, as when a cluster has just been started, or a stream is not made yet. A node that
 * lost its copy of a stream and leads the cluster says that there is no such stream (seen with 2.9.10), and to those who are
 * connected to it before the one that has it: so others are asked as well.
 */
async function persistently(surroundings: Surroundings, task: () => Promise<void>): Promise<void> {
  const withinMs = surroundings.settings.setUpWithinMs ?? limits.setUpWithinMs;
  const untilMs = Date.now() + withinMs;
  let turnAtMs = Date.now() + limits.missingBelievedMs;
  for (;;) {
    try {
      return await task();
    } catch (error) {
      if (error instanceof BrokerSetupError) throw error;
      const isMissing = error instanceof JetStreamError && error.code === streamNotFound;
      const mayCome = isMissing || isBrokerUnavailable(error);
      const isOff = error instanceof JetStreamError && notEnabled.has(error.code);
      if (isOff || (mayCome && !isMissing && !surroundings.hasJetStream())) {
        throw new BrokerSetupError("JetStream is not enabled on the NATS server; its configuration needs `jetstream`.");
      }
      if (!mayCome) throw new BrokerSetupError(refusalSentence(error, surroundings.settings));
      if (Date.now() + limits.setUpRetryMs > untilMs) throw new BrokerSetupError(lateSentence(isMissing, withinMs));
      if (isMissing && Date.now() > turnAtMs) {
        surroundings.turnToAnother();
        turnAtMs = Date.now() + limits.missingBelievedMs;
      }
      await sleep(limits.setUpRetryMs);
    }
  }
}

/** A partition whose subjects the user may not use is one that the server's configuration was not made for. */
function refusalSentence(error: unknown, { partitions }: NatsSettings): string {
  const reason = reasonOf(error);
  // The first is in every configuration: refused, it is the user that is the wrong one.
  const partition = /permissions violation.*JOURNAL_([1-9]\d*)/i.exec(reason)?.[1];
  if (partition === undefined) return `NATS cannot be set up: ${reason}.`;
  return (
    `The users of NATS have no right to ${jetStreamNames.journal(Number(partition))} and JOURNAL_PARTITIONS is ${partitions}: ` +
    `write its configuration anew with \`npm run nats -- config --partitions ${partitions}\`.`
  );
}

function lateSentence(isMissing: boolean, withinMs: number): string {
  const seconds = withinMs / 1_000;
  if (isMissing)
    return `The stream ${jetStreamNames.workflowRequests} did not appear within ${seconds} s: no worker has made it.`;
  return `JetStream did not get ready within ${seconds} s.`;
}

async function provideStream(jetStream: JetStream, plan: StreamPlan): Promise<void> {
  const found = (await foundStream(jetStream, plan)) ?? (await madeStream(jetStream, plan));
  refuseFault(plan, found);
  const adjusted = adjustedLimits(plan, found);
  if (adjusted === null) return;
  await jetStream.ask(`STREAM.UPDATE.${plan.name}`, adjusted, limits.administrationTimeoutMs);
}

async function foundStream(jetStream: JetStream, plan: StreamPlan): Promise<StreamInfo | null> {
  try {
    return await streamInfo(jetStream, plan.name, limits.administrationTimeoutMs);
  } catch (error) {
    if (error instanceof JetStreamError && error.code === streamNotFound) return null;
    throw error;
  }
}

async function madeStream(jetStream: JetStream, plan: StreamPlan): Promise<StreamInfo> {
  try {
    await jetStream.ask(`STREAM.CREATE.${plan.name}`, streamConfiguration(plan), limits.administrationTimeoutMs);
  } catch (error) {
    if (!(error instanceof JetStreamError) || error.status === 503) throw error;
    // Somebody else has just made it; whether as it should be is looked at like any other's.
    if (error.code !== streamNameInUse) {
      throw new BrokerSetupError(`NATS refuses to make the stream ${plan.name}: ${reasonOf(error)}.`);
    }
  }
  return streamInfo(jetStream, plan.name, limits.administrationTimeoutMs);
}

function refuseFault(plan: StreamPlan, { config }: StreamInfo): void {
  const fault = streamFault(plan, config);
  if (fault !== null) throw new BrokerSetupError(fault);
}

async function provideConsumer({ jetStream, settings }: Surroundings): Promise<void> {
  const ackWaitMs = settings.ackWaitMs ?? limits.ackWaitMs;
  for (;;) {
    try {
      const { config } = await consumerInfo(jetStream);
      const fault = consumerFault(ackWaitMs, config);
      if (fault !== null) throw new BrokerSetupError(fault);
      const adjusted = adjustedConsumer(config);
      if (adjusted !== null) await writeConsumer(jetStream, adjusted);
      return;
    } catch (error) {
      if (!(error instanceof JetStreamError) || error.code !== consumerNotFound) throw error;
    }
    await writeConsumer(jetStream, consumerConfiguration(ackWaitMs));
  }
}

/** The server stamps what it stores; a stamp far from our own time says that one of the clocks is wrong. */
async function compareClocks({ jetStream, nowMs }: Surroundings): Promise<void> {
  const subject = subjects.owner(`clock-${randomBytes(9).toString("base64url")}`);
  const beforeMs = nowMs();
  const reply = await jetStream.store(subject, "{}", {
    stream: jetStreamNames.owners,
    identity: subject,
    timeoutMs: limits.administrationTimeoutMs,
  });
  const afterMs = nowMs();
  if (reply.kind === "none") return;
  if (reply.kind !== "stored") throw new BrokerSetupError(`NATS stores nothing: ${reasonOf(reply.error)}.`);
  const message = await jetStream.message(jetStreamNames.owners, { seq: reply.sequence });
  await jetStream.purge(jetStreamNames.owners, subject);
  if (message === null) return;
  const fault = clockFault(Date.parse(message.time), beforeMs, afterMs);
  if (fault !== null) throw new BrokerSetupError(fault);
}

/** Compares the server's time of something with our time before and after it; a sentence when they are too far apart. */
export function clockFault(serverMs: number, beforeMs: number, afterMs: number): string | null {
  const behindMs = beforeMs - serverMs;
  const aheadMs = serverMs - afterMs;
  if (Math.max(behindMs, aheadMs) <= limits.clockSkewMs) return null;
  const [seconds, way] = behindMs > 0 ? [behindMs / 1_000, "behind"] : [aheadMs / 1_000, "ahead of"];
  return `The clock of the NATS server is ${Math.round(seconds)} s ${way} the clock here; set both by the same time server.`;
}
