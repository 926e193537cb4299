import type { Socket } from "node:net";
import {
  createInbox,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  PermissionViolationError,
  type Subscription,
} from "@nats-io/transport-node";
import { BrokerUnavailableError, reasonOf } from "./errors.ts";
import { natsLimits as limits } from "./limits.ts";

export type NatsEvents = {
  connected(): void;
  disconnected(): void;
  /** Something went wrong that nobody waits for. Errors of the connection are told once, then again after a while. */
  error(error: unknown): void;
  /** A message went out or came in; called with every one. */
  carried?(direction: "out" | "in", subject: string, bytes: number): void;
};

/** What became of a question. `disconnected`: it may have arrived or not. `refused`: it was not sent, or not allowed. */
export type Reply =
  | { readonly kind: "message"; readonly message: Msg }
  | { readonly kind: "no_responders" }
  | { readonly kind: "timeout" }
  | { readonly kind: "disconnected" }
  | { readonly kind: "refused"; readonly error: Error };

type Question = { readonly subject: string; readonly settle: (reply: Reply) => void };

/** What is called with each message. `denied`: the server does not allow the subscription; it has ended. */
export type Listener = { readonly message: (message: Msg) => void; readonly denied: (error: Error) => void };

const disconnected: Reply = { kind: "disconnected" };
const timedOut: Reply = { kind: "timeout" };
const noResponders: Reply = { kind: "no_responders" };

/**
 * One connection to NATS on which nothing waits longer than it was told: questions end when the connection is lost, and
 * while there is none they end at once. Reconnects for ever by itself; subscriptions come back with it.
 */
export class NatsLink {
  readonly #connection: NatsConnection;
  readonly #events: NatsEvents;
  readonly #inboxPrefix: string;
  /** Answers to questions come to this subject and one token more. */
  readonly #answers: string;
  readonly #questions = new Map<string, Question>();
  readonly #lost = new Set<() => void>();
  readonly #back = new Set<() => void>();
  readonly #toldAtMs = new Map<string, number>();
  #asked = 0;
  #subscriptions = 0;
  #connected = true;
  #closed = false;

