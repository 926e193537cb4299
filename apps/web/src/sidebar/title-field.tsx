import { useEffect, useRef } from "react";
import { useText } from "../language/language.ts";

type TitleFieldProps = {
  readonly title: string;
  /** Null: left as it was. */
  readonly onDone: (title: string | null) => void;
  readonly className?: string;
  readonly label?: string;
  readonly placeholder?: string;
};

/** A title while it is being changed: Enter or leaving keeps it, Escape does not. */
export function TitleField({ title, onDone, className = "", label, placeholder }: TitleFieldProps) {
  const text = useText();
  const field = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  useEffect(() => {
    // After the menu that led here has given its focus back.
    const frame = requestAnimationFrame(() => field.current?.select());
    return () => cancelAnimationFrame(frame);
  }, []);
  const finish = (keep: boolean) => {
    if (done.current) return;
    done.current = true;
    const next = field.current?.value.trim() ?? "";
    onDone(keep && next !== "" && next !== title ? next : null);
  };
  return (
    <input
      ref={field}
      aria-label={label ?? text("sidebar.title")}
      placeholder={placeholder}
      defaultValue={title}
      maxLength={200}
      onBlur={() => finish(true)}
      onKeyDown={(event) => {
        if (event.key === "Enter" && !event.nativeEvent.isComposing) finish(true);
        if (event.key === "Escape") {
          event.stopPropagation();
          finish(false);
        }
      }}
      className={`h-8 w-full rounded-small border border-line-strong bg-page px-2 text-side ${className}`}
    />
  );
}
