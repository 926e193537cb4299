import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";

type TipProps = { readonly text: string; readonly keys?: string | undefined; readonly children: ReactNode };

/** Where nothing can hover, a tip would only stand in the way after a touch. */
const hovering = matchMedia("(hover: hover)");

/** A few words about what is under the pointer or in focus. */
export function Tip({ text, keys, children }: TipProps) {
  if (!hovering.matches) return children;
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content
          sideOffset={6}
          collisionPadding={8}
          className="z-50 flex items-center gap-2 rounded-small bg-ink px-2 py-1 text-caption text-page select-none animate-appear"
        >
          {text}
          {keys !== undefined && <span className="opacity-65">{keys}</span>}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

/** Stands around the page so that tips share their delays. */
export function TipProvider({ children }: { readonly children: ReactNode }) {
  return (
    <Tooltip.Provider delayDuration={500} skipDelayDuration={200}>
      {children}
    </Tooltip.Provider>
  );
}
