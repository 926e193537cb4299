import type { ServerResponse } from "node:http";
import { type ByeReason, type Chunk, type StreamEvent, wireTimes } from "@uci/protocol";
import type { ReaderSink } from "@uci/stream";

/** Chunks are encoded once, whoever reads them. */
const encodedChunks = new WeakMap<Chunk, string>();

function encoded(event: StreamEvent): string {
  if (event.event !== "chunk") return JSON.stringify(event.data);
  let text = encodedChunks.get(event.data);
  if (text === undefined) {
    text = JSON.stringify(event.data);
    encodedChunks.set(event.data, text);
  }
  return text;
}

/** One server-sent event. JSON has no raw line breaks, so data is always one line. */
export function frame(event: StreamEvent, cursor: string | null): string {
  const id = cursor === null ? "" : `id: ${cursor}\n`;
  return `${id}event: ${event.event}\ndata: ${encoded(event)}\n\n`;
}

/**
 * Writes server-sent events on a raw response. What is written in one turn of the event loop leaves in one write.
 * The caller learns of the other side's end through `ended`.
 */
export class SseConnection implements ReaderSink {
  readonly #response: ServerResponse;
  readonly #ended: () => void;
  #batch: string[] = [];
  #batchCharacters = 0;
  #lastWriteAtMs = Date.now();
  #over = false;

  constructor(response: ServerResponse, headers: Record<string, string>, drained: () => void, ended: () => void) {
    this.#response = response;
    this.#ended = ended;
    response.writeHead(200, {
      ...headers,
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-cache, no-transform",
      Connection: "keep-alive",
      "X-Accel-Buffering": "no",
    });
    response.socket?.setNoDelay(true);
    response.write(`retry: ${wireTimes.sseRetryMs}\n: open\n\n`);
    response.on("drain", drained);
    response.on("close", () => this.#finish());
    response.on("error", () => this.#finish());
    // Whoever left while the sessions were looked up has been closed before anybody listened.
    if (response.closed || response.destroyed || response.socket === null) queueMicrotask(() => this.#finish());
  }

  get unsentBytes(): number {
    return this.#response.writableLength + this.#batchCharacters;
  }

  send(event: StreamEvent, cursor: string | null): void {
    if (this.#over) return;
    const text = frame(event, cursor);
    if (this.#batch.length === 0) queueMicrotask(() => this.#flush());
    this.#batch.push(text);
    this.#batchCharacters += text.length;
  }

  close(reason: ByeReason): void {
    if (this.#over) return;
    this.send({ event: "bye", data: { reason } }, null);
    this.#flush();
    this.#response.end();
    // A reader that takes nothing would keep the socket open for ever.
    if (reason === "slow_reader") this.#response.destroy();
  }

  /** A comment, when nothing else was written for a while: tells both sides that the other is there. */
  keepAlive(nowMs: number): void {
    if (this.#over || nowMs - this.#lastWriteAtMs < wireTimes.sseCommentIntervalMs) return;
    this.#lastWriteAtMs = nowMs;
    this.#response.write(":\n\n");
  }

  #flush(): void {
    if (this.#batch.length === 0 || this.#over) return;
    const text = this.#batch.join("");
    this.#batch = [];
    this.#batchCharacters = 0;
    this.#lastWriteAtMs = Date.now();
    this.#response.write(text);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#batch = [];
    this.#ended();
  }
}
