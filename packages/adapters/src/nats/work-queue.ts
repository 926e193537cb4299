import type { Msg } from "@nats-io/transport-node";
import { jetStreamNames, subjects, traceparentOf, type WorkflowRequest, workflowRequestSchema } from "@uci/protocol";
import { type Delivery, type SizedQueue, UnqueueableJobError, type WorkQueue } from "@uci/stream";
import { consumerInfo } from "./consumer.ts";
import { BrokerUnavailableError } from "./errors.ts";
import type { JetStream } from "./jetstream.ts";
import { consumerPlace } from "./leader-watch.ts";
import { natsLimits as limits } from "./limits.ts";
import type { NatsLink } from "./link.ts";
import { pullJobs } from "./pull.ts";
import { nanoseconds } from "./streams.ts";

/** The newest delivery of a job to this process. Its token is the subject that words about it go to. */
type Taken = { readonly token: string; heardAtMs: number; isReleased: boolean };

/** The stream's own limit of a message is passed. */
const messageTooLarge = 10_054;
const tooLarge = "the job is larger than the queue takes";

/** Deliveries not heard of for this many waits are forgotten. */
const waitsRemembered = 3;

export type QueueState = {
  /** Jobs nobody has taken. */
  readonly pending: number;
  /** Jobs taken and not acknowledged. */
  readonly unacknowledged: number;
  /** Age of the oldest job nobody has taken; null when there is none. */
  readonly oldestWaitingMs: number | null;
};

/** Jobs in a JetStream work queue with one durable consumer. */
export class NatsWorkQueue implements WorkQueue, SizedQueue {
  readonly #link: NatsLink;
  readonly #jetStream: JetStream;
  readonly #ackWaitMs: number;
  /** By the job's sequence in the stream. */
  readonly #taken = new Map<number, Taken>();

  constructor(link: NatsLink, jetStream: JetStream, ackWaitMs: number) {
    this.#link = link;
    this.#jetStream = jetStream;
    this.#ackWaitMs = ackWaitMs;
  }

  jobBytesMost(): number {
    return this.#link.messageBytesMost - limits.jobHeaderBytes;
  }

