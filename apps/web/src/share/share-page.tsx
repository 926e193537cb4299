import { useQuery } from "@tanstack/react-query";
import type { SharedMessage } from "@uci/protocol";
import { type ReactNode, useEffect } from "react";
import { AnswerText } from "../chat/answer-text.tsx";
import { isMissing } from "../connection/queries.ts";
import { useService } from "../connection/service-context.ts";
import { useFormats, useText } from "../language/language.ts";
import { useProblemText } from "../language/problem.ts";
import { Button } from "../ui/button.tsx";
import { Reference } from "../ui/reference.tsx";

/** A branch that somebody has shared, for anybody with its address. Nobody is signed in for it, and nothing can be written. */
export default function SharePage({ shareId }: { readonly shareId: string }) {
  const text = useText();
  const formats = useFormats();
  const problemText = useProblemText();
  const { client } = useService();
  const share = useQuery({
    queryKey: ["share", shareId],
    queryFn: ({ signal }) => client.shares.read(shareId, { signal }),
  });
  const title = share.data?.title ?? null;
  useEffect(() => {
    document.title = title === null ? text("shell.title") : `${title} · ${text("shell.title")}`;
  }, [title, text]);
  useEffect(forbidIndexing, []);
  if (isMissing(share.error)) return <Notice title={text("share.gone_title")} words={text("share.gone_text")} />;
  if (share.isError) {
    return (
      <Notice title={text("share.failed")} words={problemText(share.error)}>
        <Reference problem={share.error} />
        <Button onClick={() => void share.refetch()}>{text("shell.try_again")}</Button>
      </Notice>
    );
  }
  return (
    <div className="h-dvh overflow-y-auto">
      <main className="mx-auto w-full max-w-[46rem] px-4 pt-10 pb-16">
        {share.data === undefined ? (
          <div aria-hidden className="flex animate-late flex-col gap-4 pt-4">
            {[48, 90, 76, 84].map((width) => (
              <div key={width} className="h-4 rounded-full bg-bubble" style={{ width: `${width}%` }} />
            ))}
          </div>
        ) : (
          <>
            <h1 className="text-[26px] leading-9 font-semibold tracking-[-0.02em]" dir="auto">
              {title ?? text("sidebar.new_chat")}
            </h1>
            <p className="mt-1 border-b border-line pb-6 text-side text-faint">
              {text("share.shared_on", {
                date: formats.date(new Date(share.data.created_at), { day: "numeric", month: "long", year: "numeric" }),
              })}
            </p>
            <ol className="flex flex-col gap-6 pt-6">
              {share.data.messages.map((message, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a frozen list
                <SharedItem key={index} message={message} />
              ))}
            </ol>
            <p className="mt-12 border-t border-line pt-6">
              <a href="/" className="font-medium text-accent hover:underline">
                {text("share.start_own")}
              </a>
            </p>
          </>
        )}
      </main>
    </div>
  );
}

function SharedItem({ message }: { readonly message: SharedMessage }) {
  const text = useText();
  const { role, content, model } = message;
  if (role === "user") {
    return (
      <li
        className="ms-auto max-w-[80%] rounded-large bg-bubble px-4 py-2.5 whitespace-pre-wrap [overflow-wrap:anywhere]"
        dir="auto"
      >
        <span className="sr-only">{text("share.reader")}: </span>
        {content}
      </li>
    );
  }
  return (
    <li dir="auto">
      <span className="sr-only">{text("share.assistant")}: </span>
      {model !== null && <p className="pb-1 text-caption text-faint">{model}</p>}
      <AnswerText text={content} writing={false} joins={[]} />
    </li>
  );
}

type NoticeProps = { readonly title: string; readonly words: string; readonly children?: ReactNode };

function Notice({ title, words, children }: NoticeProps) {
  const text = useText();
  return (
    <main className="mx-auto flex h-dvh max-w-md flex-col items-start justify-center gap-3 px-6">
      <h1 className="text-[22px] leading-8 font-semibold tracking-tight">{title}</h1>
      <p className="text-soft">{words}</p>
      {children}
      <a href="/" className="mt-2 font-medium text-accent hover:underline">
        {text("share.start_own")}
      </a>
    </main>
  );
}

/** For readers of the page itself; the server says the same in a header. */
function forbidIndexing(): () => void {
  const meta = document.createElement("meta");
  meta.name = "robots";
  meta.content = "noindex, nofollow";
  document.head.append(meta);
  return () => meta.remove();
}
