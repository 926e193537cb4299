import { ApiError } from "@uci/client";
import type { Message } from "@uci/protocol";
import type { ChatService } from "../connection/chat-service.ts";
import { change, useChat } from "../connection/store.ts";
import { applyMessages, messagesUnder, withoutMessage } from "../connection/transitions.ts";
import { text } from "../language/language.ts";
import { showFailure, showNotice } from "../ui/notice.tsx";

/** How long a deleted message can be taken back. */
const undoMs = 6_000;

const pending = new Set<() => void>();

/** Takes a message and what follows it out of sight at once, and deletes it for good when nobody takes it back. */
export function removeMessage(service: ChatService, message: Message): void {
  const { session_id: sessionId, message_id: messageId } = message;
  const thread = useChat.getState().threads[sessionId];
  if (thread === undefined) return;
  const rows = messagesUnder(thread, messageId);
  const bringBack = () => change((state) => applyMessages(state, sessionId, rows));
  const carryOut = () => {
    clearTimeout(timer);
    if (!pending.delete(carryOut)) return;
    service.client.messages.remove(messageId).catch((error: unknown) => {
      // Somebody else was quicker.
      if (error instanceof ApiError && error.status === 404) return;
      bringBack();
      const again = { label: text("shell.try_again"), run: () => removeMessage(service, message) };
      showFailure(text("thread.not_deleted"), error, again);
    });
  };
  const timer = setTimeout(carryOut, undoMs);
  pending.add(carryOut);
  window.addEventListener("pagehide", carryOut, { once: true });
  change((state) => withoutMessage(state, sessionId, messageId));
  const undo = () => {
    clearTimeout(timer);
    pending.delete(carryOut);
    bringBack();
  };
  showNotice(text("thread.deleted"), { label: text("shell.undo"), run: undo }, undoMs);
}
