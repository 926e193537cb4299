import { Command } from "cmdk";
import type { ReactNode } from "react";
import { keyNames } from "../settings/shortcuts.ts";
import { closePaletteFor } from "./palette-state.ts";

const headings =
  "[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2.5 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-caption [&_[cmdk-group-heading]]:text-faint";

/** Items under a heading. */
export function Group({ heading, children }: { readonly heading: string; readonly children: ReactNode }) {
  return (
    <Command.Group heading={heading} className={headings}>
      {children}
    </Command.Group>
  );
}

type ItemProps = {
  /** What it is found by; must be unlike all others. */
  readonly name: string;
  readonly id?: string;
  readonly icon: ReactNode;
  readonly keys?: string;
  readonly onSelect: () => void;
};

/** One thing to choose. The palette closes first. */
export function Item({ name, id = name, icon, keys, onSelect }: ItemProps) {
  return (
    <Command.Item
      value={id}
      keywords={[name]}
      onSelect={() => closePaletteFor(onSelect)}
      className="flex min-h-9 cursor-pointer items-center gap-2.5 rounded-small px-2.5 py-1.5 text-side select-none data-[selected=true]:bg-bubble touch:min-h-11"
    >
      <span className="text-soft">{icon}</span>
      <span className="min-w-0 flex-1 truncate" dir="auto">
        {name}
      </span>
      {keys !== undefined && <kbd className="font-mono text-caption text-soft touch:hidden">{keyNames(keys)}</kbd>}
    </Command.Item>
  );
}
