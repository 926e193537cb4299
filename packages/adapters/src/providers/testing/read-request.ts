import type { IncomingMessage } from "node:http";
import type { SeenRequest } from "./seen-requests.ts";
import type { WireName } from "./wires.ts";

const wiresByPath: readonly (readonly [string, WireName])[] = [
  ["/responses", "responses"],
  ["/chat/completions", "chat"],
  ["/messages", "messages"],
];

export async function readRequest(request: IncomingMessage, number: number): Promise<SeenRequest> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces).toString("utf8");
  const body = text === "" ? null : (JSON.parse(text) as Record<string, unknown>);
  const path = request.url ?? "/";
  const method = request.method ?? "GET";
  const wire = method === "POST" ? (wiresByPath.find(([end]) => path.endsWith(end))?.[1] ?? null) : null;
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  return {
    number,
    method,
    path,
    wire,
    model: String(body?.model ?? ""),
    prompt: lastTextOf("user", body),
    headers,
    body,
    receivedAtMs: Date.now(),
    state: "open",
    tokensSent: 0,
    endedAtMs: null,
  };
}

/** The beginning of the answer that the caller gave along: its last message, when that is the assistant's. */
export function prefixOf(request: SeenRequest): string {
  const messages = messagesOf(request.body as Record<string, unknown> | null);
  const last = messages.at(-1);
  return last?.role === "assistant" ? textOf(last.content) : "";
}

type Message = { readonly role?: string; readonly content?: unknown };

function messagesOf(body: Record<string, unknown> | null): readonly Message[] {
  const messages = body?.messages ?? body?.input;
  return Array.isArray(messages) ? (messages as Message[]) : [];
}

function lastTextOf(role: string, body: Record<string, unknown> | null): string {
  return textOf(messagesOf(body).findLast((message) => message.role === role)?.content);
}

/** Content is a text or a list of parts with texts. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return (content as { text?: string }[]).map((part) => part.text ?? "").join("");
}
