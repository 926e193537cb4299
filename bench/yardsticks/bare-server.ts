/**
 * The least that a Node server can do for the same bytes: it holds the streams and writes to each of a group what comes
 * for the group. Groups and texts come over one TCP connection, as chunks come to a pod. Prints its ports.
 */
import http, { type ServerResponse } from "node:http";
import net, { type AddressInfo } from "node:net";

const groups = new Map<string, Set<ServerResponse>>();

const server = http.createServer((request, response) => {
  const group = new URL(request.url ?? "/", "http://bare").searchParams.get("session_id") ?? "";
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
  response.write("event: ready\ndata: {}\n\n");
  const members = groups.get(group) ?? new Set();
  groups.set(group, members.add(response));
  response.on("close", () => members.delete(response));
});

/** A line `GROUP LENGTH`, then so many bytes, again and again. */
const feed = net.createServer((socket) => {
  let waiting = Buffer.alloc(0);
  socket.on("data", (bytes) => {
    waiting = waiting.length === 0 ? bytes : Buffer.concat([waiting, bytes]);
    for (;;) {
      const lineEnd = waiting.indexOf(10);
      if (lineEnd === -1) return;
      const [group = "", length = "0"] = waiting.toString("latin1", 0, lineEnd).split(" ");
      const end = lineEnd + 1 + Number(length);
      if (waiting.length < end) return;
      const text = waiting.subarray(lineEnd + 1, end);
      for (const response of groups.get(group) ?? []) response.write(text);
      waiting = waiting.subarray(end);
    }
  });
});

server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, () => {
  feed.listen(0, "127.0.0.1", () => {
    process.send?.({ port: (server.address() as AddressInfo).port, feedPort: (feed.address() as AddressInfo).port });
  });
});
