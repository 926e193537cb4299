import { type ComponentType, type ReactNode, useDeferredValue, useEffect } from "react";
import { create } from "zustand";
import { classNames } from "../ui/class-names.ts";
import { whenIdle } from "../ui/when-idle.ts";

type MarkdownProps = {
  readonly text: string;
  readonly writing: boolean;
  /** Where in the text other workers went on. */
  readonly joins: readonly number[];
};

/**
 * What sets Markdown, once it has arrived. Not a lazy component: React shows what such a one replaces a third of a second
 * late, and the chat that is opened while its text was long there would wait for nothing.
 */
const useMarkdown = create<{ component: ComponentType<MarkdownProps> | null }>(() => ({ component: null }));

/** A page that stayed open over an upgrade asks for a file that is gone; its text is still worth reading. */
async function load(): Promise<void> {
  const { default: component } = await import("./markdown.tsx");
  useMarkdown.setState({ component });
}

/** Fetches what sets Markdown while nothing else is going on. */
export function preloadMarkdown(): void {
  // If it does not come now, it is asked for again with the first answer.
  whenIdle(() => void load().catch(() => undefined));
}

/** The text of an answer; plain until the part of the page that sets it has arrived. */
export function AnswerText({ text, writing, joins }: MarkdownProps): ReactNode {
  const Markdown = useMarkdown(({ component }) => component);
  // From nothing, so that the first words too are set in slices: what sets them runs then for the first time, and slowly.
  const deferred = useDeferredValue(text, "");
  useEffect(() => {
    if (Markdown === null) load().catch(() => undefined);
  }, [Markdown]);
  return (
    <div data-testid="answer-text" className="answer">
      {Markdown === null ? (
        <p className={classNames("whitespace-pre-wrap", writing && "writing-plain")}>{text}</p>
      ) : (
        // Whoever is told that the answer is complete is to find all of it.
        <Markdown text={writing ? deferred : text} writing={writing} joins={joins} />
      )}
    </div>
  );
}
