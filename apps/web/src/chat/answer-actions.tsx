import type { Message } from "@uci/protocol";
import { Ellipsis, GitBranch, Pencil, RefreshCw, ThumbsDown, ThumbsUp, Trash2 } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useService } from "../connection/service-context.ts";
import type { ModelChoice } from "../connection/state.ts";
import { change } from "../connection/store.ts";
import { isTemporary } from "../connection/temporary.ts";
import { applyMessages, applySessions } from "../connection/transitions.ts";
import { useText } from "../language/language.ts";
import { modelChoice } from "../settings/model.ts";
import { useChosenModel } from "../settings/use-model.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { IconButton } from "../ui/icon-button.tsx";
import { Menu, MenuItem, MenuLabel, MenuLine } from "../ui/menu.tsx";
import { showFailure, showNotice } from "../ui/notice.tsx";
import { edit } from "./chat-ui.ts";
import { removeMessage } from "./removing-messages.ts";

/** Models offered for another answer; more are in the picker above. */
const offeredModels = 8;

type ActionsProps = {
  readonly message: Message;
  readonly asked: boolean;
  readonly onRetry: (model: ModelChoice) => void;
};

/** What can be done with an answer. */
export function AnswerActions({ message, asked, onRetry }: ActionsProps) {
  const text = useText();
  const { choice } = useChosenModel();
  // Of a temporary chat the server keeps no text from which another answer could be written, or a chat be copied.
  const kept = !isTemporary(message.session_id);
  return (
    <>
      {message.content !== "" && <CopyButton text={() => message.content} label={text("thread.copy_answer")} />}
      {kept && (
        <IconButton
          small
          data-testid="regenerate"
          label={text("thread.write_again")}
          icon={<RefreshCw size={15} aria-hidden />}
          disabled={asked}
          onClick={() => onRetry(choice)}
        />
      )}
      {kept && (
        <IconButton
          small
          label={text("thread.edit_answer")}
          icon={<Pencil size={15} aria-hidden />}
          onClick={() => edit(message.message_id)}
        />
      )}
      {kept && message.content !== "" && <Rating message={message} />}
      <MoreMenu message={message} kept={kept} onRetry={onRetry} />
    </>
  );
}

function Rating({ message }: { readonly message: Message }) {
  const text = useText();
  const service = useService();
  const { rating } = message.metadata;
  const rate = (wanted: "up" | "down") => {
    const next = rating === wanted ? null : wanted;
    const show = (row: Message) => change((state) => applyMessages(state, row.session_id, [row]));
    show({ ...message, metadata: { ...message.metadata, rating: next } });
    service.client.messages.rate(message.message_id, next).then(show, (error: unknown) => {
      show(message);
      showFailure(text("thread.not_rated"), error);
    });
  };
  const icon = (Icon: typeof ThumbsUp, chosen: boolean) => (
    <Icon
      size={15}
      aria-hidden
      className={chosen ? "text-accent" : undefined}
      fill={chosen ? "currentColor" : "none"}
    />
  );
  return (
    <>
      <IconButton
        small
        label={text("thread.good_answer")}
        aria-pressed={rating === "up"}
        icon={icon(ThumbsUp, rating === "up")}
        onClick={() => rate("up")}
      />
      <IconButton
        small
        label={text("thread.bad_answer")}
        aria-pressed={rating === "down"}
        icon={icon(ThumbsDown, rating === "down")}
        onClick={() => rate("down")}
      />
    </>
  );
}

type MoreProps = Pick<ActionsProps, "message" | "onRetry"> & { readonly kept: boolean };

function MoreMenu({ message, kept, onRetry }: MoreProps) {
  const text = useText();
  const service = useService();
  const { options } = useChosenModel();
  const branch = useBranch(message);
  return (
    <Menu
      align="start"
      trigger={
        <button
          type="button"
          aria-label={text("thread.more")}
          className="flex size-7 shrink-0 items-center justify-center rounded-small text-soft hover:bg-hover hover:text-ink touch:size-11"
        >
          <Ellipsis size={16} aria-hidden />
        </button>
      }
    >
      {kept && options.length > 1 && (
        <>
          <MenuLabel>{text("thread.write_again_with")}</MenuLabel>
          {options.slice(0, offeredModels).map((option) => (
            <MenuItem key={option.key} onSelect={() => onRetry(modelChoice(option))}>
              {option.name}
            </MenuItem>
          ))}
          <MenuLine />
        </>
      )}
      {kept && (
        <MenuItem icon={<GitBranch size={16} aria-hidden />} onSelect={branch}>
          {text("thread.branch")}
        </MenuItem>
      )}
      <MenuItem icon={<Trash2 size={16} aria-hidden />} danger onSelect={() => removeMessage(service, message)}>
        {text("thread.delete_from_here")}
      </MenuItem>
    </Menu>
  );
}

/** Goes on from this answer in a chat of its own. */
function useBranch(message: Message): () => void {
  const text = useText();
  const service = useService();
  const navigate = useNavigate();
  const [asked, setAsked] = useState(false);
  return () => {
    if (asked) return;
    setAsked(true);
    service.client.sessions
      .branch(message.session_id, message.message_id)
      .then((session) => {
        change((state) => applySessions(state, [session]));
        void navigate(`/s/${session.session_id}`);
        showNotice(text("thread.branched"));
      })
      .catch((error: unknown) => showFailure(text("thread.not_branched"), error))
      .finally(() => setAsked(false));
  };
}
