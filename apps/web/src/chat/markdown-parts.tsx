import { Image } from "lucide-react";
import type { ComponentProps, MouseEvent, ReactNode } from "react";
import type { Components } from "streamdown";
import { useText } from "../language/language.ts";
import { CodeBlock } from "./code-block.tsx";
import { Diagram } from "./diagram.tsx";

/** How the elements of Markdown become elements of this page. */
export const markdownParts = {
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
      function Plain({ node: _node, className, ...rest }: Record<string, unknown>) {
        const Tag = tag as "div";
        // The names of footnotes and ticked lists are Markdown's own; all others are the library's looks.
        const kept = typeof className === "string" ? className.match(/footnotes|task-list-item|sr-only/g) : null;
        return <Tag {...(rest as ComponentProps<"div">)} {...(kept === null ? {} : { className: kept.join(" ") })} />;
      },
    ]),
  );
}

type AnchorProps = {
  readonly href?: string | undefined;
  readonly id?: string | undefined;
  readonly children?: ReactNode;
};

function Anchor({ href, id, children }: AnchorProps) {
  if (href === undefined || href === "" || href.startsWith("streamdown:")) return <span>{children}</span>;
  if (href.startsWith("#")) {
    return (
      <a href={href} id={id} onClick={(event) => goWithin(event, href.slice(1))}>
        {children}
      </a>
    );
  }
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={targetOf(href)}>
      {children}
      {namesAnother(textOf(children), href) && <span className="picture-host"> ({targetOf(href)})</span>}
    </a>
  );
}

/** Whether the words of a link name another place than the one it leads to. */
function namesAnother(words: string, href: string): boolean {
  const named = /(?:^|[\s(])(?:https?:\/\/)?((?:[\p{L}\p{N}-]+\.)+\p{L}{2,})(?:[/:?#\s)]|$)/iu
    .exec(words)?.[1]
    ?.toLowerCase();
  if (named === undefined || !/^https?:/i.test(href)) return false;
  const host = targetOf(href).toLowerCase();
  return host !== named && !host.endsWith(`.${named}`) && host !== `www.${named}`;
}

/** Every answer counts its footnotes from one: the target is looked for in the same answer, and the address stays. */
function goWithin(event: MouseEvent<HTMLElement>, id: string): void {
  event.preventDefault();
  const target = event.currentTarget.closest(".answer")?.querySelector(`[id="${CSS.escape(id)}"]`);
  if (!(target instanceof HTMLElement)) return;
  if (target.tabIndex < 0) target.tabIndex = -1;
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "center" });
}

function targetOf(href: string): string {
  return URL.canParse(href) ? new URL(href).host : href;
}

/** Pictures inside the text itself, or kept by this system. Of others the server would learn who reads what. */
const ownPicture = /^(?:data:image\/(?:png|jpeg|gif|webp);base64,|\/api\/attachments\/)/;

function Picture({ src, alt }: { readonly src?: string | Blob | undefined; readonly alt?: string | undefined }) {
  const text = useText();
  const address = typeof src === "string" ? src : undefined;
  const name = alt === undefined || alt === "" ? text("thread.picture") : alt;
  if (address !== undefined && ownPicture.test(address)) {
    return <img src={address} alt={name} loading="lazy" className="my-3 max-h-[28rem] max-w-full rounded-large" />;
  }
  if (address === undefined || address === "") return <span>{name}</span>;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow" className="picture-link">
      <Image size={16} strokeWidth={1.75} aria-hidden />
      <span>{name}</span>
      <span className="picture-host">{targetOf(address)}</span>
    </a>
  );
}

function Table({ children }: { readonly children?: ReactNode }) {
  const text = useText();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section className="table-frame" aria-label={text("thread.table")} tabIndex={0}>
      <table>{children}</table>
    </section>
  );
}

function InlineCode({ children }: { readonly children?: ReactNode }) {
  return <code className="inline-code">{children}</code>;
}

function Code({ className, children }: { readonly className?: string | undefined; readonly children?: ReactNode }) {
  const language = /language-(\S+)/.exec(className ?? "")?.[1] ?? "";
  const code = textOf(children).replace(/\n$/, "");
  return language === "mermaid" ? <Diagram source={code} /> : <CodeBlock language={language} code={code} />;
}

function textOf(children: ReactNode): string {
  if (typeof children === "string") return children;
  return Array.isArray(children) ? children.map((child) => textOf(child as ReactNode)).join("") : "";
}
