import { ChevronRight } from "lucide-react";
import { useId, useState } from "react";
import { classNames } from "../ui/class-names.ts";

type ReasoningProps = {
  readonly text: string;
  readonly thinking: boolean;
  /** How long it took; null where nobody measured. */
  readonly thoughtMs: number | null;
};

/** What the model thought before it answered: one line, and the whole of it when wanted. */
export function Reasoning({ text, thinking, thoughtMs }: ReasoningProps) {
  const [open, setOpen] = useState(false);
  const id = useId();
  if (text === "") return null;
  return (
    <div className="mb-2">
      <button
        type="button"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
        className="-ml-1 flex max-w-full items-center gap-1 rounded-small pr-2 text-side text-faint hover:text-soft touch:min-h-11"
      >
        <ChevronRight
          size={16}
          aria-hidden
          className={classNames("shrink-0 transition-transform duration-150", open && "rotate-90")}
        />
        <span className="shrink-0">{thinking ? "Thinking" : duration(thoughtMs)}</span>
        {thinking && !open && <span className="ml-2 min-w-0 truncate opacity-75">{lastLine(text)}</span>}
      </button>
      <div
        id={id}
        hidden={!open}
        className="mt-1 ml-[7px] border-l border-line pl-4 text-side whitespace-pre-wrap text-soft"
      >
        {text.trim()}
      </div>
    </div>
  );
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.slice(-160) ?? "";
}

function duration(thoughtMs: number | null): string {
  if (thoughtMs === null) return "Thoughts";
  const seconds = Math.max(1, Math.round(thoughtMs / 1000));
  if (seconds < 90) return `Thought for ${seconds} s`;
  return `Thought for ${Math.round(seconds / 60)} min`;
}
