import { ArrowLeft } from "lucide-react";
import { useMemo } from "react";
import { useChat } from "../connection/store.ts";
import { useText } from "../language/language.ts";
import { newestFirst } from "./grouping.ts";
import { MoreMark } from "./more-mark.tsx";
import { moveFocus } from "./moving-focus.ts";
import { SessionItem } from "./session-item.tsx";
import { useSessionPart } from "./use-sessions.ts";

/** What was put out of the way. */
export function ArchiveList({ enabled, onBack }: { readonly enabled: boolean; readonly onBack: () => void }) {
  const text = useText();
  const pages = useSessionPart("archive", { archived: true }, enabled);
  const sessions = useChat((state) => state.sessions);
  const removed = useChat((state) => state.removed);
  const shown = useMemo(() => {
    const all = Object.values(sessions).filter(
      ({ archived, session_id }) => archived && removed[session_id] === undefined,
    );
    return newestFirst(all);
  }, [sessions, removed]);
  return (
    <nav aria-label={text("sidebar.archived")} className="flex flex-col pb-4" onKeyDown={moveFocus}>
      <button
        type="button"
        data-roving
        onClick={onBack}
        className="mt-2 flex h-9 items-center gap-2 rounded-small px-2.5 text-caption text-soft hover:bg-hover touch:h-11"
      >
        <ArrowLeft size={15} className="rtl:-scale-x-100" aria-hidden />
        {text("sidebar.back_to_chats")}
      </button>
      <h2 className="px-2.5 pt-3 pb-1.5 text-caption text-faint">{text("sidebar.archived")}</h2>
      {shown.length === 0 && !pages.isPending && (
        <p className="px-2.5 pt-1 text-caption text-faint">{text("sidebar.archive_empty")}</p>
      )}
      <ul>
        {shown.map((session) => (
          <SessionItem key={session.session_id} session={session} />
        ))}
      </ul>
      {pages.hasNextPage && <MoreMark onSight={() => void pages.fetchNextPage()} busy={pages.isFetchingNextPage} />}
    </nav>
  );
}
