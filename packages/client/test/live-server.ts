import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Chunk, SnapshotEvent } from "@uci/protocol";
import { sha256Hex, utf8Bytes } from "@uci/stream";

/** One request as a test sees it. */
export class Visit {
  readonly url: URL;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  closed = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.url = new URL(request.url ?? "/", "http://localhost");
    this.request = request;
    this.response = response;
    response.on("close", () => {
      this.closed = true;
    });
  }

  get cursor(): string | null {
    return this.url.searchParams.get("cursor");
  }

  get sessionIds(): string[] {
    return this.url.searchParams.getAll("session_id");
  }

  /** Accepts the stream. */
  open(): this {
    this.response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    this.response.write("retry: 1000\n:\n\n");
    return this;
  }

  event(name: string, data: unknown): this {
    this.response.write(eventText(name, data));
    return this;
  }

  ready(recovered = true): this {
    return this.event("ready", { recovered });
  }

  chunks(...chunks: readonly Chunk[]): this {
    for (const chunk of chunks) this.event("chunk", chunk);
    return this;
  }

  /** Cuts the connection as a dying process does. */
  cut(): void {
    this.response.destroy();
  }

  json(status: number, body: unknown, headers: Record<string, string> = {}): void {
    this.response.writeHead(status, { "content-type": "application/json", ...headers });
    this.response.end(JSON.stringify(body));
  }
}

export function eventText(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A real HTTP server whose every request is answered by the test. */
export class LiveServer {
  readonly visits: Visit[] = [];
  readonly #server: Server;
  #handle: (visit: Visit, index: number) => void;

  constructor(handle: (visit: Visit, index: number) => void) {
    this.#handle = handle;
    this.#server = createServer((request, response) => {
      const visit = new Visit(request, response);
      this.visits.push(visit);
      request.resume();
      this.#handle(visit, this.visits.length - 1);
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Waits until the condition holds; fails after five seconds. */
export async function until(condition: () => boolean, what = "the condition"): Promise<void> {
  const deadlineMs = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadlineMs) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const common = {
  session_id: "sess_1",
  message_id: "msg_1",
  timestamp: "2026-11-01T00:00:00Z",
  correlation_id: "corr_1",
};

/** The journaled chunks of a text given in pieces, the last one closing the answer with the right length and hash. */
export function chunksOf(pieces: readonly string[], changed: Partial<Chunk> = {}): Chunk[] {
  let offset = 0;
  const chunks = pieces.map((piece, index): Chunk => {
    const chunk = { ...baseChunk(index, piece), offset, ...changed };
    offset += utf8Bytes(piece);
    return chunk;
  });
  const text = pieces.join("");
  const metadata = {
    model: "m",
    tokens_used: 7,
    finish_reason: "stop",
    length: utf8Bytes(text),
    sha256: sha256Hex(text),
  };
  return [...chunks, { ...baseChunk(pieces.length, ""), offset, is_final: true, metadata, ...changed }];
}

export function baseChunk(chunkId: number, piece: string): Chunk {
  const fixed = { generation: 0, attempt: 1, chunk_type: "content", is_final: false } as const;
  return { ...common, ...fixed, chunk_id: chunkId, chunk: piece };
}

export function snapshotOf(changed: Partial<SnapshotEvent>): SnapshotEvent {
  const fixed = { message_id: "msg_1", session_id: "sess_1", generation: 0, upto: -1, text: "", reasoning: "" };
  return { ...fixed, status: "streaming", recovered: true, ...changed };
}
