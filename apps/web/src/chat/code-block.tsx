import type { CodeHighlighterPlugin, HighlightResult } from "@streamdown/code";
import { type CSSProperties, memo, useEffect, useState } from "react";
import { useIsCodeFenceIncomplete } from "streamdown";
import { useText } from "../language/language.ts";
import { CopyButton } from "../ui/copy-button.tsx";

type CodeBlockProps = { readonly language: string; readonly code: string };

/** Longer code is shown without colours: colouring it would hold up the page. */
const colouredCharacters = 60_000;

/** A block of code in its frame, from the first fence on; colours come when the highlighter is there. */
export const CodeBlock = memo(function CodeBlock({ language, code }: CodeBlockProps) {
  const text = useText();
  const incomplete = useIsCodeFenceIncomplete();
  const shown = code.replace(/\n$/, "");
  const lines = useColours(shown, language, incomplete);
  return (
    <div className="code-frame" dir="ltr">
      <div className="flex h-9 items-center justify-between pe-1 ps-4">
        <span className="font-mono text-caption text-faint">
          {language === "" ? text("thread.plain_code") : language}
        </span>
        <CopyButton text={() => shown} label={text("thread.copy_code")} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section tabIndex={0} aria-label={language === "" ? text("thread.code") : text("thread.code_in", { language })}>
        <pre>
          <code>{lines === null ? shown : <Coloured lines={lines} code={shown} />}</code>
        </pre>
      </section>
    </div>
  );
});

type Lines = HighlightResult["tokens"];

/** The coloured lines, and whatever arrived since they were coloured. */
function Coloured({ lines, code }: { readonly lines: Lines; readonly code: string }) {
  const total = code.split("\n");
  return total.map((line, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a line is known by its number
    <span key={index}>
      {tokensOf(lines[index], line)}
      {index < total.length - 1 && "\n"}
    </span>
  ));
}

function tokensOf(tokens: Lines[number] | undefined, line: string) {
  if (tokens === undefined || tokens.map(({ content }) => content).join("") !== line) return line;
  return tokens.map(({ content, htmlStyle, color }, index) => {
    const style = {
      "--token-light": htmlStyle?.["--shiki-light"] ?? htmlStyle?.color ?? color ?? "inherit",
      "--token-dark": htmlStyle?.["--shiki-dark"] ?? color ?? "inherit",
    } as CSSProperties;
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: a token is known by its place
      <span key={index} className="token" style={style}>
        {content}
      </span>
    );
  });
}

let loading: Promise<CodeHighlighterPlugin> | null = null;

/** The highlighter comes with the first code that names its language. */
function loadHighlighter(): Promise<CodeHighlighterPlugin> {
  loading ??= import("@streamdown/code").then(({ createCodePlugin }) =>
    createCodePlugin({ themes: ["github-light-default", "github-dark-default"] }),
  );
  return loading;
}

function useColours(code: string, language: string, isIncomplete: boolean): Lines | null {
  const [lines, setLines] = useState<Lines | null>(null);
  useEffect(() => {
    if (language === "" || code.length > colouredCharacters) return;
    let wanted = true;
    const colour = async () => {
      const highlighter = await loadHighlighter();
      const known = language as Parameters<CodeHighlighterPlugin["supportsLanguage"]>[0];
      if (!wanted || !highlighter.supportsLanguage(known)) return;
      const options = { code, language: known, isIncomplete, themes: highlighter.getThemes() };
      const result = highlighter.highlight(options, ({ tokens }) => wanted && setLines(tokens));
      if (result !== null) setLines(result.tokens);
    };
    // Without the highlighter, code stays readable as it is.
    colour().catch(() => {});
    return () => {
      wanted = false;
    };
  }, [code, language, isIncomplete]);
  return lines;
}
