import { memo, type ReactNode, useMemo, useRef } from "react";
import { Streamdown } from "streamdown";
import { answerSafety } from "./answer-safety.ts";
import { markFormulas, mayHoldFormulas } from "./formulas.ts";
import { JoinMark } from "./join-mark.tsx";
import { markdownParts } from "./markdown-parts.tsx";
import { Segmenter } from "./segments.ts";
import { useFormulaReader } from "./use-formula-reader.ts";

type MarkdownProps = { readonly text: string; readonly writing: boolean; readonly joins: readonly number[] };

/**
 * The text of an answer, set. Loaded after the composer, because it is the larger part of the page. HTML in answers is
 * made harmless by `answer-safety.ts`; pictures are never loaded from elsewhere.
 */
const Markdown = memo(function Markdown({ text, writing, joins }: MarkdownProps): ReactNode {
  const segmenter = useRef<Segmenter>(null);
  segmenter.current ??= new Segmenter();
  const segments = segmenter.current.update(text, joins);
  let end = 0;
  return segments.map((segment, index) => {
    const start = end;
    end += segment.length;
    const last = index === segments.length - 1;
    // A place in the last piece is shown behind it until the paragraph after it begins.
    const joined = joins.some((join) => join > start && join <= end);
    return (
      // The place of a settled piece never changes, so it is its name.
      // biome-ignore lint/suspicious/noArrayIndexKey: see above
      <div key={index} className="contents">
        <Segment text={segment} writing={writing && last} />
        {joined && <JoinMark />}
      </div>
    );
  });
});

export default Markdown;

const Segment = memo(function Segment({ text, writing }: Pick<MarkdownProps, "text" | "writing">) {
  const reader = useFormulaReader(mayHoldFormulas(text));
  const plugins = useMemo(() => (reader === null ? {} : { math: reader }), [reader]);
  return (
    <Streamdown
      className={writing ? "answer-block writing" : "answer-block"}
      components={markdownParts}
      controls={false}
      dir="auto"
      isAnimating={writing}
      mode="streaming"
      parseIncompleteMarkdown={writing}
      plugins={plugins}
      rehypePlugins={answerSafety}
    >
      {reader === null ? text : markFormulas(text)}
    </Streamdown>
  );
});
