import { headers, type MsgHdrs } from "@nats-io/transport-node";
import { BrokerUnavailableError, isFull, JetStreamError } from "./errors.ts";
import { type LeaderOutcome, LeaderWatch } from "./leader-watch.ts";
import { natsLimits as limits } from "./limits.ts";
import type { NatsLink, Reply } from "./link.ts";

/** What the server says to a message meant for a stream. `none`: no word of it, so it may be stored or not. */
export type StoreReply =
  | { readonly kind: "stored"; readonly sequence: number; readonly isDuplicate: boolean }
  | { readonly kind: "refused"; readonly error: JetStreamError }
  | { readonly kind: "none" }
  | { readonly kind: "impossible"; readonly error: Error };

export type StoredMessage = {
  readonly subject: string;
  readonly sequence: number;
  readonly data: Buffer;
  /** When the server stored it. */
  readonly time: string;
};

/** Which message of a stream: the one at a sequence, the last of a subject, or the first of a subject from a sequence on. */
export type MessageQuery =
  | { readonly seq: number }
  | { readonly last_by_subj: string }
  | { readonly seq: number; readonly next_by_subj: string };

const noMessageFound = 10037;

/** The parts of JetStream's wire that are used here, on its servers from 2.9 on. */
export class JetStream {
  readonly #link: NatsLink;
  /** Null where this service may not ask a leader to step down. */
  readonly leaders: LeaderWatch | null;

  constructor(link: NatsLink, mayMoveLeaders: boolean) {
    this.#link = link;
    const stepDown = (verb: string) => this.ask(verb, {}, limits.administrationTimeoutMs);
    this.leaders = mayMoveLeaders ? new LeaderWatch(stepDown, (error) => link.report(error)) : null;
  }

  /**
   * Stores a message under an identity: the same one within two minutes is stored once. With `afterSequence` only if
   * that is the last sequence of its subject (0: none). Never throws.
   */
  async store(
    subject: string,
    payload: string,
    options: {
      readonly stream: string;
      readonly identity: string;
      readonly timeoutMs: number;
      readonly afterSequence?: number;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): Promise<StoreReply> {
    const sent = headersOf({ ...options.headers, "Nats-Msg-Id": options.identity });
    if (options.afterSequence !== undefined) {
      sent.set("Nats-Expected-Last-Subject-Sequence", String(options.afterSequence));
    }
    const reply = await this.#link.request(subject, payload, options.timeoutMs, sent);
    if (reply.kind === "refused") return { kind: "impossible", error: reply.error };
    const said: StoreReply = reply.kind === "message" ? storeReplyOf(reply.message.string()) : { kind: "none" };
    this.leaders?.note(options.stream, reply.kind === "disconnected" ? "disconnected" : outcomeOf(said));
    return said;
  }

  /** One message, from the stream's leader, so that everything acknowledged before is seen. Null: there is none. */
  async message(stream: string, query: MessageQuery): Promise<StoredMessage | null> {
    try {
      const answer = await this.ask(`STREAM.MSG.GET.${stream}`, query, limits.readTimeoutMs);
      return storedMessageOf(answer);
    } catch (error) {
      if (error instanceof JetStreamError && error.code === noMessageFound) return null;
      throw error;
    }
  }

  /** Removes messages of a subject, those before a sequence or all. */
  async purge(stream: string, filter: string, beforeSequence?: number): Promise<void> {
    const query = beforeSequence === undefined ? { filter } : { filter, seq: beforeSequence };
    await this.ask(`STREAM.PURGE.${stream}`, query, limits.readTimeoutMs);
  }

  /**
   * A question to JetStream itself. Throws `JetStreamError` for its refusal, `BrokerUnavailableError` when nothing
   * answers, and what else stands in the way as it is.
   */
  async ask(verb: string, question: object, timeoutMs: number): Promise<Readonly<Record<string, unknown>>> {
    const reply = await this.#link.request(`$JS.API.${verb}`, JSON.stringify(question), timeoutMs);
    const answer = recordOf(answered(reply));
    const error = errorIn(answer);
    if (error !== null) throw error;
    return answer;
  }
}

/** A refusal for want of room is the leader's last word; any other should not come again and again. */
function outcomeOf(reply: StoreReply): LeaderOutcome {
  if (reply.kind === "stored") return reply.isDuplicate ? "nothing" : "done";
  return reply.kind === "refused" && isFull(reply.error) ? "done" : "nothing";
}

/** The text of a reply. Throws `BrokerUnavailableError` when there is none. */
function answered(reply: Reply): string {
  switch (reply.kind) {
    case "message":
      return reply.message.string();
    case "refused":
      throw reply.error;
    case "no_responders":
      throw new BrokerUnavailableError("JetStream is not there");
    case "timeout":
      throw new BrokerUnavailableError("JetStream did not answer in time");
    case "disconnected":
      throw new BrokerUnavailableError("NATS is not connected");
  }
}

/** What the server's word about a message means. */
export function storeReplyOf(text: string): StoreReply {
  let answer: Readonly<Record<string, unknown>>;
  try {
    answer = recordOf(text);
  } catch (error) {
    return { kind: "impossible", error: error as Error };
  }
  const error = errorIn(answer);
  if (error !== null) return { kind: "refused", error };
  const { seq: sequence, duplicate } = answer;
  if (typeof sequence === "number" && sequence > 0)
    return { kind: "stored", sequence, isDuplicate: duplicate === true };
  // A stream that does not acknowledge, or somebody else who answers on this subject.
  return { kind: "impossible", error: new Error("what answered to a stored message was not JetStream") };
}

function errorIn(answer: Readonly<Record<string, unknown>>): JetStreamError | null {
  const { error } = answer;
  if (typeof error !== "object" || error === null) return null;
  const { err_code: code, code: status, description } = error as Readonly<Record<string, unknown>>;
  return new JetStreamError(Number(code ?? 0), Number(status ?? 0), String(description ?? "refused"));
}

function storedMessageOf(answer: Readonly<Record<string, unknown>>): StoredMessage {
  const message = answer.message as Readonly<Record<string, unknown>> | undefined;
  const { subject, seq: sequence, data = "", time } = message ?? {};
  if (typeof subject !== "string" || typeof sequence !== "number" || typeof data !== "string") {
    throw new Error("JetStream's answer holds no message");
  }
  return { subject, sequence, data: Buffer.from(data, "base64"), time: String(time ?? "") };
}

function recordOf(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("JetStream's answer is not JSON");
  }
  if (typeof value !== "object" || value === null) throw new Error("JetStream's answer is not an object");
  return value as Readonly<Record<string, unknown>>;
}

function headersOf(values: Readonly<Record<string, string>>): MsgHdrs {
  const made = headers();
  for (const [name, value] of Object.entries(values)) made.set(name, value);
  return made;
}
