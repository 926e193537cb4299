import type { Msg } from "@nats-io/transport-node";
import type { LiveChannel, LiveHandler, RequestOutcome, Subscription } from "@uci/stream";
import type { ChunkTexts } from "./chunk-texts.ts";
import { BrokerUnavailableError, reasonOf } from "./errors.ts";
import type { NatsLink } from "./link.ts";

/** JSON messages over core NATS, lost while there is no connection. */
export class NatsLiveChannel implements LiveChannel {
  readonly #link: NatsLink;
  readonly #texts: ChunkTexts;

  constructor(link: NatsLink, texts: ChunkTexts) {
    this.#link = link;
    this.#texts = texts;
  }

  publish(subject: string, message: unknown): void {
    try {
      this.#link.publish(subject, this.#texts.message(message));
    } catch (error) {
      this.#link.report(new Error(`a message to ${subject} was not sent: ${reasonOf(error)}`));
    }
  }

  /** Waits as long as it takes while there is no connection. Throws when it is not allowed, or this end is closed. */
  async subscribe(filter: string, handler: LiveHandler): Promise<Subscription> {
    if (this.#link.closed) throw closedError();
    const denied: Error[] = [];
    const subscription = this.#link.subscribe(filter, {
      message: (message) => this.#deliver(message, handler),
      denied: (error) => denied.push(error),
    });
    for (;;) {
      const isSeen = await this.#link.flush().then(
        () => true,
        () => false,
      );
      if (denied[0] !== undefined) throw denied[0];
      if (isSeen) return { close: () => subscription.unsubscribe() };
      await this.#link.untilConnected();
      if (this.#link.closed) throw closedError();
    }
  }

  async request(subject: string, message: unknown, timeoutMs: number): Promise<RequestOutcome> {
    const reply = await this.#link.request(subject, JSON.stringify(message), timeoutMs);
    if (reply.kind === "no_responders") return { kind: "no_responders" };
    if (reply.kind === "refused") this.#link.report(reply.error);
    if (reply.kind !== "message") return { kind: "timeout" };
    const parsed = this.#parsed(reply.message);
    return parsed === null ? { kind: "timeout" } : { kind: "reply", message: parsed.value };
  }

  #deliver(message: Msg, handler: LiveHandler): void {
    const parsed = this.#parsed(message);
    if (parsed === null) return;
    const { reply } = message;
    handler(parsed.value, message.subject, reply ? (answer) => this.publish(reply, answer) : null);
  }

  #parsed(message: Msg): { readonly value: unknown } | null {
    try {
      // A question may be empty: there is nothing to say but that it is one.
      return { value: message.data.length === 0 ? {} : message.json() };
    } catch {
      this.#link.report(new Error(`a message on ${message.subject} is not JSON`));
      return null;
    }
  }
}

function closedError(): BrokerUnavailableError {
  return new BrokerUnavailableError("the connection to NATS is closed");
}
