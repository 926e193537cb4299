import type { Message } from "@uci/protocol";
import { memo, useMemo, useState } from "react";
import { useService } from "../connection/service-context.ts";
import { isUnfinished, type ModelChoice } from "../connection/state.ts";
import { useChat } from "../connection/store.ts";
import { isTemporary } from "../connection/temporary.ts";
import { useText } from "../language/language.ts";
import { useChosenModel, useModelName } from "../settings/use-model.tsx";
import { classNames } from "../ui/class-names.ts";
import { showFailure } from "../ui/notice.tsx";
import { Afterwards } from "./afterwards.tsx";
import { AnswerActions } from "./answer-actions.tsx";
import { contentOf, toolUses } from "./answer-content.ts";
import { AnswerEnding } from "./answer-ending.tsx";
import { AnswerFacts } from "./answer-facts.tsx";
import { AnswerText } from "./answer-text.tsx";
import { edit, focusComposer, keepFocus, useEditing } from "./chat-ui.ts";
import { EditForm } from "./edit-form.tsx";
import type { PathStep } from "./path.ts";
import { Reasoning } from "./reasoning.tsx";
import { SiblingSwitch } from "./sibling-switch.tsx";
import { ToolCalls } from "./tool-calls.tsx";

/** One answer: its thoughts, its text, how it ended, and what can be done with it. */
export const Answer = memo(function Answer({ message, siblings, index }: PathStep) {
  const { message_id: messageId } = message;
  // Not what is written, which changes many times a second: that is the body's concern.
  const writing = useChat(({ live }) => live[messageId] !== undefined) && isUnfinished(message.status);
  const begun = useChat(({ live }) => (live[messageId]?.text ?? "") !== "");
  const text = useText();
  const service = useService();
  const { choice } = useChosenModel();
  const [asked, setAsked] = useState(false);
  const ask = (begin: () => Promise<void>) => {
    if (asked) return;
    keepFocus();
    setAsked(true);
    begin()
      .catch((error: unknown) => showFailure(text("thread.not_asked"), error))
      .finally(() => setAsked(false));
  };
  const editing = useEditing((edited) => edited.messageId === messageId) && !writing;
  const temporary = isTemporary(message.session_id);
  const retry = (model: ModelChoice) => {
    if (temporary) service.askAgain(message, model);
    else ask(() => service.regenerate(message, model));
  };
  return (
    <article
      data-testid="message-assistant"
      data-message-id={messageId}
      data-status={writing && begun ? "streaming" : message.status}
      aria-label={text("thread.answer")}
      aria-busy={writing}
      className="group/message relative"
    >
      <ModelName id={message.model} />
      <AnswerBody message={message} writing={writing} editing={editing} />
      {!writing && (
        <AnswerEnding
          message={message}
          onRetry={() => retry(choice)}
          onContinue={temporary ? null : () => ask(() => service.continue(message, choice))}
        />
      )}
      <div className="-ms-1.5 mt-1.5 flex h-7 items-center gap-0.5 touch:h-11 touch:max-sm:h-auto touch:max-sm:min-h-16 touch:max-sm:flex-wrap">
        {!writing && <SiblingSwitch siblings={siblings} index={index} />}
        {!writing && !editing && (
          <div
            className={classNames(
              "flex items-center gap-0.5 touch:max-sm:order-last touch:max-sm:h-11 touch:max-sm:basis-full",
              reveal,
            )}
          >
            <Afterwards>
              <AnswerActions message={message} asked={asked} onRetry={retry} />
            </Afterwards>
          </div>
        )}
        {!writing && (
          // On phones a line of its own, above the actions; beside the versions where there are any.
          <div
            className={classNames(
              "ms-auto flex min-w-0 ps-3 touch:max-sm:ms-0 touch:max-sm:h-5 touch:max-sm:flex-1 touch:max-sm:items-center touch:max-sm:ps-1.5",
              siblings.length > 1 && "touch:max-sm:justify-end",
              reveal,
            )}
          >
            <Afterwards>
              <AnswerFacts message={message} />
            </Afterwards>
          </div>
        )}
      </div>
    </article>
  );
});

type BodyProps = { readonly message: Message; readonly writing: boolean; readonly editing: boolean };

/** The part of an answer that changes while it is written. */
function AnswerBody({ message, writing, editing }: BodyProps) {
  const text = useText();
  const live = useChat((state) => (writing ? state.live[message.message_id] : undefined));
  const shown = useMemo(() => contentOf(message, live), [message, live]);
  const uses = useMemo(() => toolUses(shown.tools), [shown.tools]);
  return (
    <>
      <Reasoning
        text={shown.reasoning}
        thinking={writing && shown.text === ""}
        thoughtMs={shown.thoughtMs}
        startedMs={shown.startedMs}
      />
      <ToolCalls uses={uses} writing={writing} />
      {editing && <EditAnswer message={message} />}
      {shown.text !== "" && !editing && <AnswerText text={shown.text} writing={writing} joins={shown.joins} />}
      {writing && shown.text === "" && shown.reasoning === "" && <Waiting />}
      {live?.recovering === true && <p className="mt-2 text-caption text-faint">{text("thread.recovering")}</p>}
    </>
  );
}

/** Keeps the answer in the reader's words, beside the model's. */
function EditAnswer({ message }: { readonly message: Message }) {
  const text = useText();
  const service = useService();
  const [busy, setBusy] = useState(false);
  const keep = async (words: string) => {
    setBusy(true);
    try {
      await service.editAnswer(message, words);
      edit(null);
      focusComposer();
    } catch (error) {
      showFailure(text("thread.not_edited"), error);
      setBusy(false);
    }
  };
  return (
    <EditForm
      standard={message.content}
      label={text("thread.edit_answer")}
      action={text("thread.keep_answer")}
      onDone={(words) => void keep(words)}
      disabled={busy}
    />
  );
}

/** Shown on hover and focus; always where there is no pointer. */
const reveal =
  "opacity-0 transition-opacity duration-150 group-hover/message:opacity-100 group-focus-within/message:opacity-100 has-data-[state=open]:opacity-100 touch:opacity-100";

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
