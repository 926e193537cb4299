import type { ServerResponse } from "node:http";
import { type ByeReason, type Chunk, type StreamEvent, wireTimes } from "@uci/protocol";
import type { ReaderSink } from "@uci/stream";

/** A chunk is encoded once, whoever reads it; so is its whole frame while its readers are at the same place. */
type EncodedChunk = { readonly data: string; cursor: string | null; bytes: Buffer };

const encodedChunks = new WeakMap<Chunk, EncodedChunk>();

/** One server-sent event. JSON has no raw line breaks, so data is always one line. */
export function frame(event: StreamEvent, cursor: string | null): string {
  return frameOf(event.event, JSON.stringify(event.data), cursor);
}

function frameOf(name: string, data: string, cursor: string | null): string {
  return cursor === null ? `event: ${name}\ndata: ${data}\n\n` : `id: ${cursor}\nevent: ${name}\ndata: ${data}\n\n`;
}

/** The frame as a piece of a chunked HTTP body. */
function httpChunk(text: string): Buffer {
  const length = Buffer.byteLength(text);
  return Buffer.from(`${length.toString(16)}\r\n${text}\r\n`);
}

function encoded(event: StreamEvent, cursor: string | null): Buffer {
  if (event.event !== "chunk") return httpChunk(frame(event, cursor));
  const known = encodedChunks.get(event.data);
  if (known === undefined) {
    const data = JSON.stringify(event.data);
    const bytes = httpChunk(frameOf("chunk", data, cursor));
    encodedChunks.set(event.data, { data, cursor, bytes });
    return bytes;
  }
  if (known.cursor !== cursor) {
    known.cursor = cursor;
    known.bytes = httpChunk(frameOf("chunk", known.data, cursor));
  }
  return known.bytes;
}

/**
 * Writes server-sent events on a raw response. What is written in one turn of the event loop leaves in one write, past
 * the response straight into its socket: the bytes are the same for every reader, and so is their framing. The caller
 * learns of the other side's end through `ended`.
 */
export class SseConnection implements ReaderSink {
  readonly #response: ServerResponse;
  readonly #ended: () => void;
  #batch: Buffer[] = [];
  #batchBytes = 0;
  #lastWriteAtMs = Date.now();
  /** It has been said that nothing follows: on the same socket the next answer may. */
  #ending = false;
  #over = false;
  /** Old proxies speak HTTP/1.0, which has no pieces. */
  readonly #isChunked: boolean;

  /** `opening` is the first event; it leaves in one write with the head. */
  constructor(
    response: ServerResponse,
    headers: Record<string, string>,
    opening: StreamEvent,
    drained: () => void,
    ended: () => void,
  ) {
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
    response.write(`retry: ${wireTimes.sseRetryMs}\n: open\n\n${frame(opening, null)}`);
    this.#isChunked = response.chunkedEncoding;
    const { socket } = response;
    socket?.on("drain", drained);
    response.on("close", () => {
      socket?.off("drain", drained);
      this.#finish();
    });
    response.on("error", () => this.#finish());
    // Whoever left while the sessions were looked up has been closed before anybody listened.
    if (response.closed || response.destroyed || response.socket === null) queueMicrotask(() => this.#finish());
  }

  get unsentBytes(): number {
    return this.#response.writableLength + this.#batchBytes;
  }

  send(event: StreamEvent, cursor: string | null): void {
    if (this.#over || this.#ending) return;
    const bytes = this.#isChunked ? encoded(event, cursor) : Buffer.from(frame(event, cursor));
    if (this.#batch.length === 0) queueMicrotask(() => this.#flush());
    this.#batch.push(bytes);
    this.#batchBytes += bytes.length;
  }

  close(reason: ByeReason): void {
    if (this.#over || this.#ending) return;
    this.send({ event: "bye", data: { reason } }, null);
    this.#flush();
    this.#ending = true;
    this.#response.end();
    // A reader that takes nothing would keep the socket open for ever.
    if (reason === "slow_reader") this.#response.destroy();
  }

  /** A comment, when nothing else was written for a while: tells both sides that the other is there. */
  keepAlive(nowMs: number): void {
    if (this.#over || this.#ending || nowMs - this.#lastWriteAtMs < wireTimes.sseCommentIntervalMs) return;
    this.#lastWriteAtMs = nowMs;
    this.#response.write(":\n\n");
  }

  #flush(): void {
    if (this.#batch.length === 0 || this.#over) return;
    const bytes = this.#batch.length === 1 ? this.#batch[0]! : Buffer.concat(this.#batch, this.#batchBytes);
    this.#batch = [];
    this.#batchBytes = 0;
    this.#lastWriteAtMs = Date.now();
    this.#response.socket?.write(bytes);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#batch = [];
    this.#ended();
  }
}
