import type { Message } from "@uci/protocol";
import { RefreshCw } from "lucide-react";
import { memo, useState } from "react";
import { useService } from "../connection/service-context.ts";
import { isUnfinished, type LiveAnswer } from "../connection/state.ts";
import { useChat } from "../connection/store.ts";
import { useText } from "../language/language.ts";
import { useChosenModel, useModelName } from "../settings/use-model.ts";
import { classNames } from "../ui/class-names.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { IconButton } from "../ui/icon-button.tsx";
import { showNotice } from "../ui/notice.tsx";
import { Tip } from "../ui/tip.tsx";
import { AnswerEnding } from "./answer-ending.tsx";
import { AnswerText } from "./answer-text.tsx";
import type { PathStep } from "./path.ts";
import { Reasoning } from "./reasoning.tsx";
import { SiblingSwitch } from "./sibling-switch.tsx";

/** One answer: its thoughts, its text, how it ended, and what can be done with it. */
export const Answer = memo(function Answer({ message, siblings, index }: PathStep) {
  const live = useChat((state) => state.live[message.message_id]);
  const service = useService();
  const text = useText();
  const { choice } = useChosenModel();
  const [asked, setAsked] = useState(false);
  const writing = live !== undefined && isUnfinished(message.status);
  const shown = contentOf(message, writing ? live : undefined);
  const retry = () => {
    if (asked) return;
    setAsked(true);
    service
      .regenerate(message, choice)
      .catch(() => showNotice(text("thread.not_asked")))
      .finally(() => setAsked(false));
  };
  return (
    <article
      data-testid="message-assistant"
      data-message-id={message.message_id}
      data-status={writing && live.text !== "" ? "streaming" : message.status}
      aria-label={text("thread.answer")}
      aria-busy={writing}
      className="group/message relative"
    >
      <ModelName id={message.model} />
      <Reasoning text={shown.reasoning} thinking={writing && shown.text === ""} thoughtMs={shown.thoughtMs} />
      {shown.text !== "" && <AnswerText text={shown.text} writing={writing} />}
      {writing && shown.text === "" && shown.reasoning === "" && <Waiting />}
      {writing && live.recovering && <p className="mt-2 text-caption text-faint">{text("thread.recovering")}</p>}
      {!writing && (
        <AnswerEnding
          message={message}
          onRetry={retry}
          onContinue={() => service.outbox.send(message.session_id, text("thread.continue_request"), choice)}
        />
      )}
      <div className="mt-1.5 -ms-1.5 flex h-7 items-center gap-0.5 touch:h-10">
        {shown.attempts > 1 && <ContinuedMark />}
        {!writing && <SiblingSwitch siblings={siblings} index={index} />}
        {!writing && (
          <div className={classNames("flex items-center gap-0.5", reveal)}>
            {shown.text !== "" && <CopyButton text={() => shown.text} label={text("thread.copy_answer")} />}
            <IconButton
              small
              data-testid="regenerate"
              label={text("thread.write_again")}
              icon={<RefreshCw size={15} aria-hidden />}
              disabled={asked}
              onClick={retry}
            />
          </div>
        )}
      </div>
    </article>
  );
});

/** Shown on hover and focus; always where there is no pointer. */
const reveal =
  "opacity-0 transition-opacity duration-150 group-hover/message:opacity-100 group-focus-within/message:opacity-100 touch:opacity-100";

type Shown = { text: string; reasoning: string; thoughtMs: number | null; attempts: number };

function contentOf({ content, metadata }: Message, live: LiveAnswer | undefined): Shown {
  if (live !== undefined) {
    return { text: live.text, reasoning: live.reasoning, thoughtMs: live.thoughtMs, attempts: live.attempt };
  }
  return {
    text: content,
    reasoning: typeof metadata.reasoning === "string" ? metadata.reasoning : "",
    thoughtMs: typeof metadata.thought_ms === "number" ? metadata.thought_ms : null,
    attempts: typeof metadata.attempts === "number" ? metadata.attempts : 1,
  };
}

function ModelName({ id }: { readonly id: string | null }) {
  const name = useModelName(id);
  if (name === null) return null;
  return (
    <div className={classNames("absolute -top-5 text-caption leading-5 text-faint", reveal)} aria-hidden>
      {name}
    </div>
  );
}

function Waiting() {
  const text = useText();
  return (
    <p className="writing-plain h-[26px]">
      <span className="sr-only">{text("thread.being_prepared")}</span>
    </p>
  );
}

function ContinuedMark() {
  const text = useText();
  return (
    <Tip text={text("thread.continued")}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: its words are in a tip that must be reachable */}
      <span tabIndex={0} className="mx-1.5 flex h-5 w-9 items-center rounded-small" role="note">
        <span className="w-full border-t border-dotted border-faint" />
        <span className="sr-only">{text("thread.continued")}</span>
      </span>
    </Tip>
  );
}
