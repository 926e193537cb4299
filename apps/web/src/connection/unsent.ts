import { ApiError } from "@uci/client";
import type { ChatState, Thread, UnsentMessage } from "./state.ts";
import { isUnfinished } from "./state.ts";
import { keep, recallJson, storageKeys } from "./storage.ts";

/** Unsent messages kept over reloads, over all sessions. */
const keptMessages = 20;

/** Writes the unsent messages down, so that a reload loses none. */
export function keepUnsent(unsent: ChatState["unsent"]): void {
  const all = Object.values(unsent).flat().slice(-keptMessages);
  keep(storageKeys.unsent, all.length === 0 ? null : JSON.stringify(all));
}

/** What an earlier page had not sent. It waits its turn again, under the same keys. */
export function recallUnsent(): UnsentMessage[] {
  return recallJson(storageKeys.unsent, (value) => (Array.isArray(value) ? value.filter(isUnsent) : []), []).map(
    (message) => ({ ...message, state: message.state === "failed" ? "failed" : "queued" }),
  );
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
  if (!(error instanceof ApiError))
    return { ...message, state: "failed", problem: "Something went wrong in this page." };
  // The answer before it is not finished after all: its end gives the sign to try again, with a fresh request.
  if (error.code === "parent_unfinished") return { ...message, state: "waiting", request: null, problem: null };
  if (error.retryable) return { ...message, state: "waiting", problem: null };
  return { ...message, state: "failed", problem: error.message };
}
