import type { Message } from "@uci/protocol";
import type { Formats } from "../language/formats.ts";
import { useFormats, useText } from "../language/language.ts";
import { classNames } from "../ui/class-names.ts";
import { contentOf } from "./answer-content.ts";

/** Fewer tokens, or less time, say nothing about how fast a model writes. */
const measurableTokens = 8;
const measurableMs = 300;

type FactsProps = { readonly message: Message; readonly className: string };

/** When an answer was given, how long it is and how fast it came. */
export function AnswerFacts({ message, className }: FactsProps) {
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
    <span
      data-testid="answer-facts"
      className={classNames("ms-auto truncate ps-3 text-caption text-faint tabular-nums", className)}
    >
      {facts.join(" · ")}
    </span>
  );
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