  async enqueue(id: string, job: WorkflowRequest): Promise<void> {
    const text = this.#textOf(job);
    const reply = await this.#jetStream.store(subjects.workflowExecute(job.session_id), text, {
      stream: jetStreamNames.workflowRequests,
      identity: id,
      timeoutMs: limits.enqueueTimeoutMs,
      headers: traceHeaders(job),
    });
    if (reply.kind === "stored") return;
    if (reply.kind === "impossible") throw reply.error;
    if (reply.kind === "refused" && reply.error.code === messageTooLarge) throw new UnqueueableJobError(tooLarge);
    const reason = reply.kind === "none" ? "it did not answer" : reply.error.message;
    throw new BrokerUnavailableError(`the queue did not take a job: ${reason}`);
  }

  /** Waits for one, then takes what else is there: a request for more would go on in the server after the first. */
  async take(most: number, waitMs: number): Promise<readonly Delivery[]> {
    if (most < 1) return [];
    this.#forgetLapsed();
    if (!this.#link.connected) throw new BrokerUnavailableError("NATS is not connected");
    const first = await pullJobs(this.#link, { batch: 1, waitMs: Math.max(1, waitMs) });
    if (first.length === 0 || most === 1) return this.#deliveries(first);
    const rest = await pullJobs(this.#link, { batch: most - 1, waitMs: 0 }).catch(() => []);
    return this.#deliveries([...first, ...rest]);
  }

  async extend(deliveries: readonly Delivery[]): Promise<void> {
    const current = deliveries.filter((delivery) => this.#isWorkedOn(delivery));
    if (current.length === 0) return;
    for (const { token } of current) this.#link.publish(token, "+WPI");
    await this.#link.flush();
    const nowMs = Date.now();
    for (const { token } of current) {
      const taken = this.#taken.get(sequenceOf(token));
      if (taken?.token === token) taken.heardAtMs = nowMs;
    }
  }

  async ack(delivery: Delivery): Promise<void> {
    const sequence = sequenceOf(delivery.token);
    const taken = this.#taken.get(sequence);
    if (taken !== undefined && taken.token !== delivery.token && !taken.isReleased) return;
    const reply = await this.#link.request(delivery.token, "+ACK", limits.ackTimeoutMs);
    const outcome = reply.kind === "message" ? "done" : reply.kind === "disconnected" ? "disconnected" : "nothing";
    this.#jetStream.leaders?.note(consumerPlace, outcome);
    if (reply.kind === "refused") throw reply.error;
    if (reply.kind !== "message") throw new BrokerUnavailableError("the queue did not confirm an acknowledgement");
    this.#taken.delete(sequence);
  }

  /**
   * The server does not tell a word about an old delivery from one about the newest, so it is said only of what is this
   * process's newest and cannot have been given to anybody else.
   */
  async release(delivery: Delivery, delayMs: number): Promise<void> {
    const taken = this.#taken.get(sequenceOf(delivery.token));
    if (taken?.token !== delivery.token || taken.isReleased) return;
    if (Date.now() - taken.heardAtMs >= this.#ackWaitMs) return;
    taken.isReleased = true;
    const delay = nanoseconds(Math.round(delayMs));
    this.#link.publish(delivery.token, delay > 0 ? `-NAK {"delay": ${delay}}` : "-NAK");
    await this.#link.flush();
  }

  /** A message stays in the stream until it is acknowledged, so the messages of the session tell. */
  async holds({ session_id, message_id, generation }: WorkflowRequest): Promise<boolean> {
    const subject = subjects.workflowExecute(session_id);
    let sequence = 1;
    for (let looked = 0; looked < limits.jobsLookedAt; looked++) {
      const query = { seq: sequence, next_by_subj: subject };
      const stored = await this.#jetStream.message(jetStreamNames.workflowRequests, query);
      if (stored === null) return false;
      const job = jobIn(stored.data);
      if (job?.message_id === message_id && job.generation === generation) return true;
      sequence = stored.sequence + 1;
    }
    // So many jobs of one session: this one waits behind them, as far as can be told.
    return true;
  }

  /** How much there is to do. Throws as `JetStream.ask`. */
  async state(nowMs: number): Promise<QueueState> {
    const { num_pending, num_ack_pending, delivered } = await consumerInfo(this.#jetStream);
    // A job that is being worked on stays in the stream; those behind the last one given out are the ones that wait.
    const query = { seq: delivered.stream_seq + 1, next_by_subj: subjects.workflowExecuteAll };
    const oldest = num_pending === 0 ? null : await this.#jetStream.message(jetStreamNames.workflowRequests, query);
    const oldestMs = Date.parse(oldest?.time ?? "");
    return {
      pending: num_pending,
      unacknowledged: num_ack_pending,
      oldestWaitingMs: Number.isNaN(oldestMs) ? null : Math.max(0, nowMs - oldestMs),
    };
  }

  /** What no worker would take, or no server carry, is refused here: published, it would come again and again. */
  #textOf(job: WorkflowRequest): string {
    const parsed = workflowRequestSchema.safeParse(job);
    if (!parsed.success) throw new UnqueueableJobError(`the job is malformed (${placeOf(parsed.error)})`);
    const text = JSON.stringify(job);
    if (Buffer.byteLength(text) > this.jobBytesMost()) throw new UnqueueableJobError(tooLarge);
    return text;
  }

  #deliveries(messages: readonly Msg[]): Delivery[] {
    const deliveries: Delivery[] = [];
    for (const message of messages) {
      const token = message.reply ?? "";
      const job = this.#jobOf(message);
      if (job === null) {
        this.#link.publish(token, "+TERM");
        continue;
      }
      this.#taken.set(sequenceOf(token), { token, heardAtMs: Date.now(), isReleased: false });
      deliveries.push({ token, job });
    }
    return deliveries;
  }

  #jobOf(message: Msg): WorkflowRequest | null {
    let value: unknown;
    try {
      value = message.json();
    } catch {
      value = null;
    }
    const parsed = workflowRequestSchema.safeParse(value);
    if (parsed.success) return parsed.data;
    const where = placeOf(parsed.error);
    this.#link.report(
      new Error(`the job at ${sequenceOf(message.reply ?? "")} is malformed (${where}) and was removed`),
    );
    return null;
  }

  /** Whether a sign of life is about what goes on: not about what was given back, or has come anew since. */
  #isWorkedOn({ token }: Delivery): boolean {
    const taken = this.#taken.get(sequenceOf(token));
    return taken === undefined || (taken.token === token) !== taken.isReleased;
  }

  #forgetLapsed(): void {
    const nowMs = Date.now();
    for (const [sequence, { heardAtMs }] of this.#taken) {
      if (nowMs - heardAtMs >= this.#ackWaitMs * waitsRemembered) this.#taken.delete(sequence);
    }
  }
}

/** Which job a stored message is; null: none of ours. */
function jobIn(data: Buffer): { readonly message_id?: unknown; readonly generation?: unknown } | null {
  try {
    const value: unknown = JSON.parse(data.toString());
    return typeof value === "object" && value !== null ? value : null;
  } catch {
    return null;
  }
}

/** The first place that is wrong, without its content. */
function placeOf(error: { readonly issues: readonly { readonly path: readonly PropertyKey[] }[] }): string {
  return error.issues[0]?.path.map(String).join(".") || "the whole";
}

/** `$JS.ACK.….{deliveries}.{stream sequence}.{consumer sequence}.{time}.{pending}`, with or without one token more. */
export function sequenceOf(token: string): number {
  const parts = token.split(".");
  // Nine tokens as long as servers put no domain before the stream, eleven or twelve since.
  return Number(parts[parts.length > 9 ? 7 : 5] ?? 0);
}

/** Trace context from click to provider. A correlation id of somebody else's making may not fit into a header. */
function traceHeaders({ correlation_id: correlationId, message_id: messageId }: WorkflowRequest) {
  const traceparent = traceparentOf(correlationId, messageId);
  return {
    ...(traceparent === null ? {} : { traceparent }),
    ...(/^[\x21-\x7e]{1,128}$/.test(correlationId) ? { "X-Correlation-Id": correlationId } : {}),
  };
}
