import { lazy, Suspense, useDeferredValue } from "react";

const load = () => import("./markdown.tsx");
const Markdown = lazy(load);

/** Fetches what sets Markdown while nothing else is going on. */
export function preloadMarkdown(): void {
  const later = globalThis.requestIdleCallback ?? ((task: () => void) => setTimeout(task, 300));
  // If it does not come now, it is asked for again with the first answer.
  later(() => void load().catch(() => {}));
}

/** The text of an answer; plain until the part of the page that sets it has arrived. */
export function AnswerText({ text, writing }: { readonly text: string; readonly writing: boolean }) {
  const shown = useDeferredValue(text);
  return (
    <div data-testid="answer-text" className="answer">
      <Suspense fallback={<p className={writing ? "writing-plain" : undefined}>{text}</p>}>
        <Markdown text={shown} writing={writing} />
      </Suspense>
    </div>
  );
}
