import net from "node:net";
import { nowMicroseconds, sentAtMicroseconds } from "./stamp.ts";

/** What a crowd of readers has had so far. */
export type Received = { bytes: number; chunks: number; ready: number; ended: number; delaysMicroseconds: number[] };

const chunkMark = Buffer.from("event: chunk\n");
const readyMark = Buffer.from("event: ready\n");
const lastMark = Buffer.from('"is_final":true');
const carriedBytes = 16;

/**
 * One reader of server-sent events on a raw socket: it counts and looks at time stamps, and parses nothing, so that a
 * thousand of them cost little. `cursor`: of the last event it saw.
 */
export class RawReader {
  cursor: string | null = null;
  /** Whether a chunk has come. */
  hasBegun = false;
  readonly #socket: net.Socket;
  readonly #received: Received;
  readonly #stamps: boolean;
  #carried = Buffer.alloc(0);

  /** `stamps`: the pieces' text says when it was made; the delays are noted. */
  constructor(
    address: URL,
    path: string,
    headers: Readonly<Record<string, string>>,
    received: Received,
    stamps = false,
  ) {
    this.#received = received;
    this.#stamps = stamps;
    this.#socket = net.connect({ host: address.hostname, port: Number(address.port), noDelay: true });
    const lines = Object.entries({ Host: address.host, Accept: "text/event-stream", ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    this.#socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
    this.#socket.on("data", (bytes) => this.#take(bytes));
    this.#socket.on("error", () => undefined);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#received.bytes += bytes.length;
    const all = this.#carried.length === 0 ? bytes : Buffer.concat([this.#carried, bytes]);
    // A mark that lies wholly in what was carried has been counted before.
    const from = (mark: Buffer) => Math.max(0, this.#carried.length - mark.length + 1);
    const chunks = times(all, chunkMark, from(chunkMark));
    this.#received.chunks += chunks;
    this.#received.ready += times(all, readyMark, from(readyMark));
    this.#received.ended += times(all, lastMark, from(lastMark));
    this.hasBegun ||= chunks > 0;
    if (chunks > 0) this.#look(bytes);
    this.#carried = Buffer.from(all.subarray(-carriedBytes));
  }

  #look(bytes: Buffer): void {
    const text = bytes.toString("latin1");
    const id = text.lastIndexOf("id: ");
    if (id !== -1) this.cursor = text.slice(id + 4, text.indexOf("\n", id));
    if (!this.#stamps) return;
    const now = nowMicroseconds();
    for (const sent of sentAtMicroseconds(text)) this.#received.delaysMicroseconds.push(now - sent);
  }
}

export function nothingReceived(): Received {
  return { bytes: 0, chunks: 0, ready: 0, ended: 0, delaysMicroseconds: [] };
}

function times(bytes: Buffer, mark: Buffer, from: number): number {
  let count = 0;
  for (let at = bytes.indexOf(mark, from); at !== -1; at = bytes.indexOf(mark, at + mark.length)) count++;
  return count;
}
