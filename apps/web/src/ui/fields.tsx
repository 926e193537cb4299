import { type ComponentProps, useId } from "react";
import { useText } from "../language/language.ts";

type Common = {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly standard?: string;
};
type TextFieldProps = Common &
  Omit<ComponentProps<"input">, "defaultValue" | "className" | "id" | "required"> & {
    readonly optional?: boolean;
    /** Optional, and so plainly that it need not be said. */
    readonly quiet?: boolean;
  };

/** A field of one line with its name above it. */
export function TextField({ label, hint, standard, optional = false, quiet = false, ...input }: TextFieldProps) {
  const text = useText();
  const id = useId();
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-side font-medium">
        {label}
        {optional && !quiet && <span className="font-normal text-faint"> {text("account.optional")}</span>}
      </label>
      <input
        id={id}
        required={!optional}
        defaultValue={standard}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        className="h-10 w-full rounded-small border border-line-strong bg-page px-3 text-[15px] focus:border-accent touch:h-11"
        {...input}
      />
      <Hint id={id} hint={hint} />
    </div>
  );
}

type TextAreaProps = Common & Omit<ComponentProps<"textarea">, "defaultValue" | "className" | "id">;

/** A field of several lines with its name above it. */
export function TextArea({ label, hint, standard, ...area }: TextAreaProps) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-side font-medium">
        {label}
      </label>
      <textarea
        id={id}
        dir="auto"
        defaultValue={standard}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        className="w-full resize-y rounded-small border border-line-strong bg-page px-3 py-2 text-[15px] leading-6 focus:border-accent"
        {...area}
      />
      <Hint id={id} hint={hint} />
    </div>
  );
}

function Hint({ id, hint }: { readonly id: string; readonly hint: string | undefined }) {
  if (hint === undefined) return null;
  return (
    <p id={`${id}-hint`} className="text-caption text-faint">
      {hint}
    </p>
  );
}
