import { jetStreamNames, subjects } from "@uci/protocol";
import { z } from "zod";
import type { StreamSize } from "./fill-level.ts";
import type { JetStream } from "./jetstream.ts";
import { natsLimits as limits } from "./limits.ts";
import type { NatsSettings } from "./settings.ts";

const nanosecondsPerMillisecond = 1_000_000;

export function nanoseconds(durationMs: number): number {
  return durationMs * nanosecondsPerMillisecond;
}

/** What a stream must be. */
export type StreamPlan = {
  readonly name: string;
  readonly subject: string;
  readonly retention: "limits" | "workqueue";
  readonly replicas: number;
  readonly mostBytes: number;
  /** 0: for ever. */
  readonly keptMs: number;
  /** Entries of one subject; the last ones stay. -1: all. */
  readonly perSubject: number;
};

export function requestsPlan({ replicas }: NatsSettings): StreamPlan {
  return {
    name: jetStreamNames.workflowRequests,
    subject: subjects.workflowExecuteAll,
    retention: "workqueue",
    replicas,
    mostBytes: limits.workflowRequestsBytes,
    keptMs: 0,
    perSubject: -1,
  };
}

/** All streams of the system. */
export function streamPlans(settings: NatsSettings): readonly StreamPlan[] {
  const { replicas, partitions, journalBytes } = settings;
  const log = { retention: "limits", replicas, keptMs: limits.keptMs } as const;
  const journals = Array.from({ length: partitions }, (_, partition) => ({
    ...log,
    name: jetStreamNames.journal(partition),
    subject: subjects.journalPartition(partition),
    mostBytes: journalBytes,
    perSubject: -1,
  }));
  // Who owned an answer before is of no interest, so one entry a message is kept; compare-and-set works on that one.
  const owners = {
    ...log,
    name: jetStreamNames.owners,
    subject: subjects.ownerAll,
    mostBytes: limits.ownersBytes,
    perSubject: 1,
  };
  return [...journals, owners, requestsPlan(settings)];
}

/** A stream as JetStream takes it. */
export function streamConfiguration(plan: StreamPlan) {
  return {
    name: plan.name,
    subjects: [plan.subject],
    retention: plan.retention,
    storage: "file",
    num_replicas: plan.replicas,
    discard: "new",
    max_bytes: plan.mostBytes,
    max_msgs: -1,
    max_msg_size: -1,
    max_msgs_per_subject: plan.perSubject,
    max_age: nanoseconds(plan.keptMs),
    max_consumers: -1,
    duplicate_window: nanoseconds(limits.duplicateWindowMs),
    deny_delete: false,
    deny_purge: false,
    allow_direct: false,
  };
}

/** As much of a stream's configuration as is looked at; the rest is kept as it is. */
const configurationSchema = z.looseObject({
  subjects: z.array(z.string()).optional(),
  retention: z.string(),
  storage: z.string(),
  num_replicas: z.number(),
  discard: z.string(),
  max_bytes: z.number(),
  max_age: z.number(),
  max_msgs_per_subject: z.number().default(-1),
  duplicate_window: z.number().default(0),
  deny_purge: z.boolean().default(false),
  no_ack: z.boolean().default(false),
});
export type StreamConfiguration = z.infer<typeof configurationSchema>;

const streamInfoSchema = z.object({
  config: configurationSchema,
  state: z.object({ messages: z.number(), bytes: z.number(), first_ts: z.string().optional() }),
  /** Of a cluster alone; the leader is not among the copies. */
  cluster: z.object({ replicas: z.array(z.object({ current: z.boolean() })).nullish() }).nullish(),
});
export type StreamInfo = z.infer<typeof streamInfoSchema>;

/** What the server says of a stream. Throws as `JetStream.ask`. */
export async function streamInfo(
  jetStream: JetStream,
  name: string,
  timeoutMs: number = limits.readTimeoutMs,
): Promise<StreamInfo> {
  return streamInfoSchema.parse(await jetStream.ask(`STREAM.INFO.${name}`, {}, timeoutMs));
}

export async function streamSize(jetStream: JetStream, name: string): Promise<StreamSize> {
  const { config, state } = await streamInfo(jetStream, name);
  return { bytes: state.bytes, mostBytes: config.max_bytes };
}

/** Why a stream that is there cannot be used, as a sentence for the operator; null when it can. */
export function streamFault(plan: StreamPlan, found: StreamConfiguration): string | null {
  const stream = `The stream ${plan.name}`;
  if (found.subjects?.length !== 1 || found.subjects[0] !== plan.subject) {
    return `${stream} must take the subject ${plan.subject} and no other.`;
  }
  if (found.retention !== plan.retention) {
    return `${stream} has the retention ${found.retention} where ${plan.retention} is needed.`;
  }
  if (found.discard !== "new") {
    return `${stream} discards old entries when it is full, which loses answers; its discard policy must be "new".`;
  }
  if (plan.perSubject === -1 && found.max_msgs_per_subject > 0) {
    return `${stream} keeps ${found.max_msgs_per_subject} entries of a subject and drops older ones, which loses answers.`;
  }
  if (found.storage !== "file") return `${stream} is kept in memory and would not outlive its server.`;
  if (found.no_ack) return `${stream} does not acknowledge what it stores.`;
  if (found.deny_purge) return `${stream} cannot be trimmed, because purging it is denied.`;
  if (found.duplicate_window < nanoseconds(limits.duplicateWindowMs)) {
    return `${stream} recognises repeated entries for less than ${limits.duplicateWindowMs / 60_000} minutes.`;
  }
  if (found.num_replicas < plan.replicas) {
    return `${stream} has fewer copies than configured: ${found.num_replicas} where NATS_REPLICAS is ${plan.replicas}; raise it with \`npm run nats -- migrate\`.`;
  }
  return null;
}

/**
 * The configuration with its limits as they should be, null when they are. Limits grow; room is taken away only where
 * twice as much as is used stays, because a server may make the stream fit by removing entries.
 */
export function adjustedLimits(plan: StreamPlan, { config, state }: StreamInfo): StreamConfiguration | null {
  const { max_bytes: mostBytes, max_age: age } = config;
  const grows = mostBytes > 0 && plan.mostBytes > mostBytes;
  const shrinks = (mostBytes <= 0 || plan.mostBytes < mostBytes) && state.bytes * 2 <= plan.mostBytes;
  const isTooShort = age > 0 && (plan.keptMs === 0 || age < nanoseconds(plan.keptMs));
  if (!grows && !shrinks && !isTooShort) return null;
  return {
    ...config,
    max_bytes: grows || shrinks ? plan.mostBytes : mostBytes,
    max_age: isTooShort ? nanoseconds(plan.keptMs) : age,
  };
}
