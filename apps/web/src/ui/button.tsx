import type { ComponentProps } from "react";
import { classNames } from "./class-names.ts";

type ButtonProps = ComponentProps<"button"> & { readonly kind?: "plain" | "primary" | "quiet" };

const kinds = {
  plain: "border border-line bg-raised text-ink hover:bg-hover",
  primary: "bg-accent text-on-accent hover:bg-accent-strong",
  quiet: "text-soft hover:bg-hover hover:text-ink",
} as const;

/** A button with words. */
export function Button({ kind = "plain", className, type = "button", ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      className={classNames(
        "inline-flex h-9 items-center justify-center gap-2 rounded-small px-3.5 text-side font-medium",
        "transition-colors duration-150 disabled:opacity-50 touch:h-11",
        kinds[kind],
        className,
      )}
      {...rest}
    />
  );
}
