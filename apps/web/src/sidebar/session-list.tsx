import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef } from "react";
import { useNavigate } from "react-router";
import { useSessionPages } from "../connection/queries.ts";
import { useService } from "../connection/service-context.ts";
import { useChat } from "../connection/store.ts";
import { useFormats, useText } from "../language/language.ts";
import { groupSessions } from "./grouping.ts";
import { removeSession } from "./removing.ts";
import { SessionItem } from "./session-item.tsx";
import { closeDrawer } from "./side-bar-state.ts";
import { useToday } from "./today.ts";

/** All chats under dates; more of them come as the end of the list comes into sight. */
export function SessionList({ enabled }: { readonly enabled: boolean }) {
  const text = useText();
  const formats = useFormats();
  const pages = useSessionPages(enabled);
  const sessions = useChat((state) => state.sessions);
  const removed = useChat((state) => state.removed);
  const today = useToday();
  const groups = useMemo(() => {
    const shown = Object.values(sessions).filter(({ session_id }) => removed[session_id] === undefined);
    return groupSessions(shown, today, text, formats);
  }, [sessions, removed, today, text, formats]);
  const remove = useRemove();
  const list = useRef<HTMLElement>(null);
  if (pages.isPending && groups.length === 0) return <Skeletons />;
  return (
    <nav ref={list} aria-label={text("sidebar.chats")} className="flex flex-col pb-4" onKeyDown={moveFocus}>
      {groups.length === 0 && !pages.isError && (
        <p className="px-2.5 pt-4 text-caption text-faint">{text("sidebar.empty")}</p>
      )}
      {groups.map(({ title, sessions: group }) => (
        <section key={title} aria-label={title}>
          <h2 className="px-2.5 pt-4 pb-1.5 text-caption text-faint">{title}</h2>
          <ul>
            {group.map(({ session_id, title: name }) => (
              <SessionItem
                key={session_id}
                sessionId={session_id}
                title={name}
                onOpen={closeDrawer}
                onRemove={remove}
              />
            ))}
          </ul>
        </section>
      ))}
      {pages.isError && (
        <p className="px-2.5 pt-4 text-caption text-soft">
          {text("sidebar.not_loaded")}{" "}
          <button
            type="button"
            className="font-medium text-accent hover:underline"
            onClick={() => void pages.refetch()}
          >
            {text("shell.try_again")}
          </button>
        </p>
      )}
      {pages.hasNextPage && <MoreMark onSight={() => void pages.fetchNextPage()} busy={pages.isFetchingNextPage} />}
    </nav>
  );
}

function useRemove(): (sessionId: string) => void {
  const service = useService();
  const navigate = useNavigate();
  return useCallback(
    (sessionId) => {
      removeSession(service, sessionId);
      if (useChat.getState().currentSessionId === sessionId) void navigate("/");
    },
    [service, navigate],
  );
}

/** Arrow keys go through the chats as through a list. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const to = event.key === "Home" ? 0 : event.key === "End" ? -1 : null;
  if (step === 0 && to === null) return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-roving]")];
  const at = links.indexOf(document.activeElement as HTMLElement);
  if (at === -1) return;
  event.preventDefault();
  links.at(to ?? Math.min(Math.max(at + step, 0), links.length - 1))?.focus();
}

function MoreMark({ onSight, busy }: { readonly onSight: () => void; readonly busy: boolean }) {
  const mark = useRef<HTMLDivElement>(null);
  const latest = useRef(onSight);
  latest.current = onSight;
  useEffect(() => {
    if (busy || mark.current === null) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) latest.current();
    });
    observer.observe(mark.current);
    return () => observer.disconnect();
  }, [busy]);
  return <div ref={mark} className="h-9" />;
}

function Skeletons() {
  return (
    <div aria-hidden className="flex flex-col gap-4 px-2.5 pt-12 animate-late">
      {[70, 52, 84, 61, 45].map((width) => (
        <div key={width} className="h-3 rounded-full bg-bubble" style={{ width: `${width}%` }} />
      ))}
    </div>
  );
}
