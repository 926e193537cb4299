import type { Session } from "@uci/protocol";
import { Ellipsis, Pin } from "lucide-react";
import { memo, useState } from "react";
import { Link } from "react-router";
import { useService } from "../connection/service-context.ts";
import { useChat } from "../connection/store.ts";
import { useText } from "../language/language.ts";
import { classNames } from "../ui/class-names.ts";
import { Menu } from "../ui/menu.tsx";
import { closeDrawer } from "../ui/side-bar-state.ts";
import { SessionActions } from "./session-actions.tsx";
import { TitleField } from "./title-field.tsx";

/** One chat of the list. */
export const SessionItem = memo(function SessionItem({ session }: { readonly session: Session }) {
  const { session_id: sessionId, title, pinned } = session;
  const text = useText();
  const service = useService();
  const [renaming, setRenaming] = useState(false);
  const current = useChat((state) => state.currentSessionId === sessionId);
  const mark = useChat((state) => sessionMark(state, sessionId));
  const shown = title ?? text("sidebar.new_chat");
  if (renaming) {
    return (
      <li className="px-1">
        <TitleField
          title={title ?? ""}
          onDone={(next) => {
            setRenaming(false);
            if (next !== null) void service.rename(sessionId, next).catch(() => {});
          }}
        />
      </li>
    );
  }
  return (
    <li
      className={classNames(
        "group relative flex h-9 items-center rounded-small touch:h-11",
        current ? "bg-bubble" : "hover:bg-hover",
      )}
    >
      <Link
        to={`/s/${sessionId}`}
        data-testid="session-item"
        data-session-id={sessionId}
        data-roving
        aria-current={current ? "page" : undefined}
        onClick={closeDrawer}
        className="flex h-full min-w-0 flex-1 items-center gap-2 rounded-small px-2.5"
      >
        <span className={classNames("truncate", mark === "unseen" && "font-medium")} dir="auto" title={shown}>
          {shown}
        </span>
        {pinned && mark === null && (
          <Pin size={13} className="ms-auto shrink-0 text-faint group-hover:hidden touch:hidden" aria-hidden />
        )}
        {mark !== null && (
          <span
            className={classNames("size-1.5 shrink-0 rounded-full bg-accent", mark === "writing" && "animate-breathe")}
          >
            <span className="sr-only">{text(mark === "writing" ? "sidebar.being_written" : "sidebar.new_answer")}</span>
          </span>
        )}
      </Link>
      <Menu
        trigger={
          <button
            type="button"
            aria-label={text("sidebar.options", { title: shown })}
            className="me-1 hidden size-7 items-center justify-center rounded-small text-soft group-focus-within:flex group-hover:flex hover:text-ink data-[state=open]:flex touch:flex touch:size-11"
          >
            <Ellipsis size={16} aria-hidden />
          </button>
        }
      >
        <SessionActions session={session} onRename={() => setRenaming(true)} />
      </Menu>
    </li>
  );
});

function sessionMark(state: ReturnType<typeof useChat.getState>, sessionId: string): "writing" | "unseen" | null {
  const messages = state.threads[sessionId]?.messages;
  if (messages !== undefined && Object.keys(state.live).some((messageId) => messageId in messages)) return "writing";
  return state.unseen[sessionId] === true ? "unseen" : null;
}
