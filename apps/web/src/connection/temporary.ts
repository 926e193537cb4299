import { newSessionId } from "@uci/client";
import type { HistoryMessage } from "@uci/protocol";
import { create } from "zustand";
import type { Thread } from "./state.ts";

/** Characters of a conversation that go along with a temporary message; older ones are left out. */
const historyCharacters = 200_000;
const historyMessages = 2_000;

/** Sessions of this page that nobody else knows of. A reload forgets them, and what was said in them. */
const known = new Set<string>();

/** The temporary chat that is on the page; `begun`: something was sent in it. */
export const useTemporary = create<{ sessionId: string | null; begun: boolean }>(() => ({
  ...{ sessionId: null, begun: false },
}));

export function isTemporary(sessionId: string): boolean {
  return known.has(sessionId);
}

/** The id of the temporary chat on the page; made where there is none yet. */
export function temporarySessionId(): string {
  const there = useTemporary.getState().sessionId;
  if (there !== null) return there;
  const sessionId = newSessionId();
  known.add(sessionId);
  useTemporary.setState({ sessionId, begun: false });
  return sessionId;
}

export function markTemporaryBegun(): void {
  useTemporary.setState({ begun: true });
}

/** Ends it; returns its id, null where there was none. */
export function endTemporary(): string | null {
  const { sessionId } = useTemporary.getState();
  useTemporary.setState({ sessionId: null, begun: false });
  return sessionId;
}

/** What was said before a message that follows `parentId`, newest last, as much of it as goes along. */
export function historyBefore(thread: Thread, parentId: string | null): HistoryMessage[] {
  const history: HistoryMessage[] = [];
  let characters = 0;
  for (let at = parentId; at !== null && history.length < historyMessages; ) {
    const message = thread.messages[at];
    if (message === undefined) break;
    characters += message.content.length;
    if (characters > historyCharacters) break;
    if (message.content !== "" && message.role !== "system")
      history.unshift({ role: message.role, content: message.content });
    at = message.parent_message_id;
  }
  return history;
}
