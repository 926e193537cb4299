import type { ComponentProps, ReactNode } from "react";
import { classNames } from "./class-names.ts";
import { Tip } from "./tip.tsx";

type IconButtonProps = Omit<ComponentProps<"button">, "children"> & {
  /** What it does, for readers who do not see it and for the tooltip. */
  readonly label: string;
  /** The keys that do the same. */
  readonly keys?: string;
  readonly icon: ReactNode;
  readonly small?: boolean;
  /** It takes something away. */
  readonly danger?: boolean;
};

/** A button that is an icon alone. */
export function IconButton({ label, keys, icon, small = false, danger = false, className, ...rest }: IconButtonProps) {
  return (
    <Tip text={label} keys={keys}>
      <button
        type="button"
        aria-label={label}
        className={classNames(
          "inline-flex shrink-0 items-center justify-center rounded-small",
          // Red at rest would be the loudest thing on the page, under each of the reader's own messages.
          danger ? "text-soft hover:text-danger focus-visible:text-danger" : "text-soft hover:text-ink",
          "transition-colors duration-150 hover:bg-hover disabled:opacity-40 disabled:hover:bg-transparent",
          small ? "size-7 touch:size-11" : "size-9 touch:size-11",
          className,
        )}
        {...rest}
      >
        {icon}
      </button>
    </Tip>
  );
}
