import { Wrench } from "lucide-react";
import { useText } from "../language/language.ts";
import { classNames } from "../ui/class-names.ts";
import { Fold } from "../ui/fold.tsx";
import type { ToolUse } from "./answer-content.ts";

type ToolCallsProps = { readonly uses: readonly ToolUse[]; readonly writing: boolean };

/** The tools an answer used, each a line that opens to what was asked and what came back. */
export function ToolCalls({ uses, writing }: ToolCallsProps) {
  if (uses.length === 0) return null;
  return (
    <div className="mb-2 flex flex-col items-start gap-0.5">
      {uses.map((use) => (
        <ToolCall key={use.id} use={use} writing={writing} />
      ))}
    </div>
  );
}

function ToolCall({ use, writing }: { readonly use: ToolUse; readonly writing: boolean }) {
  const text = useText();
  const name = use.name === "" ? text("thread.some_tool") : use.name;
  const running = use.output === null && writing;
  const words = running ? "thread.using_tool" : use.output === null ? "thread.asked_tool" : "thread.used_tool";
  const line = () => (
    <>
      <Wrench size={14} aria-hidden className={classNames("me-1 shrink-0", running && "animate-breathe")} />
      <span className="truncate">{text(words, { name })}</span>
    </>
  );
  return (
    <Fold line={line} className="w-full" testId="tool-call">
      <div className="mb-2">
        <Piece label={text("thread.tool_input")} words={use.input} />
        <Piece label={text("thread.tool_output")} words={use.output ?? text("thread.no_result")} />
      </div>
    </Fold>
  );
}

function Piece({ label, words }: { readonly label: string; readonly words: string }) {
  if (words === "") return null;
  return (
    <div className="mb-2 last:mb-0">
      <div className="text-caption text-faint">{label}</div>
      <pre
        dir="auto"
        className="max-h-64 overflow-auto font-mono text-[13px] leading-5 whitespace-pre-wrap text-soft [overflow-wrap:anywhere]"
      >
        {words}
      </pre>
    </div>
  );
}
