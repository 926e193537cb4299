import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { errorRegistry } from "@uci/protocol";
import { errorBody } from "../errors.ts";
import type { App } from "../routes/surroundings.ts";

type BrokenCode = "invalid_request" | "payload_too_large" | "method_not_allowed" | "request_timeout";

const codesOfNode: Readonly<Record<string, BrokenCode>> = {
  HPE_HEADER_OVERFLOW: "payload_too_large",
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
};

/** Answers in our shape what Node's parser refuses before any route sees it, and gives its descriptor back. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  // A word of ours in the middle of a response would be part of its body.
  if ((socket as Socket & { _httpMessage?: { headersSent?: boolean } | null })._httpMessage?.headersSent === true) {
    socket.destroy();
    return;
  }
  refuse(socket, codesOfNode[error.code ?? ""] ?? "invalid_request");
}

/** Tunnels and expectations never become requests; without this Node answers them with nothing or an empty body. */
export function refuseWhatNodeHandles(app: App): void {
  app.server.on("connect", (_request, socket) => refuse(socket, "method_not_allowed"));
  app.server.on("checkExpectation", (request) => refuse(request.socket, "invalid_request"));
}

function refuse(socket: Duplex, code: BrokenCode): void {
  const { status, meaning, retryable } = errorRegistry[code];
  const body = JSON.stringify(errorBody(code, meaning, retryable, ""));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  // The other side may be gone by now, and nobody else listens on this socket.
  socket.on("error", () => socket.destroy());
  socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  closeForGood(socket as Socket);
}

/** Ending alone leaves the half of a peer that never closes open for ever, and with it a descriptor. */
function closeForGood(socket: Socket): void {
  socket.destroySoon();
}
