import { X } from "lucide-react";
import { Dialog as Parts } from "radix-ui";
import { type ReactNode, useEffect } from "react";
import { useText } from "../language/language.ts";
import { classNames } from "./class-names.ts";
import { returnFocus } from "./focus-return.ts";
import { IconButton } from "./icon-button.tsx";
import { closeDrawer } from "./side-bar-state.ts";

type DialogProps = {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly description?: string;
  /** False: it stays until what it asks for is done. */
  readonly closable?: boolean;
  /** For what has more than a few fields. */
  readonly wide?: boolean;
  readonly children: ReactNode;
};

/** Something that needs the whole attention for a moment. Focus returns where it came from. */
export function Dialog({ open, onClose, title, description, closable = true, wide = false, children }: DialogProps) {
  const text = useText();
  // On narrow screens it takes the place of the drawer it was opened from.
  useEffect(() => {
    if (open) closeDrawer();
  }, [open]);
  return (
    <Parts.Root open={open} onOpenChange={(next) => !next && closable && onClose()}>
      <Parts.Portal>
        <Parts.Overlay className="fixed inset-0 z-40 bg-veil animate-appear" />
        <Parts.Content
          className={classNames(
            wide
              ? "top-[max(16px,8dvh)] w-[min(44rem,calc(100vw-32px))]"
              : "top-[max(16px,14dvh)] w-[min(26rem,calc(100vw-32px))]",
            "fixed left-1/2 z-50 max-h-[84dvh] -translate-x-1/2 scroll-pt-16 overflow-y-auto rounded-large border border-line bg-raised p-6 shadow-float outline-none animate-appear",
          )}
          onCloseAutoFocus={returnFocus}
          onOpenAutoFocus={(event) => {
            // The first field where there is one; else the dialog itself, not its close button.
            event.preventDefault();
            const content = event.currentTarget as HTMLElement;
            (content.querySelector<HTMLElement>("input, select, textarea") ?? content).focus();
          }}
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
        >
          {/* Stays while what is under it scrolls: what this is and the way out of it are always in sight. */}
          <div className="sticky -top-6 z-10 -mx-6 -mt-6 flex items-start gap-4 bg-raised px-6 pt-6 pb-4">
            <div className="flex-1">
              <Parts.Title className="text-[17px] font-semibold tracking-tight">{title}</Parts.Title>
              {description !== undefined && (
                <Parts.Description className="mt-1 text-side text-soft">{description}</Parts.Description>
              )}
            </div>
            {closable && (
              <Parts.Close asChild>
                <IconButton label={text("shell.close")} icon={<X size={18} aria-hidden />} className="-mt-1.5 -me-2" />
              </Parts.Close>
            )}
          </div>
          {children}
        </Parts.Content>
      </Parts.Portal>
    </Parts.Root>
  );
}
