import { setTimeout as sleep } from "node:timers/promises";
import { scriptedAnswer } from "@uci/adapters/providers/testing";
import {
  type AnswerStream,
  ApiError,
  type Client,
  type ClientEvent,
  createClient,
  newIdempotencyKey,
} from "@uci/client";
import { type ChatAccepted, isFinalStatus, type MessagePage } from "@uci/protocol";
import { AnswerHistory } from "./answer-history.ts";

/** How one turn went, as its reader saw it. */
export type TurnReport = {
  readonly prompt: string;
  readonly messageId: string;
  readonly status: string;
  readonly text: string;
  /** It is the provider's text, byte for byte. */
  readonly isWhole: boolean;
  /** Times the reader was told that what it had seen is void. */
  readonly replacements: number;
};

/** A model of the scripted provider. `continues`: it goes on from the beginning of an answer. */
export type ScriptedModel = { readonly id: string; readonly continues: boolean };

/** A turn that was refused, with what the caller was told. */
export class TurnRefused extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(`refused with ${status}: ${text.slice(0, 200)}`);
    this.status = status;
  }
}

/** When the stream said how it is. */
export type StreamMark = { readonly atMs: number; readonly kind: "lost" | "connected" | "ready" };

/**
 * One session and its reader, over the product's own client, which reconnects by itself. Everything shown must be a
 * beginning of the provider's answer.
 */
export class Conversation {
  readonly sessionId: string;
  readonly userId: string;
  readonly histories = new Map<string, AnswerHistory>();
  readonly marks: StreamMark[] = [];
  readonly #baseUrl: string;
  readonly #stored = new Set<string>();
  readonly #client: Client;
  readonly #stream: AnswerStream;
  #waiting: (() => void)[] = [];

  /** `readFrom`: another address than the one messages are posted to. */
  constructor(baseUrl: string, sessionId: string, readFrom: string = baseUrl) {
    this.#baseUrl = baseUrl;
    this.sessionId = sessionId;
    this.userId = `user-of-${sessionId}`;
    this.#client = createClient({ baseUrl: readFrom, userId: this.userId });
    this.#stream = this.#client.openStream({ sessionIds: [sessionId], onEvent: (event) => this.#take(event) });
  }

  get violations(): string[] {
    return [...this.histories.values()].flatMap(({ flaws }) => flaws.map(({ what }) => what));
  }

  /** Streams opened beyond the first. */
  get reconnects(): number {
    return Math.max(0, this.marks.filter(({ kind }) => kind === "connected").length - 1);
  }

  /** Resolves when the stream has been open and ready once. */
  ready(limitMs = 30_000): Promise<void> {
    return this.#when("the stream is ready", () => this.marks.some(({ kind }) => kind === "ready"), limitMs);
  }