  constructor(connection: NatsConnection, inboxPrefix: string, events: NatsEvents) {
    this.#connection = connection;
    this.#inboxPrefix = inboxPrefix;
    this.#events = events;
    this.#answers = `${createInbox(inboxPrefix)}.`;
    this.subscribe(`${this.#answers}*`, {
      message: (message) => this.#answered(message),
      denied: (error) => this.#settleAll({ kind: "refused", error }),
    });
    void this.#watch();
    void connection.closed().then((error) => this.#ended(error ?? null));
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Subscriptions of this connection, that for answers among them. */
  get subscriptions(): number {
    return this.#subscriptions;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get serverVersion(): string {
    return this.#connection.info?.version ?? "";
  }

  /** Whether the server we are connected to has JetStream itself; while there is none, nobody can say that it has not. */
  get hasJetStream(): boolean {
    const { info } = this.#connection;
    return info === undefined || info.jetstream === true;
  }

  /** The largest message the server takes, headers included, in bytes; what its default is before it has said so. */
  get messageBytesMost(): number {
    return this.#connection.info?.max_payload ?? limits.messageBytesMost;
  }

  /** Leaves the server for the next of those it was given, as far as there are several. */
  turnToAnother(): void {
    if (this.#connected) this.#connection.reconnect().catch((error: unknown) => this.report(error));
  }

  /** Tells of an error that nobody waits for. */
  report(error: unknown): void {
    this.#events.error(error);
  }

  /** A subject for answers that nobody else knows. */
  newInbox(): string {
    return createInbox(this.#inboxPrefix);
  }

  /** Asks and waits for one answer. Never throws. */
  request(subject: string, payload: string, timeoutMs: number, headers?: MsgHdrs): Promise<Reply> {
    if (!this.#connected) return Promise.resolve(disconnected);
    return new Promise((resolve) => {
      const token = (this.#asked++).toString(36);
      const settle = (reply: Reply) => {
        clearTimeout(timer);
        this.#questions.delete(token);
        resolve(reply);
      };
      const timer = setTimeout(() => settle(timedOut), timeoutMs);
      this.#questions.set(token, { subject, settle });
      const reply = `${this.#answers}${token}`;
      this.#events.carried?.("out", subject, Buffer.byteLength(payload));
      try {
        this.#connection.publish(subject, payload, headers === undefined ? { reply } : { reply, headers });
      } catch (error) {
        settle({ kind: "refused", error: asError(error) });
      }
    });
  }

  /** Sends a message that may be lost; while there is no connection it is. Throws when it cannot be sent at all, as for its size. */
  publish(subject: string, payload: string, reply?: string): void {
    if (!this.#connected) return;
    this.#connection.publish(subject, payload, reply === undefined ? {} : { reply });
    this.#events.carried?.("out", subject, Buffer.byteLength(payload));
  }

  /** Calls the listener with each message; what it throws is reported. In force at the server only after a `flush`. */
  subscribe(filter: string, listener: Listener): Subscription {
    const subscription = this.#connection.subscribe(filter, {
      // An error thrown out of here would end the reading of the whole connection.
      callback: (error, message) => {
        try {
          if (error === null) {
            this.#events.carried?.("in", message.subject, message.data.length);
            listener.message(message);
          } else listener.denied(error);
        } catch (thrown) {
          this.#events.error(thrown);
        }
      },
    });
    this.#subscriptions++;
    void subscription.closed.finally(() => this.#subscriptions--);
    return subscription;
  }

  /** Resolves when the server has seen all that was sent before. Throws `BrokerUnavailableError`. */
  async flush(timeoutMs: number = limits.flushTimeoutMs): Promise<void> {
    if (!this.#connected) throw new BrokerUnavailableError("NATS is not connected");
    const { promise: cut, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new BrokerUnavailableError("NATS did not answer in time")), timeoutMs);
    const forget = this.whenLost(() => reject(new BrokerUnavailableError("the connection to NATS was lost")));
    try {
      await Promise.race([this.#connection.flush(), cut]);
    } catch (error) {
      throw error instanceof BrokerUnavailableError ? error : new BrokerUnavailableError(reasonOf(error));
    } finally {
      clearTimeout(timer);
      forget();
    }
  }

  /** Calls back, once, when the connection is lost. Returns what takes that back. */
  whenLost(callback: () => void): () => void {
    this.#lost.add(callback);
    return () => this.#lost.delete(callback);
  }

  /** Resolves when there is a connection, or when there will never be one any more. */
  async untilConnected(): Promise<void> {
    if (this.#connected || this.#closed) return;
    await new Promise<void>((resolve) => this.#back.add(resolve));
  }

  /** Sends what was published before and closes. Takes a limited time. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.flush(limits.closeWithinMs).catch(() => undefined);
    this.#closed = true;
    await this.#connection.close();
  }

  #answered(message: Msg): void {
    const question = this.#questions.get(message.subject.slice(this.#answers.length));
    if (question === undefined) return;
    const isNobody = message.data.length === 0 && message.headers?.code === 503;
    question.settle(isNobody ? noResponders : { kind: "message", message });
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === "disconnect") this.#disconnected();
      else if (status.type === "reconnect") this.#reconnected();
      else if (status.type === "staleConnection") this.#cutStale();
      else if (status.type === "error") this.#failed(status.error);
    }
  }

  #disconnected(): void {
    if (!this.#connected) return;
    this.#connected = false;
    this.#settleAll(disconnected);
    for (const callback of [...this.#lost]) callback();
    this.#lost.clear();
    if (!this.#closed) this.#events.disconnected();
  }

  #reconnected(): void {
    if (this.#connected || this.#closed) return;
    this.#connected = true;
    this.#wake();
    this.#events.connected();
  }

  #wake(): void {
    for (const callback of [...this.#back]) callback();
    this.#back.clear();
  }

  #settleAll(reply: Reply): void {
    for (const question of [...this.#questions.values()]) question.settle(reply);
  }

  #failed(error: Error): void {
    if (error instanceof PermissionViolationError && error.operation === "publish") {
      for (const question of [...this.#questions.values()]) {
        if (question.subject === error.subject) question.settle({ kind: "refused", error });
      }
    }
    const nowMs = Date.now();
    if (nowMs - (this.#toldAtMs.get(error.message) ?? 0) < limits.sameErrorMs) return;
    for (const [message, atMs] of this.#toldAtMs) {
      if (nowMs - atMs >= limits.sameErrorMs) this.#toldAtMs.delete(message);
    }
    this.#toldAtMs.set(error.message, nowMs);
    this.#events.error(error);
  }

  /**
   * The client lets go of a silent server only when the system has taken all it still had to send, which it never does
   * once its buffers are full. So the socket is cut, which the client takes for the loss that it is.
   */
  #cutStale(): void {
    const socket = socketOf(this.#connection);
    const timer = setTimeout(() => {
      if (this.#connected) socket?.destroy();
    }, limits.staleGraceMs);
    timer.unref();
  }

  #ended(error: Error | null): void {
    const wanted = this.#closed;
    this.#disconnected();
    this.#closed = true;
    this.#wake();
    if (!wanted) this.#events.error(error ?? new Error("the connection to NATS has ended"));
  }
}

function socketOf(connection: NatsConnection): Socket | undefined {
  const inside = connection as unknown as { readonly protocol?: { readonly transport?: { readonly socket?: Socket } } };
  return inside.protocol?.transport?.socket;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
