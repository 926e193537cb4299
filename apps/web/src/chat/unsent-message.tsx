import { X } from "lucide-react";
import { useNavigate } from "react-router";
import { useService } from "../connection/service-context.ts";
import type { UnsentMessage } from "../connection/state.ts";
import { useChat } from "../connection/store.ts";
import { useText } from "../language/language.ts";
import { useProblemText } from "../language/problem.ts";
import { IconButton } from "../ui/icon-button.tsx";
import { Reference } from "../ui/reference.tsx";
import { putFilesBack } from "./attached-files.ts";
import { focusComposer } from "./chat-ui.ts";
import { putBack } from "./draft.ts";
import { SentFiles } from "./file-chips.tsx";
import { Bubble } from "./user-message.tsx";

const words = {
  queued: "thread.queued",
  waiting: "thread.waiting",
} as const;

/** A message that is not accepted yet: shown in its place, and taken back with the cross. */
export function Unsent({ message }: { readonly message: UnsentMessage }) {
  const text = useText();
  const problemText = useProblemText();
  const service = useService();
  const navigate = useNavigate();
  const failed = message.state === "failed";
  const takeBack = () => {
    service.outbox.takeBack(message);
    const thread = useChat.getState().threads[message.sessionId];
    // A chat that never came to be is left again.
    const begun = thread === undefined || Object.keys(thread.messages).length === 0;
    putBack(begun ? null : message.sessionId, message.text);
    putFilesBack(begun ? null : message.sessionId, message.attachments ?? []);
    if (begun) void navigate("/");
    focusComposer();
  };
  return (
    <article
      data-testid="message-unsent"
      data-state={message.state}
      aria-label={text("thread.unsent")}
      className="flex flex-col items-end"
    >
      <SentFiles files={message.attachments ?? []} />
      {message.text !== "" && <Bubble text={message.text} faint={!failed} />}
      <div className="mt-1 -me-1.5 flex min-h-7 items-center gap-1 text-caption text-faint touch:min-h-11">
        {failed && <span className="text-danger">{problemText(message.problem)}</span>}
        {(message.state === "queued" || message.state === "waiting") && text(words[message.state])}
        {failed && (
          <button
            type="button"
            className="rounded-small px-1.5 py-0.5 font-medium text-accent hover:bg-hover touch:min-h-11"
            onClick={() => service.outbox.sendAgain(message)}
          >
            {text("shell.try_again")}
          </button>
        )}
        {message.state !== "sending" && (
          <IconButton small label={text("thread.do_not_send")} icon={<X size={16} aria-hidden />} onClick={takeBack} />
        )}
      </div>
      {failed && <Reference problem={message.problem} />}
    </article>
  );
}
