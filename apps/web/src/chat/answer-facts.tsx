import type { Message } from "@uci/protocol";
import { useEffect } from "react";
import type { Formats } from "../language/formats.ts";
import { useFormats, useText } from "../language/language.ts";
import { whenIdle } from "../ui/when-idle.ts";
import { contentOf } from "./answer-content.ts";

/** Fewer tokens, or less time, say nothing about how fast a model writes. */
const measurableTokens = 8;
const measurableMs = 300;

/** When an answer was given, how long it is and how fast it came. */
export function AnswerFacts({ message }: { readonly message: Message }) {
  const text = useText();
  const formats = useFormats();
  const tokens = message.token_count ?? 0;
  const speed = tokensPerSecond(tokens, contentOf(message, undefined).writtenMs);
  const facts = [
    ...(message.metadata.edited === true ? [text("thread.edited")] : []),
    timeOf(message.created_at, formats),
    ...(tokens === 0 ? [] : [text("thread.tokens", { count: tokens })]),
    ...(speed === null ? [] : [text("thread.tokens_per_second", { speed })]),
  ];
  return (
    <span data-testid="answer-facts" className="truncate text-caption text-faint tabular-nums">
      {facts.join(" · ")}
    </span>
  );
}

/** The first time a browser writes a date in a language it takes long, and would at the end of the first answer. */
export function usePreparedFacts(): void {
  const formats = useFormats();
  useEffect(() => whenIdle(() => timeOf(new Date().toISOString(), formats)), [formats]);
}

function timeOf(createdAt: string, formats: Formats): string {
  const date = new Date(createdAt);
  const today = new Date().toDateString() === date.toDateString();
  const time = { hour: "2-digit", minute: "2-digit" } as const;
  return formats.date(date, today ? time : { day: "numeric", month: "long", ...time });
}

function tokensPerSecond(tokens: number, writtenMs: number | null): number | null {
  if (writtenMs === null || tokens < measurableTokens || writtenMs < measurableMs) return null;
  return Math.round(tokens / (writtenMs / 1000));
}
