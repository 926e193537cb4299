import { randomUUID } from "node:crypto";
import fs from "node:fs";
import http, { type IncomingMessage, type RequestOptions } from "node:http";
import https from "node:https";
import type { Cluster } from "../cluster.ts";

type Event = { readonly event: string; readonly data: Record<string, unknown> };

/** What one turn looked like to a reader. */
export type Turn = {
  readonly accepted: Record<string, unknown>;
  readonly events: readonly Event[];
  /** The answer's text, as its chunks had it. */
  readonly text: string;
};

const turnLimitMs = 30_000;

function request(cluster: Cluster, url: string, options: RequestOptions, body?: string): Promise<IncomingMessage> {
  const { authorityFile } = cluster;
  const ca = authorityFile === null ? {} : { ca: fs.readFileSync(authorityFile) };
  return new Promise((resolve, reject) => {
    const send = url.startsWith("https:") ? https.request : http.request;
    send(url, { agent: false, ...options, ...ca }, resolve)
      .on("error", reject)
      .end(body);
  });
}

/** The status and JSON body of an answer. */
export async function ask(
  cluster: Cluster,
  url: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const options: RequestOptions =
    text === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" } };
  const response = await request(cluster, url, options, text);
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  return { status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(pieces).toString("utf8")) };
}

/** Opens a stream for a new session, posts a message to it, and reads until the answer is complete. */
export async function converse(cluster: Cluster, streamUrl: string, postUrl: string, message: string): Promise<Turn> {
  const sessionId = `sess_${randomUUID()}`;
  const who = `session_id=${sessionId}&user_id=somebody`;
  const stream = await request(cluster, `${streamUrl}/api/sse?${who}`, { timeout: turnLimitMs });
  const timer = setTimeout(() => stream.destroy(new Error("the answer took too long")), turnLimitMs);
  const events: Event[] = [];
  let accepted: Record<string, unknown> = {};
  try {
    for await (const event of eventsOf(stream)) {
      events.push(event);
      if (event.event === "connected") {
        const turn = { session_id: sessionId, user_id: "somebody", message };
        const answer = await ask(cluster, `${postUrl}/api/chat`, turn);
        if (answer.status !== 202) throw new Error(`refused: ${answer.status} ${JSON.stringify(answer.body)}`);
        accepted = answer.body;
      }
      if (event.event === "message_complete") break;
    }
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
  const chunks = events.filter(({ event }) => event === "chunk").map(({ data }) => data);
  const text = chunks.filter(({ chunk_type }) => chunk_type === "content").map(({ chunk }) => chunk);
  return { accepted, events, text: text.join("") };
}

async function* eventsOf(stream: IncomingMessage): AsyncGenerator<Event> {
  let rest = "";
  for await (const piece of stream.setEncoding("utf8")) {
    const frames = (rest + piece).split("\n\n");
    rest = frames.pop() ?? "";
    for (const frame of frames) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(frame)?.[1];
      const [event, data] = [field("event"), field("data")];
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) };
    }
  }
}
