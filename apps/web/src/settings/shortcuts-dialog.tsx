import { create } from "zustand";
import { useText } from "../language/language.ts";
import { Dialog } from "../ui/dialog.tsx";
import { keyNames, shortcuts } from "./shortcuts.ts";

const useShortcutsDialog = create<{ open: boolean }>(() => ({ open: false }));

export function openShortcuts(open = true): void {
  useShortcutsDialog.setState({ open });
}

/** All shortcuts, one a line. */
export function ShortcutsDialog() {
  const text = useText();
  const open = useShortcutsDialog((state) => state.open);
  return (
    <Dialog open={open} onClose={() => openShortcuts(false)} title={text("shell.keyboard")}>
      <dl className="flex flex-col">
        {shortcuts.map(({ keys, does }) => (
          <div key={keys} className="flex items-baseline justify-between gap-6 border-t border-line py-2.5 text-side">
            <dt className="text-soft">{text(does)}</dt>
            <dd className="font-mono text-caption whitespace-nowrap">{keyNames(keys)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
