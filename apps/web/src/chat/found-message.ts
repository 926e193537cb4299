import type { Virtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useMemo } from "react";
import { useLocation } from "react-router";
import { useService } from "../connection/service-context.ts";
import { useChat } from "../connection/store.ts";
import type { OlderPages } from "./older-mark.tsx";
import type { PathStep } from "./path.ts";

/** Frames in which the row of a message is waited for: it is drawn once the list has been scrolled to it. */
const waitFrames = 60;
const markMs = 1_600;

/** A message that the page was opened at. `visit` is another one each time, so that the same one can be gone to again. */
export type FoundMessage = { readonly messageId: string; readonly visit: string };

/** Address of a message in its chat. */
export function messageAddress(sessionId: string, messageId: string | null): string {
  return messageId === null ? `/s/${sessionId}` : `/s/${sessionId}#${messageId}`;
}

/** The message that the page's address names; null: none. */
export function useFoundMessage(): FoundMessage | null {
  const { hash, key } = useLocation();
  return useMemo(() => (hash.length < 2 ? null : { messageId: hash.slice(1), visit: key }), [hash, key]);
}

/**
 * Reads back to a message, however far up it lies, and shows its branch. Once per visit: a reader who chooses another
 * branch afterwards is not brought back.
 */
export function useBranchOf(
  found: FoundMessage | null,
  sessionId: string,
  path: readonly PathStep[],
  older: OlderPages | null,
): void {
  const service = useService();
  const messages = useChat((state) => state.threads[sessionId]?.messages);
  const arrived = useArrival(found, path);
  useEffect(() => {
    if (found === null || arrived || messages === undefined) return;
    // What lies further up may be a page away, and what it hangs from another one.
    if (service.showBranch(sessionId, found.messageId)) return;
    if (older !== null && !older.busy && !older.failed) older.fetch();
  }, [found, arrived, messages, older, service, sessionId]);
}

const arrivals = new WeakSet<FoundMessage>();

/** Whether the message of this visit has been shown. */
function useArrival(found: FoundMessage | null, path: readonly PathStep[]): boolean {
  const there = found !== null && path.some(({ message }) => message.message_id === found.messageId);
  useEffect(() => {
    if (found !== null && there) arrivals.add(found);
  }, [found, there]);
  return found !== null && (there || arrivals.has(found));
}

/** Scrolls to the message that was looked for, gives it the focus, and marks it for a moment. */
export function useFoundInView(
  list: Virtualizer<HTMLDivElement, HTMLDivElement>,
  found: FoundMessage | null,
  path: readonly PathStep[],
): void {
  const index = found === null ? -1 : path.findIndex(({ message }) => message.message_id === found.messageId);
  const there = index !== -1;
  // The place of the row changes when older ones are loaded; it is gone to once.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useLayoutEffect(() => {
    if (found === null || !there) return;
    list.scrollToIndex(index, { align: "center" });
    return markWhenDrawn(found.messageId);
  }, [list, found, there]);
}

function markWhenDrawn(messageId: string): () => void {
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let row: HTMLElement | null = null;
  const look = (left: number) => {
    row = document.querySelector<HTMLElement>(`[data-message-id="${CSS.escape(messageId)}"]`);
    if (row === null) {
      if (left > 0) frame = requestAnimationFrame(() => look(left - 1));
      return;
    }
    row.tabIndex = -1;
    row.focus({ preventScroll: true });
    row.dataset.found = "";
    timer = setTimeout(() => delete row?.dataset.found, markMs);
  };
  // A frame later at the earliest: what closes on the way here gives the focus back first.
  frame = requestAnimationFrame(() => look(waitFrames));
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    delete row?.dataset.found;
  };
}
