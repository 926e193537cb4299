import { useEffect } from "react";
import { ConnectionLine } from "../connection/connection-line.tsx";
import { useService } from "../connection/service-context.ts";
import { useChat } from "../connection/store.ts";
import { useText } from "../language/language.ts";
import { NoticePlace } from "../ui/notice.tsx";
import { usePreparedFacts } from "./answer-facts.tsx";
import { preloadMarkdown } from "./answer-text.tsx";
import { edit, focusComposer } from "./chat-ui.ts";
import { Composer } from "./composer.tsx";
import { EmptyState } from "./empty-state.tsx";
import { Header } from "./header.tsx";
import { TemporaryState } from "./temporary-state.tsx";
import { Thread } from "./thread.tsx";

type ChatPageProps = {
  readonly sessionId: string | null;
  readonly enabled: boolean;
  /** A chat of which nothing is kept. */
  readonly temporary: boolean;
};

/** Header, conversation and composer. */
export function ChatPage({ sessionId, enabled, temporary }: ChatPageProps) {
  const service = useService();
  const text = useText();
  const title = useChat((state) => (sessionId === null ? undefined : state.sessions[sessionId]?.title));
  useEffect(() => {
    service.show(sessionId);
    edit(null);
    // Opened at a message, the page is there to be read.
    if (!matchMedia("(hover: hover)").matches || location.hash !== "") return;
    // With the next picture: now, the browser would have to lay the page out once more for it.
    const frame = requestAnimationFrame(focusComposer);
    return () => cancelAnimationFrame(frame);
  }, [service, sessionId]);
  useEffect(() => {
    document.title = title == null ? text("shell.title") : `${title} · ${text("shell.title")}`;
  }, [title, text]);
  useEffect(preloadMarkdown, []);
  usePreparedFacts();
  return (
    <main className="flex min-w-0 flex-1 flex-col">
      <Header sessionId={sessionId} temporary={temporary} />
      <ConnectionLine />
      {sessionId === null ? (
        <div className="min-h-0 flex-1 overflow-y-auto">{temporary ? <TemporaryState /> : <EmptyState />}</div>
      ) : (
        <Thread key={sessionId} sessionId={sessionId} enabled={enabled} />
      )}
      <div className="relative pt-2">
        <NoticePlace />
        <Composer sessionId={sessionId} temporary={temporary} />
      </div>
    </main>
  );
}
