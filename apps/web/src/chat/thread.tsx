import { useMemo } from "react";
import { Link } from "react-router";
import { isMissing, useMessagePages, useSession } from "../connection/queries.ts";
import { useChat } from "../connection/store.ts";
import { isTemporary } from "../connection/temporary.ts";
import { useText } from "../language/language.ts";
import { useProblemText } from "../language/problem.ts";
import { Button } from "../ui/button.tsx";
import { Reference } from "../ui/reference.tsx";
import { useAnnouncedAnswers } from "./announced-answers.ts";
import { useBranchOf, useFoundMessage } from "./found-message.ts";
import { MessageList } from "./message-list.tsx";
import type { OlderPages } from "./older-mark.tsx";
import { usePath } from "./use-path.ts";

type ThreadProps = { readonly sessionId: string; readonly enabled: boolean };

/** The conversation of one session. */
export function Thread({ sessionId, enabled }: ThreadProps) {
  const { path, unsent } = usePath(sessionId);
  // A chat that only this page knows of has no history to ask for.
  const begun = (path.length === 0 && unsent.length > 0) || isTemporary(sessionId);
  const pages = useMessagePages(sessionId, enabled && !begun);
  useSession(sessionId, enabled && !begun && pages.isSuccess);
  const removed = useChat((state) => state.removed[sessionId] === true);
  useAnnouncedAnswers(path);
  const before = useOlderPages(pages);
  const older = path[0]?.message.parent_message_id == null ? null : before;
  const found = useFoundMessage();
  useBranchOf(found, sessionId, path, before);
  if (path.length > 0 || unsent.length > 0) return <MessageList {...{ path, unsent, older, found }} />;
  if (removed || pages.isError) {
    const missing = removed || isMissing(pages.error);
    return <Unreadable missing={missing} problem={pages.error} onRetry={() => void pages.refetch()} />;
  }
  return (
    <div className="min-h-0 flex-1 overflow-y-auto [scrollbar-gutter:stable_both-edges]">
      <div className="mx-auto w-full max-w-[46rem] px-4 pt-7">{pages.isPending && <Skeleton />}</div>
    </div>
  );
}

/** Null where all of the conversation is loaded. */
function useOlderPages(pages: ReturnType<typeof useMessagePages>): OlderPages | null {
  const { hasNextPage, isFetchingNextPage: busy, isFetchNextPageError: failed, fetchNextPage } = pages;
  return useMemo(
    () => (hasNextPage ? { busy, failed, fetch: () => void fetchNextPage() } : null),
    [hasNextPage, busy, failed, fetchNextPage],
  );
}

type UnreadableProps = { readonly missing: boolean; readonly problem: unknown; readonly onRetry: () => void };

function Unreadable({ missing, problem, onRetry }: UnreadableProps) {
  const text = useText();
  const problemText = useProblemText();
  return (
    <div className="flex min-h-0 flex-1 flex-col items-center justify-center px-6 text-center">
      <h1 data-testid="unreadable" className="text-[17px] font-semibold">
        {text(missing ? "thread.missing" : "thread.not_loaded")}
      </h1>
      <p className="mt-1 max-w-sm text-side text-soft">{missing ? text("thread.missing_why") : problemText(problem)}</p>
      {!missing && <Reference problem={problem} />}
      <div className="mt-5">
        {missing ? (
          <Link to="/" className="rounded-small px-3 py-2 text-side font-medium text-accent hover:bg-hover">
            {text("sidebar.new_chat")}
          </Link>
        ) : (
          <Button onClick={onRetry}>{text("shell.try_again")}</Button>
        )}
      </div>
    </div>
  );
}

function Skeleton() {
  return (
    <div aria-hidden className="flex flex-col gap-3.5 animate-late">
      <div className="mb-6 h-11 w-2/5 self-end rounded-large bg-bubble" />
      {["94%", "88%", "97%", "56%"].map((width) => (
        <div key={width} className="h-3.5 rounded-full bg-bubble" style={{ width }} />
      ))}
    </div>
  );
}
