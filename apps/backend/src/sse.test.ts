import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from "node:http";
import net, { type AddressInfo, type Socket } from "node:net";
import type { StreamEvent } from "@uci/protocol";
import { afterEach, expect, it, vi } from "vitest";
import { SseConnection } from "./sse.ts";

const connected: StreamEvent = {
  event: "connected",
  data: { connection_id: "c1", session_id: null, session_ids: [], pod_id: "p1" },
};
const recovering = (message_id: string) => ({ event: "recovering", data: { message_id, session_id: "s1" } }) as const;

let server: Server | undefined;
let socket: Socket | undefined;
let received = "";
afterEach(() => {
  socket?.destroy();
  server?.closeAllConnections();
  server?.close();
  received = "";
});

/** A server, and one connection to it over which the requests go out together. */
async function ask(
  requests: readonly string[],
  listener: RequestListener,
  Response: typeof ServerResponse = ServerResponse,
): Promise<void> {
  server = createServer({ ServerResponse: Response, IncomingMessage }, listener as never);
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  socket = net.connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.setEncoding("utf8").on("data", (text: string) => {
    received += text;
  });
  socket.write(requests.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join(""));
}

type Opened = { readonly sse: SseConnection; readonly drained: () => number; readonly ended: () => number };

function open(response: ServerResponse): Opened {
  const drained = vi.fn();
  const ended = vi.fn();
  const sse = new SseConnection(response as ServerResponse<IncomingMessage>, {}, connected, drained, ended);
  return { sse, drained: () => drained.mock.calls.length, ended: () => ended.mock.calls.length };
}

/** Where each of the texts is on the wire; they have to come in this order, each once. */
function expectOrder(...texts: readonly string[]): void {
  const places = texts.map((text) => received.indexOf(text));
  expect(places.filter((place) => place < 0)).toEqual([]);
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(texts.map((text) => received.split(text).length - 1)).toEqual(texts.map(() => 1));
}

/** A release of Node whose head leaves later than what is written right into the socket. */
class LateHead extends ServerResponse {
  static readonly held: (() => void)[] = [];
  readonly #held: (() => void)[] = [];
  override flushHeaders(): void {
    this.#held.push(() => super.flushHeaders());
  }
  override write(...given: unknown[]): boolean {
    this.#held.push(() => super.write(...(given as [string])));
    LateHead.held.push(() => {
      for (const write of this.#held.splice(0)) write();
    });
    return true;
  }
}

it("writes nothing past the response before its head has left, whenever that is", async () => {
  let opened: Opened | undefined;
  await ask(
    ["/stream"],
    (_request, response) => {
      opened = open(response);
      opened.sse.send(recovering("m1"), null);
    },
    LateHead as unknown as typeof ServerResponse,
  );
  await vi.waitFor(() => expect(opened).toBeDefined());
  opened!.sse.keepAlive(Date.now() + 3_600_000);
  opened!.sse.send(recovering("m2"), null);
  await new Promise((resolve) => setImmediate(resolve));
  expect(received).toBe("");
  expect(opened!.sse.unsentBytes).toBeGreaterThan(0);
  for (const release of LateHead.held.splice(0)) release();
  await vi.waitFor(() => expect(received).toContain('"m2"'));
  expectOrder("HTTP/1.1 200 OK", "retry: 1000", "event: connected", '"m1"', '"m2"');
  expect(opened!.drained()).toBeGreaterThan(0);
  opened!.sse.send(recovering("m3"), null);
  await vi.waitFor(() => expect(received).toContain('"m3"'));
});

it("waits for the answer to the request before it on the same connection, and ends where it was told to meanwhile", async () => {
  let first: ServerResponse | undefined;
  let opened: Opened | undefined;
  await ask(["/first", "/stream", "/last"], (request, response) => {
    if (request.url === "/first") first = response;
    else if (request.url === "/last") response.end("the last body");
    else {
      opened = open(response);
      opened.sse.send(recovering("m1"), null);
    }
  });
  await vi.waitFor(() => expect(opened).toBeDefined());
  opened!.sse.keepAlive(Date.now() + 3_600_000);
  opened!.sse.close("draining");
  opened!.sse.send(recovering("never"), null);
  first!.write("the first ");
  await vi.waitFor(() => expect(received).toContain("the first "));
  expect(received).not.toContain("event:");
  first!.end("body");
  await vi.waitFor(() => expect(received).toContain("the last body"));
  expectOrder("the first ", "body\r\n0\r\n\r\n", "text/event-stream", "event: connected", '"m1"', "event: bye");
  expectOrder("event: bye", "the last body");
  expect(received).not.toContain("never");
  expect(opened!.ended()).toBe(1);
});

it("learns that its connection closed before its turn came", async () => {
  let opened: Opened | undefined;
  await ask(["/first", "/stream"], (request, response) => {
    if (request.url !== "/first") opened = open(response);
  });
  await vi.waitFor(() => expect(opened).toBeDefined());
  expect(opened!.ended()).toBe(0);
  socket!.destroy();
  await vi.waitFor(() => expect(opened!.ended()).toBe(1));
});
