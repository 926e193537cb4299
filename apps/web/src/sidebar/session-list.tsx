import type { Session } from "@uci/protocol";
import { useEffect, useMemo } from "react";
import { useSessionPages } from "../connection/queries.ts";
import { useChat } from "../connection/store.ts";
import { useFormats, useText } from "../language/language.ts";
import { endNaming, useFolderActions, useNewFolder } from "./folder-actions.ts";
import { FolderSection } from "./folder-section.tsx";
import { groupSessions, newestFirst } from "./grouping.ts";
import { MoreMark } from "./more-mark.tsx";
import { moveFocus } from "./moving-focus.ts";
import { SessionItem } from "./session-item.tsx";
import { TitleField } from "./title-field.tsx";
import { useToday } from "./today.ts";
import { useFolders, useSessionPart } from "./use-sessions.ts";

/** Pinned chats, folders, and all others under dates; more of them come as the end of the list comes into sight. */
export function SessionList({ enabled }: { readonly enabled: boolean }) {
  const text = useText();
  const pages = useSessionPages(enabled);
  const pinned = useSessionPart("pinned", { pinned: true, limit: 100 }, enabled);
  const { data: folders = [] } = useFolders(enabled);
  const parts = useParts(folders.length > 0);
  const { naming } = useNewFolder();
  const { create } = useFolderActions();
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = pinned;
  // A person pins a handful; who pins hundreds sees them all the same.
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const empty = parts.groups.length === 0 && parts.pinned.length === 0 && folders.length === 0;
  if (pages.isPending && empty) return <Skeletons />;
  return (
    <nav aria-label={text("sidebar.chats")} className="flex flex-col pb-4" onKeyDown={moveFocus}>
      {empty && !pages.isError && <p className="px-2.5 pt-4 text-caption text-faint">{text("sidebar.empty")}</p>}
      <Group title={text("sidebar.pinned")} sessions={parts.pinned} />
      {(folders.length > 0 || naming !== null) && (
        <div className="pt-3">
          {naming !== null && (
            <div className="px-1">
              <TitleField
                title=""
                label={text("sidebar.folder_name")}
                placeholder={text("sidebar.new_folder")}
                onDone={(name) => {
                  endNaming();
                  if (name !== null) create(name, naming.sessionId);
                }}
              />
            </div>
          )}
          {folders.map((folder) => {
            const inside = parts.inFolders.get(folder.folder_id) ?? [];
            return (
              <FolderSection key={folder.folder_id} folder={folder} sessions={inside} open={holdsCurrent(inside)} />
            );
          })}
        </div>
      )}
      {parts.groups.map(({ title, sessions }) => (
        <Group key={title} title={title} sessions={sessions} />
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

function Group({ title, sessions }: { readonly title: string; readonly sessions: readonly Session[] }) {
  if (sessions.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2 className="px-2.5 pt-4 pb-1.5 text-caption text-faint">{title}</h2>
      <ul>
        {sessions.map((session) => (
          <SessionItem key={session.session_id} session={session} />
        ))}
      </ul>
    </section>
  );
}

/** Each chat has one place: pinned before its folder, its folder before its date. */
function useParts(withFolders: boolean) {
  const text = useText();
  const formats = useFormats();
  const sessions = useChat((state) => state.sessions);
  const removed = useChat((state) => state.removed);
  const today = useToday();
  return useMemo(() => {
    const shown = Object.values(sessions).filter(
      ({ session_id, archived }) => !archived && removed[session_id] === undefined,
    );
    const inFolders = new Map<string, Session[]>();
    const others: Session[] = [];
    for (const session of newestFirst(shown)) {
      const { pinned, folder_id } = session;
      if (pinned) continue;
      if (folder_id === null || !withFolders) others.push(session);
      else inFolders.set(folder_id, [...(inFolders.get(folder_id) ?? []), session]);
    }
    const pinned = newestFirst(shown.filter((session) => session.pinned));
    return { pinned, inFolders, groups: groupSessions(others, today, text, formats) };
  }, [sessions, removed, today, text, formats, withFolders]);
}

function holdsCurrent(sessions: readonly Session[]): boolean {
  const { currentSessionId } = useChat.getState();
  return sessions.some(({ session_id }) => session_id === currentSessionId);
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
