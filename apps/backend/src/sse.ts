import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type ByeReason, type Chunk, type StreamEvent, wireTimes } from "@uci/protocol";
import type { ReaderSink } from "@uci/stream";

/** A chunk is encoded once, whoever reads it; so is its whole frame while its readers are at the same place. */
type EncodedChunk = { readonly data: string; cursor: string | null; bytes: Buffer };

/**
 * Those of this turn of the event loop, in which all who read it are sent it. Kept for as long as the chunk is, they
 * would take three times its memory, and the garbage collector a fifth of the time of the pod.
 */
const encodedThisTurn = new Map<Chunk, EncodedChunk>();

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
  const known = encodedThisTurn.get(event.data);
  if (known === undefined) {
    const data = JSON.stringify(event.data);
    const bytes = httpChunk(frameOf("chunk", data, cursor));
    if (encodedThisTurn.size === 0) queueMicrotask(() => encodedThisTurn.clear());
    encodedThisTurn.set(event.data, { data, cursor, bytes });
    return bytes;
  }
  if (known.cursor !== cursor) {
    known.cursor = cursor;
    known.bytes = httpChunk(frameOf("chunk", known.data, cursor));
  }
  return known.bytes;
}

/** Connections with something to write at the end of this turn. */
let waiting: SseConnection[] = [];

function flushAtEndOfTurn(connection: SseConnection): void {
  if (waiting.length === 0) queueMicrotask(flushWaiting);
  waiting.push(connection);
}

function flushWaiting(): void {
  const connections = waiting;
  waiting = [];
  const nowMs = Date.now();
  for (const connection of connections) connection.flush(nowMs);
}

/**
 * Writes server-sent events on a raw response. What is written in one turn of the event loop leaves in one write, past
 * the response straight into its socket: the bytes are the same for every reader, and so is their framing. Until Node has
 * said that head and opening have left, everything waits in the batch: on a socket that still owes the answer to an
 * earlier request, and on some releases of Node always, a write past the response would overtake them. The caller learns
 * of the other side's end through `ended`.
 */
export class SseConnection implements ReaderSink {
  readonly #response: ServerResponse;
  /** The request's: the response has none before its turn comes. */
  readonly #socket: Socket;
  readonly #drained: () => void;
  readonly #ended: () => void;
  /** Head and opening have left; from here on nothing is written through the response but its end. */
  #hasOpened = false;
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
    response: ServerResponse<IncomingMessage>,
    headers: Readonly<Record<string, number | string | string[] | undefined>>,
    opening: StreamEvent,
    drained: () => void,
    ended: () => void,
  ) {
    const { socket } = response.req;
    this.#response = response;
    this.#socket = socket;
    this.#drained = drained;
    this.#ended = ended;
    response.writeHead(200, {
      ...headers,
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-cache, no-transform",
      Connection: "keep-alive",
      "X-Accel-Buffering": "no",
    });
    this.#isChunked = response.chunkedEncoding;
    socket.setNoDelay(true);
    const closed = () => {
      socket.off("drain", drained).off("close", closed);
      response.off("close", closed);
      this.#finish();
    };
    // A response whose turn never came is not told that its socket closed.
    socket.on("drain", drained).on("close", closed);
    response.on("close", closed);
    response.on("error", () => this.#finish());
    socket.cork();
    // The head by itself: joined to a text, Node would keep each of its lines for as long as the stream is open.
    response.flushHeaders();
    response.write(`retry: ${wireTimes.sseRetryMs}\n: open\n\n${frame(opening, null)}`, (error) => {
      if (error == null) this.#open();
    });
    socket.uncork();
    // Whoever left while the sessions were looked up has been closed before anybody listened.
    if (response.closed || response.destroyed || socket.destroyed) queueMicrotask(closed);
  }

  get unsentBytes(): number {
    return this.#socket.writableLength + this.#batchBytes;
  }

  send(event: StreamEvent, cursor: string | null): void {
    if (this.#over || this.#ending) return;
    const bytes = this.#isChunked ? encoded(event, cursor) : Buffer.from(frame(event, cursor));
    if (this.#batch.length === 0 && this.#hasOpened) flushAtEndOfTurn(this);
    this.#batch.push(bytes);
    this.#batchBytes += bytes.length;
  }

  close(reason: ByeReason): void {
    if (this.#over || this.#ending) return;
    this.send({ event: "bye", data: { reason } }, null);
    this.flush(Date.now());
    this.#ending = true;
    if (this.#hasOpened) this.#response.end();
    // A reader that takes nothing would keep the socket open for ever.
    if (reason === "slow_reader") this.#response.destroy();
  }

  /** A comment, when nothing else was written for a while: tells both sides that the other is there. */
  keepAlive(nowMs: number): void {
    if (this.#over || this.#ending || !this.#hasOpened || nowMs - this.#lastWriteAtMs < wireTimes.sseCommentIntervalMs)
      return;
    this.#lastWriteAtMs = nowMs;
    this.#socket.write(this.#framed(":\n\n"));
  }

  /** Writes what was sent in this turn; called at its end. */
  flush(nowMs: number): void {
    if (this.#batch.length === 0 || this.#over || !this.#hasOpened) return;
    const bytes = this.#batch.length === 1 ? this.#batch[0]! : Buffer.concat(this.#batch, this.#batchBytes);
    this.#batch = [];
    this.#batchBytes = 0;
    this.#lastWriteAtMs = nowMs;
    this.#socket.write(bytes);
  }

  #open(): void {
    if (this.#over) return;
    this.#hasOpened = true;
    this.flush(Date.now());
    if (this.#ending) this.#response.end();
    // The reader's source stops where too much is unsent, and no write may be left that would tell it to go on.
    else this.#drained();
  }

  #framed(text: string): Buffer {
    return this.#isChunked ? httpChunk(text) : Buffer.from(text);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#batch = [];
    this.#ended();
  }
}
