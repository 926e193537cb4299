import { ApiError } from "@uci/client";
import { keepOwn, personalKeys, recallOwnAll } from "./person.ts";
import type { ChatState, Thread, UnsentMessage } from "./state.ts";
import { isUnfinished } from "./state.ts";
import { isTemporary } from "./temporary.ts";

/** Unsent messages taken up again after a reload, over all sessions. */
const recalledMessages = 20;

/**
 * Writes down what has changed among the unsent messages, so that a reload loses none. Each has a place of its own,
 * because other tabs write theirs too.
 */
export function keepUnsent(unsent: ChatState["unsent"], before: ChatState["unsent"]): void {
  const now = new Map(
    Object.values(unsent)
      .flat()
      // What is temporary is in this page's memory alone.
      .filter(({ sessionId }) => !isTemporary(sessionId))
      .map((message) => [message.key, message]),
  );
  for (const { key } of Object.values(before).flat()) if (!now.has(key)) keepOwn(personalKeys.unsent(key), null);
  const known = new Set(Object.values(before).flat());
  for (const message of now.values()) {
    if (!known.has(message)) keepOwn(personalKeys.unsent(message.key), JSON.stringify(message));
  }
}

/** What an earlier page had not sent. It waits its turn again, under the same keys. */
export function recallUnsent(): UnsentMessage[] {
  const found = recallOwnAll(personalKeys.unsent(""), (value) => (isUnsent(value) ? value : null));
  // Keys begin with the time they were made at.
  return found
    .sort((one, other) => (one.key < other.key ? -1 : 1))
    .slice(-recalledMessages)
    .map((message) => ({ ...message, state: message.state === "failed" ? "failed" : "queued" }));
}

function isUnsent(value: unknown): value is UnsentMessage {
  if (typeof value !== "object" || value === null) return false;
  const { key, sessionId, text } = value as Record<string, unknown>;
  return typeof key === "string" && typeof sessionId === "string" && typeof text === "string";
}

/** The message whose turn it is: the first one, unless one is under way or the answer before it is being written. */
export function nextUnsent(
  list: readonly UnsentMessage[],
  thread: Thread,
  leafMessageId: string | null,
): UnsentMessage | null {
  if (list.some(({ state }) => state === "sending")) return null;
  const next = list.find(({ state }) => state !== "failed");
  if (next === undefined) return null;
  const parentId = next.request?.parent_message_id ?? next.parentMessageId ?? leafMessageId;
  const parent = parentId === null || next.parentMessageId === null ? undefined : thread.messages[parentId];
  return parent !== undefined && isUnfinished(parent.status) ? null : next;
}

/** What to do after sending did not succeed. */
export function afterFailure(message: UnsentMessage, error: unknown): UnsentMessage {
  if (!(error instanceof ApiError)) return { ...message, state: "failed", problem: { code: "", message: "" } };
  // The answer before it is not finished after all: its end gives the sign to try again, with a fresh request.
  if (error.code === "parent_unfinished") return { ...message, state: "queued", request: null, problem: null };
  // Who is asking is found out anew then; it goes out once that is done.
  if (error.retryable || error.status === 401) return { ...message, state: "waiting", problem: null };
  return {
    ...message,
    state: "failed",
    problem: { code: error.code, message: error.message, correlationId: error.correlationId },
  };
}
