import { lazy, type ReactNode, Suspense, useDeferredValue } from "react";
import { classNames } from "../ui/class-names.ts";

const load = () => import("./markdown.tsx");
// A page that stayed open over an upgrade asks for a file that is gone; its text is still worth reading.
const Markdown = lazy(() => load().catch(() => ({ default: Plain })));

function Plain({ text }: { readonly text: string }): ReactNode {
  return <p className="whitespace-pre-wrap">{text}</p>;
}

/** Fetches what sets Markdown while nothing else is going on. */
export function preloadMarkdown(): void {
  const later = globalThis.requestIdleCallback ?? ((task: () => void) => setTimeout(task, 300));
  // If it does not come now, it is asked for again with the first answer.
  later(() => void load().catch(() => {}));
}

type AnswerTextProps = {
  readonly text: string;
  readonly writing: boolean;
  /** Where in the text other workers went on. */
  readonly joins: readonly number[];
};

/** The text of an answer; plain until the part of the page that sets it has arrived. */
export function AnswerText({ text, writing, joins }: AnswerTextProps) {
  const deferred = useDeferredValue(text);
  // Whoever is told that the answer is complete is to find all of it.
  const shown = writing ? deferred : text;
  return (
    <div data-testid="answer-text" className="answer">
      <Suspense fallback={<p className={classNames("whitespace-pre-wrap", writing && "writing-plain")}>{text}</p>}>
        <Markdown text={shown} writing={writing} joins={joins} />
      </Suspense>
    </div>
  );
}
