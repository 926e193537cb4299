import { scriptedAnswer } from "@uci/adapters/providers/testing";
import { type AnswerEndedEvent, type ClientEvent, createClient, newIdempotencyKey } from "@uci/client";
import { type ChatAccepted, isFinalStatus, type MessagePage } from "@uci/protocol";

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

/** A turn that was refused, with what the caller was told. */
export class TurnRefused extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(`refused with ${status}: ${text.slice(0, 200)}`);
    this.status = status;
  }
}

/**
 * One session and its reader, over the product's own client, which reconnects by itself. Messages are posted without any
 * retry, so that every refusal is seen. Everything shown must be a beginning of the provider's answer.
 */
export class Conversation {
  readonly sessionId: string;
  readonly userId: string;
  readonly violations: string[] = [];
  /** Streams opened beyond the first. */
  reconnects = 0;
  readonly #baseUrl: string;
  readonly #expected = new Map<string, string>();
  readonly #texts = new Map<string, string>();
  readonly #replacements = new Map<string, number>();
  readonly #ended = new Map<string, AnswerEndedEvent>();
  readonly #stored = new Set<string>();
  readonly #stream: { close(): void };
  #waiting: (() => void)[] = [];
  #connections = 0;
  #isReady = false;

  /** `readFrom`: another address than the one messages are posted to. */
  constructor(baseUrl: string, sessionId: string, readFrom: string = baseUrl) {
    this.#baseUrl = baseUrl;
    this.sessionId = sessionId;
    this.userId = `user-of-${sessionId}`;
    const client = createClient({ baseUrl: readFrom, userId: this.userId });
    this.#stream = client.openStream({ sessionIds: [sessionId], onEvent: (event) => this.#take(event) });
  }

  /** Resolves when the stream has been open and ready once. */
  ready(limitMs = 30_000): Promise<void> {
    return this.#when("the stream is ready", () => this.#isReady, limitMs);
  }

  /** Posts a message; throws `TurnRefused` where it is not accepted. */
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
    this.#expected.set(messageId, scriptedAnswer(prompt));
    return messageId;
  }

  /** How much of an answer has been shown so far, in UTF-16 units. */
  shown(messageId: string): number {
    return this.#texts.get(messageId)?.length ?? 0;
  }

  /** Resolves when so much of an answer is shown. */
  untilShown(messageId: string, length: number, limitMs = 30_000): Promise<void> {
    return this.#when(`${length} characters of ${messageId}`, () => this.shown(messageId) >= length, limitMs);
  }

  /** The whole answer, once its end is here; `stored`: once its row is written, too. */
  async outcome(prompt: string, messageId: string, limitMs = 120_000, stored = false): Promise<TurnReport> {
    const over = () => this.#ended.has(messageId);
    await this.#when(`the end of ${messageId}`, over, limitMs).catch((error: Error) => {
      const facts = { shown: this.shown(messageId), reconnects: this.reconnects };
      throw new Error(`${error.message}; ${JSON.stringify(facts)}`);
    });
    if (stored) await this.#untilStored(messageId, limitMs);
    const { status, fold } = this.#ended.get(messageId)!;
    const isWhole = fold.text === scriptedAnswer(prompt);
    const replacements = this.#replacements.get(messageId) ?? 0;
    return { prompt, messageId, status, text: fold.text, isWhole, replacements };
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

  #take(event: ClientEvent): void {
    if (event.type === "connected") {
      if (this.#connections++ > 0) this.reconnects++;
    } else if (event.type === "ready") this.#isReady = true;
    else if (event.type === "answer_changed") {
      const { messageId, fold, change } = event;
      const before = this.#texts.get(messageId) ?? "";
      if (!fold.text.startsWith(before))
        this.#replacements.set(messageId, (this.#replacements.get(messageId) ?? 0) + 1);
      else if (change === "appended" && fold.text !== before + event.appendedText) {
        this.violations.push(`${messageId}: what was appended is not what was added`);
      }
      const expected = this.#expected.get(messageId);
      if (expected !== undefined && !expected.startsWith(fold.text)) {
        this.violations.push(`${messageId}: shown text is not a beginning of the answer`);
      }
      this.#texts.set(messageId, fold.text);
    } else if (event.type === "answer_ended") this.#ended.set(event.messageId, event);
    else if (event.type === "message_persisted") this.#stored.add(event.message_id);
    else if (event.type === "answer_unverified") this.violations.push(`${event.messageId}: hash does not match`);
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
