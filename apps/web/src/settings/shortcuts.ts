/** Whether this keyboard has a command key. */
const apple = /mac|iphone|ipad/i.test(navigator.userAgent);

/** How keys are written on this machine: "mod" is the command key or Ctrl. */
export function keyNames(keys: string): string {
  const mod = apple ? "⌘" : "Ctrl";
  return keys
    .replace("mod", mod)
    .replace("shift", apple ? "⇧" : "Shift")
    .replaceAll("+", " ");
}

/** Every shortcut there is; the list in the dialog is this one. */
export const shortcuts = [
  { keys: "mod+K", does: "shell.key_palette", name: "palette" },
  { keys: "mod+shift+O", does: "shell.key_new_chat", name: "new_chat" },
  { keys: "/", does: "shell.key_write", name: "write" },
  { keys: "↑", does: "shell.key_edit_last", name: "edit_last" },
  { keys: "Esc", does: "shell.key_stop", name: "stop" },
  { keys: "mod+shift+C", does: "shell.key_copy_last", name: "copy_last" },
  { keys: "mod+shift+S", does: "shell.key_side_bar", name: "side_bar" },
  { keys: "?", does: "shell.key_help", name: "help" },
] as const;

export type ShortcutName = (typeof shortcuts)[number]["name"];

/** The shortcut a key press stands for; null for none, and for plain keys while somebody is writing. */
export function shortcutOf(event: KeyboardEvent): ShortcutName | null {
  if (event.isComposing || event.altKey) return null;
  const writing = isWriting(event.target);
  if (event.ctrlKey || event.metaKey) {
    const letter = event.key.toLowerCase();
    if (!event.shiftKey) return letter === "k" ? "palette" : null;
    if (letter === "o") return "new_chat";
    if (letter === "c") return "copy_last";
    return letter === "s" ? "side_bar" : null;
  }
  if (event.key === "Escape") return "stop";
  if (writing) return null;
  if (event.key === "/") return "write";
  return event.key === "?" ? "help" : null;
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))
  );
}
