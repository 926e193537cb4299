/** The scripted model behind one HTTP request a reader, with nothing between them. Prints its port. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { scriptedTokens } from "../load/scripted-model.ts";

const server = http.createServer((request, response) => {
  const prompt = new URL(request.url ?? "/", "http://direct").searchParams.get("prompt") ?? "";
  void answer(prompt, response);
});

async function answer(prompt: string, response: http.ServerResponse): Promise<void> {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
  response.socket?.setNoDelay(true);
  for await (const token of scriptedTokens(prompt)) response.write(`event: chunk\ndata: {"chunk":"${token}"}\n\n`);
  response.end('event: chunk\ndata: {"chunk":"","is_final":true}\n\n');
}

server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
);
