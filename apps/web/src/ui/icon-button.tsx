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
};

/** A button that is an icon alone. */
export function IconButton({ label, keys, icon, small = false, className, ...rest }: IconButtonProps) {
  return (
    <Tip text={label} keys={keys}>
      <button
        type="button"
        aria-label={label}
        className={classNames(
          "inline-flex shrink-0 items-center justify-center rounded-small text-soft",
          "transition-colors duration-150 hover:bg-hover hover:text-ink disabled:opacity-40 disabled:hover:bg-transparent",
          small ? "size-7 touch:size-10" : "size-9 touch:size-11",
          className,
        )}
        {...rest}
      >
        {icon}
      </button>
    </Tip>
  );
}
