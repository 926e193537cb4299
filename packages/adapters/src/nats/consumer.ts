import { jetStreamNames } from "@uci/protocol";
import { z } from "zod";
import type { JetStream } from "./jetstream.ts";
import { natsLimits as limits } from "./limits.ts";
import { nanoseconds } from "./streams.ts";

const { workflowRequests: stream, workflowConsumer: name } = jetStreamNames;

/** The consumer of the work queue as JetStream takes it. */
export function consumerConfiguration(ackWaitMs: number) {
  return {
    durable_name: name,
    deliver_policy: "all",
    ack_policy: "explicit",
    ack_wait: nanoseconds(ackWaitMs),
    max_deliver: -1,
    max_ack_pending: limits.mostTakenJobs,
    replay_policy: "instant",
  };
}

const configurationSchema = z.looseObject({
  ack_policy: z.string(),
  ack_wait: z.number().default(0),
  max_deliver: z.number().default(-1),
  max_ack_pending: z.number().default(0),
  deliver_subject: z.string().optional(),
  filter_subject: z.string().optional(),
  filter_subjects: z.array(z.string()).optional(),
});
export type ConsumerConfiguration = z.infer<typeof configurationSchema>;

const consumerInfoSchema = z.object({
  config: configurationSchema,
  num_pending: z.number(),
  num_ack_pending: z.number(),
  /** The last message of the stream that was given to anybody. */
  delivered: z.object({ stream_seq: z.number() }),
});
export type ConsumerInfo = z.infer<typeof consumerInfoSchema>;

/** What the server says of the consumer. Throws as `JetStream.ask`. */
export async function consumerInfo(jetStream: JetStream): Promise<ConsumerInfo> {
  return consumerInfoSchema.parse(await jetStream.ask(`CONSUMER.INFO.${stream}.${name}`, {}, limits.readTimeoutMs));
}

/** Makes the consumer, or gives one that is there this configuration. */
export async function writeConsumer(jetStream: JetStream, config: object): Promise<void> {
  const request = { stream_name: stream, config };
  await jetStream.ask(`CONSUMER.DURABLE.CREATE.${stream}.${name}`, request, limits.administrationTimeoutMs);
}

/** Why a consumer that is there cannot be used, as a sentence for the operator; null when it can. */
export function consumerFault(ackWaitMs: number, found: ConsumerConfiguration): string | null {
  const consumer = `The consumer ${name} of ${stream}`;
  if (found.deliver_subject) return `${consumer} pushes its jobs where they must be pulled.`;
  if (found.ack_policy !== "explicit") return `${consumer} must ask for an explicit acknowledgement of each job.`;
  if (found.ack_wait !== nanoseconds(ackWaitMs)) {
    const foundSeconds = found.ack_wait / nanoseconds(1_000);
    return `${consumer} waits ${foundSeconds} s for an acknowledgement where ${ackWaitMs / 1_000} s are needed.`;
  }
  if (found.max_deliver > 0) return `${consumer} gives a job up after ${found.max_deliver} deliveries.`;
  if (found.filter_subject || (found.filter_subjects?.length ?? 0) > 0)
    return `${consumer} leaves out some of the jobs.`;
  return null;
}

/** The configuration with room for as many taken jobs as there may be, null when it has that. */
export function adjustedConsumer(found: ConsumerConfiguration): ConsumerConfiguration | null {
  const { max_ack_pending: most } = found;
  return most > 0 && most < limits.mostTakenJobs ? { ...found, max_ack_pending: limits.mostTakenJobs } : null;
}
