import { ChevronRight } from "lucide-react";
import { useId, useState } from "react";
import { useText } from "../language/language.ts";
import type { Text } from "../language/text.ts";
import { classNames } from "../ui/class-names.ts";

type ReasoningProps = {
  readonly text: string;
  readonly thinking: boolean;
  /** How long it took; null where nobody measured. */
  readonly thoughtMs: number | null;
};

/** What the model thought before it answered: one line, and the whole of it when wanted. */
export function Reasoning({ text: thoughts, thinking, thoughtMs }: ReasoningProps) {
  const text = useText();
  const [open, setOpen] = useState(false);
  const id = useId();
  if (thoughts === "") return null;
  return (
    <div className="mb-2">
      <button
        type="button"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
        className="-ms-1 flex max-w-full items-center gap-1 rounded-small pe-2 text-side text-faint hover:text-soft touch:min-h-11"
      >
        <ChevronRight
          size={16}
          aria-hidden
          className={classNames(
            "shrink-0 transition-transform duration-150 rtl:-scale-x-100",
            open && "rotate-90 rtl:-rotate-90",
          )}
        />
        <span className="shrink-0">{thinking ? text("thread.thinking") : duration(thoughtMs, text)}</span>
        {thinking && !open && <span className="ms-2 min-w-0 truncate opacity-75">{lastLine(thoughts)}</span>}
      </button>
      <div
        id={id}
        hidden={!open}
        className="mt-1 ms-[7px] border-s border-line ps-4 text-side whitespace-pre-wrap text-soft"
      >
        {thoughts.trim()}
      </div>
    </div>
  );
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.slice(-160) ?? "";
}

function duration(thoughtMs: number | null, text: Text): string {
  if (thoughtMs === null) return text("thread.thoughts");
  const seconds = Math.max(1, Math.round(thoughtMs / 1000));
  if (seconds < 90) return text("thread.thought_seconds", { seconds });
  return text("thread.thought_minutes", { minutes: Math.round(seconds / 60) });
}
