import type { Message } from "@uci/protocol";
import { Pencil, Trash2 } from "lucide-react";
import { memo, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useService } from "../connection/service-context.ts";
import { useText } from "../language/language.ts";
import { useChosenModel } from "../settings/use-model.tsx";
import { classNames } from "../ui/class-names.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { IconButton } from "../ui/icon-button.tsx";
import { Afterwards } from "./afterwards.tsx";
import { attachmentsIn } from "./attached-files.ts";
import { edit, focusComposer, useEditing } from "./chat-ui.ts";
import { EditForm } from "./edit-form.tsx";
import { SentFiles } from "./file-chips.tsx";
import type { PathStep } from "./path.ts";
import { removeMessage } from "./removing-messages.ts";
import { SiblingSwitch } from "./sibling-switch.tsx";

/** The reader's own words. */
export const UserMessage = memo(function UserMessage({ message, siblings, index }: PathStep) {
  const text = useText();
  const service = useService();
  const files = useMemo(() => attachmentsIn(message.metadata.attachments), [message.metadata.attachments]);
  const editing = useEditing(({ messageId }) => messageId === message.message_id);
  return (
    <article
      data-testid="message-user"
      data-message-id={message.message_id}
      aria-label={text("thread.your_message")}
      className="group/message flex flex-col items-end"
    >
      <SentFiles files={files} />
      {editing && <EditQuestion message={message} />}
      {!editing && message.content !== "" && <Bubble text={message.content} />}
      {!editing && (
        <div className="mt-1 -me-1.5 flex h-7 items-center gap-0.5 touch:h-11">
          <div className="flex items-center gap-0.5 opacity-0 transition-opacity duration-150 group-focus-within/message:opacity-100 group-hover/message:opacity-100 touch:opacity-100">
            <Afterwards>
              <CopyButton text={() => message.content} label={text("thread.copy_message")} />
              <IconButton
                small
                label={text("thread.edit")}
                icon={<Pencil size={15} aria-hidden />}
                onClick={() => edit(message.message_id)}
              />
              <IconButton
                small
                label={text("thread.delete_from_here")}
                icon={<Trash2 size={15} aria-hidden />}
                danger
                onClick={() => removeMessage(service, message)}
              />
            </Afterwards>
          </div>
          <SiblingSwitch siblings={siblings} index={index} />
        </div>
      )}
    </article>
  );
});

/** Lines after which a bubble is folded, and the fewest characters one holds on the narrowest page, however wide they are. */
const foldedLines = 12;
const narrowestCharacters = 10;

/** Whether it is worth looking: the height of an element that was just set makes the browser lay the page out at once. */
function mayBeFolded(words: string): boolean {
  return words.length / narrowestCharacters + words.split("\n").length > foldedLines;
}

/** A text in its bubble; a long one is folded after twelve lines. */
export function Bubble({ text: words, faint = false }: { readonly text: string; readonly faint?: boolean }) {
  const text = useText();
  const box = useRef<HTMLDivElement>(null);
  const [long, setLong] = useState(false);
  const [open, setOpen] = useState(false);
  const foldable = mayBeFolded(words);
  // The text is looked at anew when it changes, though only its height is read.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || open) return;
    setLong(foldable && element.scrollHeight > element.clientHeight + 4);
  }, [words, open, foldable]);
  return (
    <div
      className={classNames(
        "max-w-[80%] rounded-large bg-bubble px-4 py-2.5 max-[480px]:max-w-[88%]",
        faint && "opacity-75",
      )}
    >
      <div
        ref={box}
        dir="auto"
        className={classNames(
          "break-words whitespace-pre-wrap",
          foldable && !open && "line-clamp-12",
          "[overflow-wrap:anywhere]",
        )}
      >
        {words}
      </div>
      {long && (
        <button
          type="button"
          className="mt-1 rounded-small text-side font-medium text-soft hover:text-ink touch:min-h-11"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          {text(open ? "thread.show_less" : "thread.show_all")}
        </button>
      )}
    </div>
  );
}

function EditQuestion({ message }: { readonly message: Message }) {
  const service = useService();
  const { choice } = useChosenModel();
  const text = useText();
  const send = (words: string) => {
    const attachments = attachmentsIn(message.metadata.attachments);
    service.outbox.send(message.session_id, words, choice, { parentMessageId: message.parent_message_id, attachments });
    edit(null);
    focusComposer();
  };
  return (
    <EditForm
      standard={message.content}
      label={text("thread.edit_message")}
      action={text("thread.send")}
      onDone={send}
    />
  );
}
