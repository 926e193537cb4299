import { useEffect, useState } from "react";
import { useText } from "../language/language.ts";
import type { Text } from "../language/text.ts";
import { classNames } from "../ui/class-names.ts";
import { Fold } from "../ui/fold.tsx";

type ReasoningProps = {
  readonly text: string;
  readonly thinking: boolean;
  /** How long it took; null where nobody measured. */
  readonly thoughtMs: number | null;
  /** When it began, while it goes on. */
  readonly startedMs: number | null;
};

/** From here on minutes say enough. */
const longSeconds = 90;

/** What the model thought before it answered: one line, and the whole of it when wanted. */
export function Reasoning({ text: thoughts, thinking, thoughtMs, startedMs }: ReasoningProps) {
  const text = useText();
  const elapsedMs = useElapsed(thinking ? startedMs : null);
  if (thoughts === "") return null;
  const line = (open: boolean) => (
    <>
      <span className={classNames("shrink-0 tabular-nums", thinking && "text-soft")}>
        {thinking ? underWay(elapsedMs, text) : over(thoughtMs, text)}
      </span>
      {thinking && !open && (
        <span dir="auto" className="ms-2 min-w-0 truncate" aria-hidden>
          {lastLine(thoughts)}
        </span>
      )}
    </>
  );
  return (
    <Fold line={line} className="mb-2" testId="reasoning">
      <div dir="auto" className="text-side whitespace-pre-wrap text-soft [overflow-wrap:anywhere]">
        {thoughts.trim()}
      </div>
    </Fold>
  );
}

/** Milliseconds since a time, told once a second. */
function useElapsed(sinceMs: number | null): number {
  const [nowMs, setNowMs] = useState(0);
  useEffect(() => {
    if (sinceMs === null) return;
    const timer = setInterval(() => setNowMs(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [sinceMs]);
  return sinceMs === null ? 0 : Math.max(0, nowMs - sinceMs);
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.slice(-160) ?? "";
}

function underWay(elapsedMs: number, text: Text): string {
  if (elapsedMs < 1_000) return text("thread.thinking");
  const seconds = Math.round(elapsedMs / 1000);
  if (seconds < longSeconds) return text("thread.thinking_seconds", { seconds });
  return text("thread.thinking_minutes", { minutes: Math.round(seconds / 60) });
}

function over(thoughtMs: number | null, text: Text): string {
  if (thoughtMs === null) return text("thread.thoughts");
  const seconds = Math.max(1, Math.round(thoughtMs / 1000));
  if (seconds < longSeconds) return text("thread.thought_seconds", { seconds });
  return text("thread.thought_minutes", { minutes: Math.round(seconds / 60) });
}
