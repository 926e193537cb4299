import { type ComponentProps, memo, type ReactNode, useRef } from "react";
import { type Components, Streamdown } from "streamdown";
import { useText } from "../language/language.ts";
import { CodeBlock } from "./code-block.tsx";
import { Segmenter } from "./segments.ts";

type MarkdownProps = { readonly text: string; readonly writing: boolean };

/**
 * The text of an answer, set. Loaded after the composer, because it is the larger part of the page. HTML in answers is
 * sanitised by streamdown's own rules; pictures are never loaded from elsewhere.
 */
export default function Markdown({ text, writing }: MarkdownProps): ReactNode {
  const segmenter = useRef<Segmenter>(null);
  segmenter.current ??= new Segmenter();
  const segments = segmenter.current.update(text);
  return segments.map((segment, index) => (
    // The place of a settled piece never changes, so it is its name.
    // biome-ignore lint/suspicious/noArrayIndexKey: see above
    <Segment key={index} text={segment} writing={writing && index === segments.length - 1} />
  ));
}

const Segment = memo(function Segment({ text, writing }: MarkdownProps) {
  return (
    <Streamdown
      className={writing ? "answer-block writing" : "answer-block"}
      components={components}
      controls={false}
      dir="auto"
      isAnimating={writing}
      mode="streaming"
      parseIncompleteMarkdown={writing}
    >
      {text}
    </Streamdown>
  );
});

const components = {
  a: Anchor,
  img: Picture,
  table: Table,
  code: Code,
  inlineCode: InlineCode,
  ...plain("h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "hr", "strong"),
  ...plain("thead", "tbody", "tr", "th", "td", "sup", "sub", "section"),
} as Components;

type PlainTag = keyof Components & keyof HTMLElementTagNameMap;

/** The bare elements: how they look is the style sheet's concern. */
function plain(...tags: readonly PlainTag[]): Components {
  return Object.fromEntries(
    tags.map((tag) => [
      tag,
      function Plain({ node: _node, className: _className, ...rest }: Record<string, unknown>) {
        const Tag = tag as "div";
        return <Tag {...(rest as ComponentProps<"div">)} />;
      },
    ]),
  );
}

function Anchor({ href, children }: { readonly href?: string | undefined; readonly children?: ReactNode }) {
  if (href === undefined || href === "" || href.startsWith("streamdown:")) return <span>{children}</span>;
  if (href.startsWith("#")) return <a href={href}>{children}</a>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

/** Loading a picture would tell its server who reads what; a link leaves that to the reader. */
function Picture({ src, alt }: { readonly src?: string | Blob | undefined; readonly alt?: string | undefined }) {
  const text = useText();
  const address = typeof src === "string" ? src : undefined;
  return <Anchor href={address}>{alt === undefined || alt === "" ? text("thread.picture") : alt}</Anchor>;
}

function Table({ children }: { readonly children?: ReactNode }) {
  const text = useText();
  return (
    <section className="table-frame" aria-label={text("thread.table")} tabIndex={-1}>
      <table>{children}</table>
    </section>
  );
}

function InlineCode({ children }: { readonly children?: ReactNode }) {
  return <code className="inline-code">{children}</code>;
}

function Code({ className, children }: { readonly className?: string | undefined; readonly children?: ReactNode }) {
  const language = /language-(\S+)/.exec(className ?? "")?.[1] ?? "";
  return <CodeBlock language={language} code={textOf(children)} />;
}

function textOf(children: ReactNode): string {
  if (typeof children === "string") return children;
  return Array.isArray(children) ? children.map((child) => textOf(child as ReactNode)).join("") : "";
}