  /** Posts a message once, so that every refusal is seen; throws `TurnRefused` where it is not accepted. */
  async post(prompt: string): Promise<string> {
    const response = await fetch(`${this.#baseUrl}/api/chat`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-user-id": this.userId,
        // As the product's own client does: with a key the gateway may ask another pod when one goes away.
        "idempotency-key": newIdempotencyKey(),
      },
      body: JSON.stringify({ session_id: this.sessionId, message: prompt }),
    });
    if (response.status !== 202) throw new TurnRefused(response.status, await response.text());
    const { message_id: messageId } = (await response.json()) as ChatAccepted;
    this.expect(messageId, prompt);
    return messageId;
  }

  /** Sends a message as the product does, again and again under one key until it is accepted. */
  async send(prompt: string, model?: ScriptedModel, limitMs = 180_000): Promise<string> {
    const idempotencyKey = newIdempotencyKey();
    const request = {
      session_id: this.sessionId,
      message: prompt,
      ...(model === undefined ? {} : { model: model.id }),
    };
    const { message_id: messageId } = await this.#again(() => this.#client.chat(request, { idempotencyKey }), limitMs);
    this.expect(messageId, prompt, model);
    this.#stream.track(messageId, this.sessionId);
    return messageId;
  }

  /** Says what an answer has to be. */
  expect(messageId: string, prompt: string, model?: ScriptedModel): void {
    this.#history(messageId).expect(scriptedAnswer(prompt), model?.continues !== true);
  }

  /** Stops an answer, as the product does; true when it was said to have been stopped. */
  async stop(messageId: string, limitMs = 180_000): Promise<boolean> {
    const { status } = await this.#again(() => this.#client.messages.stop(messageId), limitMs);
    return status === "stopped";
  }

  /** Opens the stream anew, as after a network was lost. */
  reconnect(): void {
    this.#mark("lost");
    this.#stream.reconnect();
  }

  /** How much of an answer has been shown so far, in UTF-16 units. */
  shown(messageId: string): number {
    return this.histories.get(messageId)?.text.length ?? 0;
  }

  /** Resolves when so much of an answer is shown. */
  untilShown(messageId: string, length: number, limitMs = 30_000): Promise<void> {
    return this.#when(`${length} characters of ${messageId}`, () => this.shown(messageId) >= length, limitMs);
  }

  /** The whole answer, once its end is here; `stored`: once its row is written, too. */
  async outcome(prompt: string, messageId: string, limitMs = 120_000, stored = false): Promise<TurnReport> {
    const history = this.#history(messageId);
    const over = () => history.ended !== null;
    await this.#when(`the end of ${messageId}`, over, limitMs).catch((error: Error) => {
      const facts = { shown: this.shown(messageId), reconnects: this.reconnects };
      throw new Error(`${error.message}; ${JSON.stringify(facts)}`);
    });
    if (stored) await this.#untilStored(messageId, limitMs);
    const { text, replacements } = history;
    const isWhole = text === scriptedAnswer(prompt);
    return { prompt, messageId, status: history.ended!.status, text, isWhole, replacements };
  }

  close(): void {
    this.#stream.close();
  }

  /** The news that it is stored may fall between two connections; then the history tells. */
  async #untilStored(messageId: string, limitMs: number): Promise<void> {
    const untilMs = Date.now() + limitMs;
    while (!this.#stored.has(messageId)) {
      if (Date.now() > untilMs) throw new Error(`${this.sessionId}: not stored within ${limitMs} ms: ${messageId}`);
      await this.#when("the news", () => this.#stored.has(messageId), 500).catch(() => undefined);
      const address = `${this.#baseUrl}/api/sessions/${this.sessionId}/messages?limit=5`;
      const answer = await fetch(address, { headers: { "x-user-id": this.userId } });
      if (!answer.ok) continue;
      const { messages } = (await answer.json()) as MessagePage;
      const row = messages.find((message) => message.message_id === messageId);
      if (row !== undefined && isFinalStatus(row.status)) this.#stored.add(messageId);
    }
  }

  /** Until it succeeds or the time is over; then with the last error. */
  async #again<Answer>(call: () => Promise<Answer>, limitMs: number): Promise<Answer> {
    const untilMs = Date.now() + limitMs;
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (Date.now() > untilMs || (error instanceof ApiError && !error.retryable)) throw error;
        await sleep(250);
      }
    }
  }

  #history(messageId: string): AnswerHistory {
    const known = this.histories.get(messageId) ?? new AnswerHistory(messageId);
    this.histories.set(messageId, known);
    return known;
  }

  #mark(kind: StreamMark["kind"]): void {
    this.marks.push({ atMs: performance.now(), kind });
  }

  #take(event: ClientEvent): void {
    if (event.type === "connected" || event.type === "ready") this.#mark(event.type);
    else if (event.type === "connection" && event.state === "reconnecting") this.#mark("lost");
    else if (event.type === "answer_changed") this.#history(event.messageId).changed(event, performance.now());
    else if (event.type === "answer_ended") this.#history(event.messageId).end(event, performance.now());
    else if (event.type === "answer_unverified") this.#history(event.messageId).unverified();
    else if (event.type === "message_persisted") this.#stored.add(event.message_id);
    for (const check of [...this.#waiting]) check();
  }

  #when(what: string, holds: () => boolean, limitMs: number): Promise<void> {
    if (holds()) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const check = () => {
      if (!holds()) return;
      clearTimeout(timer);
      this.#waiting = this.#waiting.filter((other) => other !== check);
      resolve();
    };
    const timer = setTimeout(() => {
      this.#waiting = this.#waiting.filter((other) => other !== check);
      reject(new Error(`${this.sessionId}: not within ${limitMs} ms: ${what}`));
    }, limitMs);
    this.#waiting.push(check);
    return promise;
  }
}
