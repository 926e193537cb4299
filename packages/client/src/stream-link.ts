import { type StreamEvent, wireTimes } from "@uci/protocol";
import { type Cursor, formatCursor } from "@uci/stream";
import { addressOf, type ConnectionOptions, headersOf } from "./caller.ts";
import type { Environment } from "./environment.ts";
import { ApiError } from "./errors.ts";
import { SseConnection } from "./sse-connection.ts";
import { readStreamEvent } from "./wire.ts";

/** Where a reader is in one unfinished answer. `chunkId`: the last piece it has, -1 when none. */
export type AnswerPosition = {
  readonly messageId: string;
  readonly sessionId: string;
  readonly generation: number;
  readonly chunkId: number;
};

export type LinkRequest = {
  readonly sessionIds: readonly string[];
  /** The answers of these sessions that the reader believes unfinished. */
  readonly positions: readonly AnswerPosition[];
};

export interface LinkHandlers {
  /** The other side accepted; events follow. */
  onOpen(): void;
  onEvent(event: StreamEvent): void;
  /** It is over, once, and not after `close`. Null: in an orderly way. */
  onEnd(error: ApiError | null): void;
}

/** One way to the server's events, until it breaks or is closed. Knows nothing of opening itself again. */
export interface StreamLink {
  /** Milliseconds since anything was heard, or since the start. */
  readonly silentMs: number;
  close(): void;
}

/** Opens a way to the server's events. */
export type OpenLink = (request: LinkRequest, handlers: LinkHandlers) => StreamLink;

/** The cursor that asks for what comes after these positions; null when there are none. */
export function cursorOf(positions: readonly AnswerPosition[]): string | null {
  if (positions.length === 0) return null;
  const cursor: Cursor = new Map(
    positions.map(({ messageId, generation, chunkId }) => [messageId, { generation, chunkId }]),
  );
  return formatCursor(cursor);
}

/** Links that are each a connection of their own. `silenceMs`: no byte for this long means it is dead. */
export function sseLinks(options: ConnectionOptions, environment: Environment, silenceMs?: number): OpenLink {
  return ({ sessionIds, positions }, handlers) => {
    const query = new URLSearchParams();
    for (const sessionId of sessionIds) query.append("session_id", sessionId);
    const cursor = cursorOf(positions);
    if (cursor !== null) query.set("cursor", cursor);
    const request = {
      address: addressOf(options, "/api/sse", query),
      headers: headersOf(options),
      credentials: options.credentials ?? "same-origin",
      silenceMs: silenceMs ?? wireTimes.sseSilenceMs,
    };
    return new SseConnection(request, environment, {
      onOpen: () => handlers.onOpen(),
      onEvent: (name, data) => {
        const event = readEvent(name, data);
        if (event !== null) handlers.onEvent(event);
      },
      onEnd: (error) => handlers.onEnd(error),
    });
  };
}

function readEvent(name: string, data: string): StreamEvent | null {
  try {
    return readStreamEvent(name, data);
  } catch (cause) {
    // Never skipped: it may have been the piece that an answer waits for. The cursor asks for it again.
    const details = { status: 200, retryable: true, cause };
    throw new ApiError("bad_response", "The stream sent something unreadable.", details);
  }
}
