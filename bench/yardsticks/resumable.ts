/**
 * The npm package `resumable-stream` over Redis, doing what the pipeline does: one process writes the answers, another
 * hands them to readers. `producer` or `reader` is the first argument, the address of Redis the second.
 */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { Redis } from "ioredis";
import { createResumableStreamContext } from "resumable-stream/ioredis";
import { scriptedTokens } from "../load/scripted-model.ts";

const [role, redisUrl = ""] = process.argv.slice(2);

const context = createResumableStreamContext({
  waitUntil: (promise) => void promise.catch(() => undefined),
  publisher: new Redis(redisUrl),
  subscriber: new Redis(redisUrl),
});

async function* events(prompt: string): AsyncGenerator<string> {
  for await (const token of scriptedTokens(prompt)) yield `event: chunk\ndata: {"chunk":"${token}"}\n\n`;
  yield 'event: chunk\ndata: {"chunk":"","is_final":true}\n\n';
}

/** Reads it as the response of the request that began it would. */
async function produce(id: string, prompt: string): Promise<void> {
  const stream = await context.createNewResumableStream(id, () => ReadableStream.from(events(prompt)));
  process.send?.({ begun: id });
  for await (const _ of stream ?? []);
}

function serve(): void {
  const server = http.createServer((request, response) => {
    const id = new URL(request.url ?? "/", "http://reader").searchParams.get("session_id") ?? "";
    void hand(id, response);
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, () =>
    process.send?.({ port: (server.address() as AddressInfo).port }),
  );
}

async function hand(id: string, response: http.ServerResponse): Promise<void> {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
  response.write("event: ready\ndata: {}\n\n");
  const stream = await context.resumeExistingStream(id);
  for await (const text of stream ?? []) response.write(text);
  response.end();
}

if (role === "reader") serve();
else {
  process.on("message", ({ id, prompt }: { id: string; prompt: string }) => void produce(id, prompt));
  process.send?.({ port: 0 });
}
