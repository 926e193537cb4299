import { WrapText } from "lucide-react";
import { type CSSProperties, memo, useState } from "react";
import { useIsCodeFenceIncomplete } from "streamdown";
import { useText } from "../language/language.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { IconButton } from "../ui/icon-button.tsx";
import { type ColourRow, useColours } from "./colours.ts";

type CodeBlockProps = { readonly language: string; readonly code: string };

/** A block of code in its frame, from the first fence on; colours come when the highlighter is there. */
export const CodeBlock = memo(function CodeBlock({ language, code }: CodeBlockProps) {
  const text = useText();
  const incomplete = useIsCodeFenceIncomplete();
  const rows = useColours(code, language, incomplete);
  const [wrapped, setWrapped] = useState(false);
  const lines = code.split("\n");
  return (
    <div className="code-frame" dir="ltr" data-wrapped={wrapped}>
      <div className="flex h-9 items-center justify-between ps-4 pe-1">
        <span className="truncate font-mono text-caption text-faint">
          {language === "" ? text("thread.plain_code") : language}
        </span>
        <span className="flex">
          <IconButton
            small
            label={text(wrapped ? "thread.unwrap" : "thread.wrap")}
            aria-pressed={wrapped}
            icon={<WrapText size={16} className={wrapped ? "text-accent" : undefined} aria-hidden />}
            onClick={() => setWrapped(!wrapped)}
          />
          <CopyButton text={() => code} label={text("thread.copy_code")} />
        </span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section tabIndex={0} aria-label={language === "" ? text("thread.code") : text("thread.code_in", { language })}>
        <pre>
          <code>
            {lines.map((line, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a line is known by its number
              <Line key={index} text={line} row={rows[index]} last={index === lines.length - 1} />
            ))}
          </code>
        </pre>
      </section>
    </div>
  );
});

type LineProps = { readonly text: string; readonly row: ColourRow | undefined; readonly last: boolean };

/** One line, drawn again only when it changes: a listing being written would otherwise be drawn whole each time. */
const Line = memo(function Line({ text, row, last }: LineProps) {
  const coloured = row !== undefined && row.map(([content]) => content).join("") === text;
  return (
    <span>
      {coloured
        ? row.map(([content, light, dark], index) => (
            <span
              // biome-ignore lint/suspicious/noArrayIndexKey: a token is known by its place
              key={index}
              className="token"
              style={{ "--token-light": light, "--token-dark": dark } as CSSProperties}
            >
              {content}
            </span>
          ))
        : text}
      {!last && "\n"}
    </span>
  );
});
