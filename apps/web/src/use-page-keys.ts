import { useEffect } from "react";
import { useNavigate } from "react-router";
import { focusComposer } from "./chat/chat-ui.ts";
import { activePath } from "./chat/path.ts";
import { useChat } from "./connection/store.ts";
import { text } from "./language/language.ts";
import { openPalette } from "./palette/palette-state.ts";
import { type ShortcutName, shortcutOf } from "./settings/shortcuts.ts";
import { openShortcuts } from "./settings/shortcuts-dialog.tsx";
import { announce } from "./ui/announcer.tsx";
import { copyText } from "./ui/copy.ts";
import { toggleSideBar } from "./ui/side-bar-state.ts";

/** The keys that work anywhere on the page. */
export function usePageKeys(): void {
  const navigate = useNavigate();
  useEffect(() => {
    const actions: Partial<Record<ShortcutName, () => void>> = {
      palette: () => openPalette(),
      new_chat: () => void navigate("/"),
      write: focusComposer,
      stop: () => window.dispatchEvent(new Event("uci:stop")),
      copy_last: () => void copyLast(),
      side_bar: toggleSideBar,
      help: () => openShortcuts(),
    };
    const onKey = (event: KeyboardEvent) => {
      const name = shortcutOf(event);
      // A dialog or menu that is open takes Escape for itself.
      if (name === null || event.defaultPrevented || document.querySelector('[role="dialog"], [role="menu"]')) return;
      if (name !== "stop") event.preventDefault();
      actions[name]?.();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [navigate]);
}

async function copyLast(): Promise<void> {
  const { currentSessionId, threads } = useChat.getState();
  const thread = currentSessionId === null ? undefined : threads[currentSessionId];
  if (thread === undefined) return;
  const answer = activePath(thread).findLast(({ message }) => message.role === "assistant" && message.content !== "");
  if (answer !== undefined && (await copyText(answer.message.content))) announce(text("shell.answer_copied"));
}
