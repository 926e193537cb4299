import { ArrowDown } from "lucide-react";
import { useEffect, useRef } from "react";
import { Link } from "react-router";
import { type StickToBottomInstance, useStickToBottom } from "use-stick-to-bottom";
import { isMissing, useMessagePages, useSession } from "../connection/queries.ts";
import { useChat } from "../connection/store.ts";
import { useText } from "../language/language.ts";
import { useProblemText } from "../language/problem.ts";
import { Button } from "../ui/button.tsx";
import { useAnnouncedAnswers } from "./announced-answers.ts";
import { Answer } from "./answer.tsx";
import { OlderMark } from "./older-mark.tsx";
import type { PathStep } from "./path.ts";
import { Unsent } from "./unsent-message.tsx";
import { usePath } from "./use-path.ts";
import { UserMessage } from "./user-message.tsx";

type ThreadProps = { readonly sessionId: string; readonly enabled: boolean };

/** The conversation of one session. */
export function Thread({ sessionId, enabled }: ThreadProps) {
  const { path, unsent } = usePath(sessionId);
  // A chat that only this page knows of has no history to ask for.
  const begun = path.length === 0 && unsent.length > 0;
  const pages = useMessagePages(sessionId, enabled && !begun);
  useSession(sessionId, enabled && !begun && pages.isSuccess);
  const removed = useChat((state) => state.removed[sessionId] === true);
  const stick = useStickToBottom({ initial: "instant", resize: "instant" });
  useAnnouncedAnswers(path);
  useReturnOnSend(stick, unsent.length);
  const empty = path.length === 0 && unsent.length === 0;
  if (empty && (removed || pages.isError)) {
    const missing = removed || isMissing(pages.error);
    return <Unreadable missing={missing} problem={pages.error} onRetry={() => void pages.refetch()} />;
  }
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={stick.scrollRef}
        className="h-full overflow-y-auto overscroll-contain [scrollbar-gutter:stable_both-edges]"
      >
        <div ref={stick.contentRef} className="mx-auto w-full max-w-[46rem] px-4 pt-7 pb-8">
          {empty && pages.isPending && <Skeleton />}
          {pages.hasNextPage && path[0]?.message.parent_message_id != null && (
            <OlderMark
              busy={pages.isFetchingNextPage}
              failed={pages.isFetchNextPageError}
              onWanted={() => void pages.fetchNextPage()}
            />
          )}
          <Messages path={path} />
          {unsent.map((message) => (
            <div key={message.key} className="mt-5">
              <Unsent message={message} />
            </div>
          ))}
        </div>
      </div>
      {!stick.isAtBottom && <JumpDown onJump={() => void stick.scrollToBottom()} />}
    </div>
  );
}

function Messages({ path }: { readonly path: readonly PathStep[] }) {
  return path.map((step) => (
    <div key={step.message.message_id} className="mt-5 first:mt-0">
      {step.message.role === "user" ? <UserMessage {...step} /> : <Answer {...step} />}
    </div>
  ));
}

/** Whoever sends something wants to see what comes of it, however far up they had been reading. */
function useReturnOnSend(stick: StickToBottomInstance, unsentCount: number): void {
  const before = useRef(unsentCount);
  useEffect(() => {
    if (unsentCount > before.current) void stick.scrollToBottom("instant");
    before.current = unsentCount;
  }, [unsentCount, stick]);
}

function JumpDown({ onJump }: { readonly onJump: () => void }) {
  const text = useText();
  return (
    <button
      type="button"
      aria-label={text("thread.to_latest")}
      onClick={onJump}
      className="absolute bottom-3 left-1/2 flex size-9 -translate-x-1/2 items-center justify-center rounded-full border border-line bg-raised text-soft shadow-float animate-appear hover:text-ink touch:size-11"
    >
      <ArrowDown size={17} aria-hidden />
    </button>
  );
}

type UnreadableProps = { readonly missing: boolean; readonly problem: unknown; readonly onRetry: () => void };

function Unreadable({ missing, problem, onRetry }: UnreadableProps) {
  const text = useText();
  const problemText = useProblemText();
  return (
    <div className="flex min-h-0 flex-1 flex-col items-center justify-center px-6 text-center">
      <h1 className="text-[17px] font-semibold">{text(missing ? "thread.missing" : "thread.not_loaded")}</h1>
      <p className="mt-1 max-w-sm text-side text-soft">{missing ? text("thread.missing_why") : problemText(problem)}</p>
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
