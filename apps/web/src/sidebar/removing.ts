import type { ChatService } from "../connection/chat-service.ts";
import { change, useChat } from "../connection/store.ts";
import { text } from "../language/language.ts";
import { showFailure, showNotice } from "../ui/notice.tsx";

/** How long a deleted chat can be taken back. */
const undoMs = 6_000;

const pending = new Map<string, () => Promise<void>>();

/** Takes a chat out of sight at once and deletes it for good when nobody takes it back. */
export function removeSession(service: ChatService, sessionId: string): void {
  setRemoved(sessionId, true);
  const carryOut = async () => {
    clearTimeout(timer);
    if (!pending.delete(sessionId)) return;
    await service.remove(sessionId).catch((error: unknown) => {
      setRemoved(sessionId, false);
      showFailure(text("sidebar.not_deleted"), error, {
        label: text("shell.try_again"),
        run: () => removeSession(service, sessionId),
      });
    });
  };
  const timer = setTimeout(() => void carryOut(), undoMs);
  pending.set(sessionId, carryOut);
  const undo = () => {
    clearTimeout(timer);
    pending.delete(sessionId);
    setRemoved(sessionId, false);
  };
  showNotice(text("sidebar.deleted"), { label: text("shell.undo"), run: undo }, undoMs);
}

/** Deletes what waits to be deleted: the page is about to go, or the person. */
export async function removePendingNow(): Promise<void> {
  await Promise.all([...pending.values()].map((carryOut) => carryOut()));
}

function setRemoved(sessionId: string, gone: boolean): void {
  const { removed } = useChat.getState();
  const { [sessionId]: _before, ...others } = removed;
  change((state) => ({ ...state, removed: gone ? { ...others, [sessionId]: true } : others }));
}
