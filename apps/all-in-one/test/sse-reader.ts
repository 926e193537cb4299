import type http from "node:http";
import { type Chunk, type StreamEvent, type StreamEventName, streamEventSchemas } from "@uci/protocol";
import { expect } from "vitest";

/** One event as it came; `id` is the cursor it carried, null where it carried none. */
export type SeenEvent = StreamEvent & { readonly id: string | null };
type EventNamed<Name extends StreamEventName> = Extract<SeenEvent, { event: Name }>;

/**
 * Reads server-sent events from a raw response and checks each against the wire's schema. Its parser is written from
 * the specification of server-sent events, apart from the one the product's client has.
 */
export class SseReader {
  readonly events: SeenEvent[] = [];
  readonly comments: string[] = [];
  retryMs: number | null = null;
  /** The newest id, as a browser would send it in Last-Event-ID. */
  lastEventId: string | null = null;
  /** How the stream ended; null while it is open. */
  end: "closed" | Error | null = null;
  readonly #response: http.IncomingMessage;
  readonly #waiting = new Set<() => void>();
  #rest = "";

  constructor(response: http.IncomingMessage) {
    this.#response = response;
    response.setEncoding("utf8");
    response.on("data", (text: string) => this.#take(text));
    response.on("end", () => this.#ended("closed"));
    response.on("error", (error) => this.#ended(error));
  }

  get headers(): http.IncomingHttpHeaders {
    return this.#response.headers;
  }

  /** All events of one name, in the order they came. */
  all<Name extends StreamEventName>(name: Name): EventNamed<Name>[] {
    return this.events.filter((event): event is EventNamed<Name> => event.event === name);
  }

  /** The first event for which the condition holds, now or later; throws after the limit with what came instead. */
  async until(what: string, holds: (event: SeenEvent) => boolean, limitMs: number = 15_000): Promise<SeenEvent> {
    await this.when(what, () => this.events.some(holds), limitMs);
    return this.events.find(holds)!;
  }

  /** Resolves when the condition holds, which is looked at after every event and at the end. */
  when(what: string, holds: () => boolean, limitMs: number = 15_000): Promise<void> {
    if (holds()) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const check = () => {
      if (holds()) resolve();
      else if (this.end !== null) reject(new Error(`the stream ended before: ${what}; it brought ${this.#told()}`));
    };
    const timer = setTimeout(
      () => reject(new Error(`not within ${limitMs} ms: ${what}; came ${this.#told()}`)),
      limitMs,
    );
    this.#waiting.add(check);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(check);
    });
  }

  untilComplete(messageId: string, limitMs?: number): Promise<SeenEvent> {
    const isIt = (event: SeenEvent) => event.event === "message_complete" && event.data.message_id === messageId;
    return this.until(`message_complete of ${messageId}`, isIt, limitMs);
  }

  untilPersisted(messageId: string, limitMs?: number): Promise<SeenEvent> {
    const isIt = (event: SeenEvent) => event.event === "message_persisted" && event.data.message_id === messageId;
    return this.until(`message_persisted of ${messageId}`, isIt, limitMs);
  }

  untilReady(): Promise<SeenEvent> {
    return this.until("ready", (event) => event.event === "ready");
  }

  untilChunks(messageId: string, count: number): Promise<void> {
    return this.when(`${count} chunks of ${messageId}`, () => this.chunksOf(messageId).length >= count);
  }

  chunksOf(messageId: string): Chunk[] {
    return this.all("chunk")
      .filter(({ data }) => data.message_id === messageId)
      .map(({ data }) => data);
  }

  /** Ends the connection from this side, as a closed tab does. */
  close(): void {
    this.#response.destroy();
    this.#ended("closed");
  }

  #told(): string {
    const names = this.events.map(({ event }) => event);
    return names.length > 30 ? `… ${names.slice(-30).join(" ")}` : names.join(" ");
  }

  #take(text: string): void {
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop()!;
    for (const block of blocks) this.#block(block);
    this.#changed();
  }

  #block(block: string): void {
    let id: string | null = null;
    let name: string | null = null;
    const data: string[] = [];
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon === 0) {
        this.comments.push(line.slice(1).trim());
        continue;
      }
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "id") id = value;
      else if (field === "event") name = value;
      else if (field === "data") data.push(value);
      else if (field === "retry") this.retryMs = Number(value);
      else throw new Error(`an SSE line that is none: ${line}`);
    }
    if (id !== null) this.lastEventId = id;
    if (data.length === 0) return;
    const schema = Object.entries(streamEventSchemas).find(([known]) => known === name)?.[1];
    if (schema === undefined) throw new Error(`an event nobody has described: ${name}`);
    this.events.push({ event: name, data: schema.parse(JSON.parse(data.join("\n"))), id } as SeenEvent);
  }

  #ended(end: "closed" | Error): void {
    this.end ??= end;
    this.#changed();
  }

  #changed(): void {
    for (const check of [...this.#waiting]) check();
  }
}

/** The text that chunks of one generation make, with every chunk id and offset checked. `from`: the first id expected. */
export function textOf(chunks: readonly Chunk[], from: number = 0, beginning: string = ""): string {
  let text = beginning;
  for (const [index, chunk] of chunks.entries()) {
    if (chunk.chunk_id !== from + index) {
      expect.fail(`chunk ids of ${chunk.message_id}: ${chunk.chunk_id} where ${from + index} was due`);
    }
    if (chunk.chunk_type === "reset") text = "";
    if (chunk.chunk_type !== "content") continue;
    expect(chunk.offset).toBe(Buffer.byteLength(text));
    text += chunk.chunk;
  }
  return text;
}
